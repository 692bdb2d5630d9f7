// The bytes of an HTTP/1.1 request: with any headers, or signed as apps sign theirs
// (wire/signing.h). Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/signing.h"

namespace gridloom::client {

using HttpHeader = std::pair<std::string, std::string>;  // name and value

inline constexpr std::string_view kJsonContent = "application/json;charset=UTF-8";

struct HttpRequest {
  std::string_view method = "GET";
  std::string_view target = "/";                 // path and query
  std::string_view host{};                       // with its port
  std::string_view body{};                       // empty: none
  std::string_view content_type = kJsonContent;  // of a body; empty: the header is left out
  std::span<const HttpHeader> headers{};         // further headers
};

// The headers of a signature.
struct Signature {
  std::string_view access_key;
  std::string_view nonce;
  std::string_view timestamp;  // Unix milliseconds
  std::string_view sign{};     // of sign()
};

// The `sign` header; `mac` has the secret of signature.access_key. Requests of Gridloom's own
// interface (wire::kOwnPaths) sign their method and path as well. Errors are those of
// wire::sign(): the body is not a JSON object, or has too many parameters.
[[nodiscard]] Result<std::string> sign(const HttpRequest& request, const Signature& signature,
                                       wire::KeyedMac& mac);

// Text as a name or value of a query: all but letters, digits and -._~ percent-encoded.
[[nodiscard]] std::string query_text(std::string_view text);

// kBadParams: the method, target or a header would not be read as such, because of a control
// character for instance, or a header is one that encode() writes. The detail has no values of
// headers, which may be secrets.
[[nodiscard]] Status check(const HttpRequest& request);

[[nodiscard]] std::vector<HttpHeader> headers_of(const Signature& signature);

// check() must hold.
[[nodiscard]] std::string encode(const HttpRequest& request);
// With the headers of the signature after those of the request.
[[nodiscard]] std::string encode(const HttpRequest& request, const Signature& signature);

}  // namespace gridloom::client
