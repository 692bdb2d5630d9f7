#include "client/http_request.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/ascii.h"
#include "base/printable.h"
#include "wire/json.h"
#include "wire/signing.h"

namespace gridloom::client {
namespace {

bool is_text(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > ' ' && byte < 0x7f;
}

// A method or the name of a header.
bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return is_text(c) && !std::string_view("\"(),/:;<=>?@[\\]{}").contains(c);
  });
}

// Text beyond ASCII is allowed: servers read it as UTF-8 or Latin-1.
bool is_value(std::string_view text) {
  return std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < ' ' && c != '\t') || byte == 0x7f;
  });
}

// Whether encode() writes the header.
bool is_own(std::string_view name) {
  constexpr auto kOwn =
      std::to_array<std::string_view>({"host", "content-length", "transfer-encoding"});
  std::string lower_name(name);
  std::ranges::transform(lower_name, lower_name.begin(), lower);
  return std::ranges::find(kOwn, lower_name) != kOwn.end();
}

void append(std::string& bytes, std::span<const HttpHeader> headers) {
  for (const auto& [name, value] : headers) {
    bytes.append(name).append(": ").append(value).append("\r\n");
  }
}

std::string first_lines(const HttpRequest& request) {
  std::string bytes =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.target, request.host);
  append(bytes, request.headers);
  return bytes;
}

// Appends what follows the further headers.
std::string completed(std::string bytes, const HttpRequest& request) {
  const std::string_view type = request.body.empty() ? std::string_view() : request.content_type;
  if (!type.empty()) fmt::format_to(std::back_inserter(bytes), "Content-Type: {}\r\n", type);
  // Some servers refuse one of these methods without a length.
  const bool has_length =
      !request.body.empty() || request.method == "POST" || request.method == "PUT";
  if (has_length) {
    fmt::format_to(std::back_inserter(bytes), "Content-Length: {}\r\n", request.body.size());
  }
  return bytes.append("\r\n").append(request.body);
}

}  // namespace

Result<std::string> sign(const HttpRequest& request, const Signature& signature,
                         wire::KeyedMac& mac) {
  const std::size_t mark = request.target.find('?');
  const bool signs_path = wire::is_own_path(request.target.substr(0, mark));
  return wire::sign(
      {.content_type = request.body.empty() ? std::string_view() : request.content_type,
       .query =
           mark == std::string_view::npos ? std::string_view() : request.target.substr(mark + 1),
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

Status check(const HttpRequest& request) {
  if (!is_token(request.method)) {
    return fail(ErrorCode::kBadParams, "the method of a request must be a word as GET or POST");
  }
  if (!request.target.starts_with('/') || !std::ranges::all_of(request.target, is_text)) {
    return fail(ErrorCode::kBadParams,
                "the target of a request must begin with / and have no spaces or characters beyond "
                "ASCII: they must be percent-encoded");
  }
  if (!is_value(request.content_type)) {
    return fail(ErrorCode::kBadParams, "the content type has a control character");
  }
  for (const auto& [name, value] : request.headers) {
    const std::string shown = printable(wire::shortened(name));
    if (!is_token(name)) {
      return fail(ErrorCode::kBadParams, fmt::format("\"{}\" is no name of a header", shown));
    }
    if (is_own(name)) {
      return fail(ErrorCode::kBadParams, fmt::format("the header {} cannot be set", shown));
    }
    if (!is_value(value)) {
      return fail(ErrorCode::kBadParams,
                  fmt::format("the value of the header {} has a control character", shown));
    }
  }
  return {};
}

std::vector<HttpHeader> headers_of(const Signature& signature) {
  return {{"accessKey", std::string(signature.access_key)},
          {"nonce", std::string(signature.nonce)},
          {"timestamp", std::string(signature.timestamp)},
          {"sign", std::string(signature.sign)}};
}

std::string encode(const HttpRequest& request) { return completed(first_lines(request), request); }

std::string encode(const HttpRequest& request, const Signature& signature) {
  std::string bytes = first_lines(request);
  append(bytes, headers_of(signature));
  return completed(std::move(bytes), request);
}

}  // namespace gridloom::client
