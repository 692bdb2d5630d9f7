#include "client/http_request.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

#include "wire/signing.h"

namespace gridloom::client {
namespace {

constexpr std::string_view kJson = "application/json;charset=UTF-8";

std::string first_lines(const HttpRequest& request) {
  return fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target,
                     request.host);
}

// Appends what follows the headers of the signature.
std::string completed(std::string bytes, const HttpRequest& request) {
  if (!request.body.empty()) {
    fmt::format_to(std::back_inserter(bytes), "Content-Type: {}\r\nContent-Length: {}\r\n", kJson,
                   request.body.size());
  }
  return bytes.append("\r\n").append(request.body);
}

}  // namespace

Result<std::string> sign(const HttpRequest& request, const Signature& signature,
                         wire::KeyedMac& mac) {
  const std::size_t mark = request.target.find('?');
  const bool signs_path = wire::is_own_path(request.target.substr(0, mark));
  return wire::sign({.content_type = request.body.empty() ? std::string_view() : kJson,
                     .query = mark == std::string_view::npos ? std::string_view()
                                                             : request.target.substr(mark + 1),
                     .body = request.body,
                     .access_key = signature.access_key,
                     .nonce = signature.nonce,
                     .timestamp = signature.timestamp,
                     .sign = {},
                     .method = signs_path ? request.method : std::string_view(),
                     .path = signs_path ? request.target.substr(0, mark) : std::string_view()},
                    mac);
}

std::string query_text(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
                          (c >= 'a' && c <= 'z') || std::string_view("-._~").contains(c);
    if (is_plain) {
      encoded += c;
    } else {
      fmt::format_to(std::back_inserter(encoded), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

std::string encode(const HttpRequest& request) { return completed(first_lines(request), request); }

std::string encode(const HttpRequest& request, const Signature& signature) {
  std::string bytes = first_lines(request);
  fmt::format_to(std::back_inserter(bytes),
                 "accessKey: {}\r\nnonce: {}\r\ntimestamp: {}\r\nsign: {}\r\n",
                 signature.access_key, signature.nonce, signature.timestamp, signature.sign);
  return completed(std::move(bytes), request);
}

std::string encode_with_token(const HttpRequest& request, std::string_view token) {
  return completed(first_lines(request) + fmt::format("Authorization: Bearer {}\r\n", token),
                   request);
}

}  // namespace gridloom::client
