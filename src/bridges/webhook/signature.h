// The headers by which a receiver knows that a call is Gridloom's and is no repeated one. One
// thread at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "client/http_request.h"
#include "wire/keyed_mac.h"

namespace gridloom::bridges::webhook {

class Signer {
 public:
  // Without a secret nothing is signed.
  [[nodiscard]] static Result<Signer> make(const Secret& secret);

  // X-Gridloom-Id and X-Gridloom-Timestamp (Unix milliseconds), and X-Gridloom-Signature:
  // "sha256=" and the 64 hexadecimal digits of HMAC-SHA256(secret, "TIMESTAMP.BODY").
  [[nodiscard]] Result<std::vector<client::HttpHeader>> headers(std::string_view id,
                                                                std::int64_t now_ms,
                                                                std::string_view body);

 private:
  explicit Signer(std::optional<wire::KeyedMac> mac) : mac_(std::move(mac)) {}

  std::optional<wire::KeyedMac> mac_;
};

}  // namespace gridloom::bridges::webhook
