// A client for one signed HTTP request on a connection of its own, as raw bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "registry/directory.h"
#include "transcripts/server.h"

namespace gridloom::transcripts {

struct HttpRequest {
  std::string_view method;
  std::string_view target;  // path and query
  std::string_view body;    // JSON, or none
};

struct HttpAnswer {
  std::string status;  // "200"
  std::string body;
};

class HttpCall final : public ClientEnd {
 public:
  HttpCall(TestServer& server, const HttpRequest& request, const registry::AccessKey& key);

  // No value: the answer has not arrived, or not completely.
  [[nodiscard]] std::optional<HttpAnswer> answer() const;

 private:
  void received(std::string_view bytes) override { bytes_ += bytes; }

  std::string bytes_;
};

}  // namespace gridloom::transcripts
