#include "transcripts/http_client.h"

#include <fmt/format.h>

#include <charconv>

#include "wire/signing.h"

namespace gridloom::transcripts {
namespace {

constexpr std::string_view kEndOfHeader = "\r\n\r\n";
constexpr std::string_view kLength = "\r\nContent-Length: ";

std::string bytes_of(const HttpRequest& request, const registry::AccessKey& key, TimePoint now) {
  const std::string timestamp = std::to_string(unix_ms(now));
  const std::size_t mark = request.target.find('?');
  wire::SignedRequest claim{
      .content_type = request.body.empty() ? "" : "application/json;charset=UTF-8",
      .query = mark == std::string_view::npos ? "" : request.target.substr(mark + 1),
      .body = request.body,
      .access_key = key.access_key,
      .nonce = "345164",
      .timestamp = timestamp,
      .sign = {}};
  auto mac = wire::KeyedMac::make(key.secret_key);
  // A request that cannot be signed (not JSON, for example) is sent unsigned; the transcript sees
  // the answer.
  const std::string sign = mac ? wire::sign(claim, *mac).value_or("0") : "0";
  std::string bytes = fmt::format(
      "{} {} HTTP/1.1\r\nHost: localhost:8443\r\naccessKey: {}\r\nnonce: {}\r\n"
      "timestamp: {}\r\nsign: {}\r\n",
      request.method, request.target, claim.access_key, claim.nonce, timestamp, sign);
  if (!request.body.empty()) {
    bytes += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", claim.content_type,
                         request.body.size());
  }
  return bytes.append("\r\n").append(request.body);
}

}  // namespace

HttpCall::HttpCall(TestServer& server, const HttpRequest& request, const registry::AccessKey& key)
    : ClientEnd(server) {
  connect(Interface::kHttp);
  send(bytes_of(request, key, server.clock().now()));
}

std::optional<HttpAnswer> HttpCall::answer() const {
  const std::size_t end = bytes_.find(kEndOfHeader);
  const std::size_t length_at = bytes_.find(kLength);
  if (end == std::string::npos || length_at == std::string::npos) return std::nullopt;
  std::size_t length = 0;
  const char* digits = bytes_.data() + length_at + kLength.size();
  std::from_chars(digits, bytes_.data() + bytes_.size(), length);
  const std::string body = bytes_.substr(end + kEndOfHeader.size());
  if (body.size() < length) return std::nullopt;
  return HttpAnswer{.status = bytes_.substr(std::string_view("HTTP/1.1 ").size(), 3), .body = body};
}

}  // namespace gridloom::transcripts
