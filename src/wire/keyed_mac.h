// HMAC-SHA256 with its key scheduled once, for the signing of requests (wire/signing.h).
//
// The key goes into the context and stays there: nothing here gives it back.
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

// HMAC-SHA256 keyed once: a fifth of the cost of keying it for every request.
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
