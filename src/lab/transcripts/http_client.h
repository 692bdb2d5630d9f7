// A client for one signed HTTP request on a connection of its own: a client::HttpSession on a
// ClientEnd.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/http_request.h"
#include "client/http_session.h"
#include "registry/directory.h"
#include "transcripts/server.h"

namespace gridloom::transcripts {

struct HttpAnswer {
  std::string status;  // "200"
  std::string body;
};

class HttpCall final : public ClientEnd {
 public:
  // The request's host is set here.
  HttpCall(TestServer& server, client::HttpRequest request, const registry::AccessKey& key);

  // No value: the answer has not arrived, or not completely.
  [[nodiscard]] const std::optional<HttpAnswer>& answer() const { return answer_; }

 private:
  void received(std::string_view bytes) override;

  client::HttpSession session_;
  std::optional<HttpAnswer> answer_;
};

}  // namespace gridloom::transcripts
