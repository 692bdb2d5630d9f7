// One HTTP/1.1 connection with one request in flight: an HttpSession on a Stream. Its owner waits
// for the socket. No call blocks. One thread.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "client/http_session.h"
#include "net/stream.h"

namespace gridloom::client {

class HttpConnection {
 public:
  explicit HttpConnection(net::Stream stream, const HttpLimits& limits = {})
      : stream_(std::move(stream)), session_(limits) {}

  [[nodiscard]] int fd() const { return stream_.fd(); }

  // The response to the previous request must have arrived. kIo: the connection is gone.
  [[nodiscard]] Status ask(std::string_view request);
  // The socket became readable or writable; `buffer` is scratch for reading. Returns the response
  // if it is complete: valid until the next call with this `buffer`. kIo: the connection is gone;
  // kMalformed: it did not answer as HTTP/1.1 does.
  [[nodiscard]] Result<std::optional<HttpResponse>> on_ready(std::span<char> buffer);

 private:
  [[nodiscard]] Status flush();

  net::Stream stream_;
  HttpSession session_;
};

}  // namespace gridloom::client
