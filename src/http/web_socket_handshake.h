// The opening handshake of a WebSocket (RFC 6455, 4.2): a request that asks for one, and the 101
// that grants it or the refusal that says what is missing. Pure.
//
// The Origin is not looked at. It protects sites whose cookies a browser sends along by itself; we
// read none, and whoever gets through here still has to sign in with a password of its own.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "http/message.h"

namespace gridloom::http {

// The request's headers; one that stands several times is joined with commas.
struct WebSocketRequest {
  Method method = Method::kGet;
  unsigned http_version = 11;
  std::string host;
  std::string upgrade;
  std::string connection;
  std::string version;    // Sec-WebSocket-Version
  std::string key;        // Sec-WebSocket-Key
  std::string protocols;  // Sec-WebSocket-Protocol
};

// The bytes of the 101 that selects `protocol`, which must be among those that are offered.
[[nodiscard]] std::expected<std::string, Response> accept_web_socket(
    const WebSocketRequest& request, std::string_view protocol);

}  // namespace gridloom::http
