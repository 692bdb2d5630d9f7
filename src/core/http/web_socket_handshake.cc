#include "http/web_socket_handshake.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <utility>

#include "http/list_header.h"

namespace gridloom::http {
namespace {

// RFC 6455, 1.3: shows only that the server understood the handshake.
constexpr std::string_view kAcceptGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::size_t kKeyText = 24;  // 16 bytes in base64
constexpr std::size_t kShaBytes = 20;

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
bool is_key(std::string_view key) {
  // Two padding characters: 24 base64 characters hold 16 bytes.
  if (key.size() != kKeyText || !key.ends_with("==") || key[kKeyText - 3] == '=') return false;
  std::array<unsigned char, kKeyText> decoded{};
  return EVP_DecodeBlock(decoded.data(), reinterpret_cast<const unsigned char*>(key.data()),
                         static_cast<int>(key.size())) > 0;
}

std::string accept_of(std::string_view key) {
  const std::string text = std::string(key).append(kAcceptGuid);
  std::array<unsigned char, kShaBytes> digest{};
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
  std::array<unsigned char, 2 * kShaBytes> encoded{};
  const int size = EVP_EncodeBlock(encoded.data(), digest.data(), kShaBytes);
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(size)};
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

std::unexpected<RefusedHandshake> refuse(unsigned status, std::string why,
                                         std::string_view header = {},
                                         std::string_view value = {}) {
  return std::unexpected(RefusedHandshake{
      .refusal = {.status = status, .why = std::move(why)}, .header = header, .value = value});
}

}  // namespace

std::expected<std::string, RefusedHandshake> accept_web_socket(const WebSocketRequest& request,
                                                               std::string_view protocol,
                                                               std::string_view extensions) {
  if (request.method != Method::kGet) {
    return refuse(405, "a WebSocket is opened by GET", "Allow", "GET");
  }
  if (!lists_token(request.upgrade, "websocket") || !lists_token(request.connection, "upgrade")) {
    return refuse(426,
                  "here is a WebSocket: the headers Upgrade: websocket and Connection: Upgrade are "
                  "missing",
                  "Upgrade", "websocket");
  }
  if (request.http_version < 11) return refuse(400, "a WebSocket needs HTTP/1.1");
  if (request.host.empty()) return refuse(400, "the header Host is missing");
  if (request.version != "13") {
    return refuse(426,
                  request.version.empty() ? "the header Sec-WebSocket-Version is missing: 13"
                                          : "the only Sec-WebSocket-Version is 13",
                  "Sec-WebSocket-Version", "13");
  }
  if (!is_key(request.key)) {
    return refuse(400, "the header Sec-WebSocket-Key must be 16 bytes in base64");
  }
  if (!lists(request.protocols, [protocol](std::string_view each) { return each == protocol; })) {
    return refuse(400, fmt::format("the header Sec-WebSocket-Protocol must offer {}{}", protocol,
                                   request.protocols.empty() ? "" : "; it offers others only"));
  }
  return fmt::format(
      "HTTP/1.1 101 Switching Protocols\r\nServer: Gridloom\r\nUpgrade: websocket\r\n"
      "Connection: Upgrade\r\nSec-WebSocket-Accept: {}\r\nSec-WebSocket-Protocol: {}\r\n{}\r\n",
      accept_of(request.key), protocol,
      extensions.empty() ? std::string()
                         : fmt::format("Sec-WebSocket-Extensions: {}\r\n", extensions));
}

}  // namespace gridloom::http
