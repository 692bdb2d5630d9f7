// The headers of a request that this room reads, by which a http::Service asks for them.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "http/message.h"

namespace gridloom::api {

// Indexes into http::Request::headers.
namespace header {
// Signed requests have these.
inline constexpr std::size_t kAccessKey = 0;
inline constexpr std::size_t kNonce = 1;
inline constexpr std::size_t kTimestamp = 2;
inline constexpr std::size_t kSign = 3;
// Only browsers send the others. They are not read for the vendor's signed interface.
inline constexpr std::size_t kHostAndPort = 4;
inline constexpr std::size_t kCookie = 5;  // a secret: not for logs
inline constexpr std::size_t kOrigin = 6;
inline constexpr std::size_t kFetchSite = 7;
inline constexpr std::size_t kCsrf = 8;
inline constexpr std::size_t kUserAgent = 9;
inline constexpr std::size_t kAccept = 10;
inline constexpr std::size_t kAcceptEncoding = 11;
inline constexpr std::size_t kIfNoneMatch = 12;
inline constexpr std::size_t kIdempotencyKey = 13;      // programs send it as well
inline constexpr std::size_t kWebSocketProtocols = 14;  // may have a token: not for logs
}  // namespace header

inline constexpr std::size_t kSignedHeaders = header::kSign + 1;

// The paths of the vendor's signed interface.
inline constexpr std::string_view kSignedPaths = "/iot-open/";
// Where MQTT is spoken inside a WebSocket.
inline constexpr std::string_view kMqttPath = "/mqtt";

// In the order of the indexes.
inline constexpr std::array kHeaders = {
    http::WantedHeader{.name = "accessKey", .form = http::HeaderForm::kOnce},
    http::WantedHeader{.name = "nonce", .form = http::HeaderForm::kOnce},
    http::WantedHeader{.name = "timestamp", .form = http::HeaderForm::kOnce},
    http::WantedHeader{.name = "sign", .form = http::HeaderForm::kOnce},
    http::WantedHeader{.name = "Host", .form = http::HeaderForm::kFirst},
    http::WantedHeader{.name = "Cookie", .form = http::HeaderForm::kList},
    http::WantedHeader{.name = "Origin", .form = http::HeaderForm::kFirst},
    http::WantedHeader{.name = "Sec-Fetch-Site", .form = http::HeaderForm::kFirst},
    http::WantedHeader{.name = "X-Gridloom-CSRF", .form = http::HeaderForm::kFirst},
    http::WantedHeader{.name = "User-Agent", .form = http::HeaderForm::kFirst},
    http::WantedHeader{.name = "Accept", .form = http::HeaderForm::kList},
    http::WantedHeader{.name = "Accept-Encoding", .form = http::HeaderForm::kList},
    http::WantedHeader{.name = "If-None-Match", .form = http::HeaderForm::kList},
    http::WantedHeader{.name = "Idempotency-Key", .form = http::HeaderForm::kOnce},
    http::WantedHeader{.name = "Sec-WebSocket-Protocol", .form = http::HeaderForm::kList},
};
static_assert(kHeaders.size() == header::kWebSocketProtocols + 1);

// How many of them a request for the path is read for.
[[nodiscard]] inline std::size_t headers_for(std::string_view path) {
  return path.starts_with(kSignedPaths) ? kSignedHeaders : kHeaders.size();
}

}  // namespace gridloom::api
