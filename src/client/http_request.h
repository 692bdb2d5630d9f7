// The bytes of an HTTP/1.1 request: unsigned, signed as apps sign theirs (wire/signing.h), or with
// a token. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "wire/keyed_mac.h"

namespace gridloom::client {

struct HttpRequest {
  std::string_view method = "GET";
  std::string_view target = "/";  // path and query
  std::string_view host{};        // with its port
  std::string_view body{};        // JSON; empty: none
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

[[nodiscard]] std::string encode(const HttpRequest& request);
[[nodiscard]] std::string encode(const HttpRequest& request, const Signature& signature);
[[nodiscard]] std::string encode_with_token(const HttpRequest& request, std::string_view token);

}  // namespace gridloom::client
