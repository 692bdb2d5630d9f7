// The opening handshake of a WebSocket (RFC 6455, 4.2): checks the request, and produces the 101
// response or a refusal that says what is missing. Pure.
//
// The Origin header is not checked here. It protects sites whose cookies a browser sends
// automatically: a service that takes a cookie checks it (Service::open).
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "http/head.h"
#include "http/message.h"

namespace gridloom::http {

// The request's headers; a header that occurs several times is joined with commas.
struct WebSocketRequest {
  Method method = Method::kGet;
  unsigned http_version = 11;
  std::string host;
  std::string upgrade;
  std::string connection;
  std::string version;     // Sec-WebSocket-Version
  std::string key;         // Sec-WebSocket-Key
  std::string protocols;   // Sec-WebSocket-Protocol
  std::string extensions;  // Sec-WebSocket-Extensions
};

// Why a WebSocket is not opened.
struct RefusedHandshake {
  Refusal refusal{};
  std::string_view header{};  // of the response, which says how to do better; empty: none
  std::string_view value{};
};

// The bytes of the 101 that selects `protocol`, which must be among the offered ones, and these
// extensions; empty: none.
[[nodiscard]] std::expected<std::string, RefusedHandshake> accept_web_socket(
    const WebSocketRequest& request, std::string_view protocol, std::string_view extensions = {});

}  // namespace gridloom::http
