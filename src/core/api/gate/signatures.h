// Finds the account that signed a request. There is one object per loop, which keeps the keyed
// signature contexts of the access keys it has seen.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/failure_budget.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/string_map.h"
#include "http/message.h"
#include "hub/platform/platform.h"
#include "registry/directory.h"
#include "wire/replay_guard.h"
#include "wire/signing.h"

namespace gridloom::api {

// Whether repeated sets and certification requests are refused, and requests of Gridloom's own
// interface must sign their method and path: for requests of clients that are not on this machine.
enum class ReplayCheck : std::uint8_t { kOff, kOn };

// The signature's parameters in the request.
[[nodiscard]] wire::SignedRequest claim_of(const http::Request& request);

class Signatures {
 public:
  // The options' pointers have to outlive the object.
  struct Options {
    const hub::Platform* platform = nullptr;
    wire::SigningLimits signing{};
    wire::ReplayGuard* replays = nullptr;  // null: any timestamp, any replay
    // For the requests that change or reveal most, sets and the certification with its password:
    // applied with ReplayCheck::kOn if `replays` is null.
    wire::ReplayGuard* guard = nullptr;
    FailureBudget* failures = nullptr;  // null: no limit of failures
  };
  explicit Signatures(const Options& options) : options_(options) {}

  // The account that signed a request, and the parameters as they were read for its signature.
  struct Signed {
    registry::AccountId account{};
    wire::ReadParameters read{};
  };
  // A wrong signature costs the address credit.
  [[nodiscard]] Result<Signed> verify(const http::Request& request,
                                      const wire::SignedRequest& claim, ReplayCheck replay_check,
                                      TimePoint now);

  [[nodiscard]] const wire::SigningLimits& limits() const { return options_.signing; }

 private:
  [[nodiscard]] Status verify_by(const registry::AccessKey& key, const http::Request& request,
                                 wire::SignedRequest claim, ReplayCheck replay_check,
                                 wire::ReadParameters& read);
  [[nodiscard]] Result<wire::KeyedMac*> mac_of(const registry::AccessKey& key);

  struct Keyed {
    Secret secret;
    wire::KeyedMac mac;
  };

  Options options_;
  StringMap<Keyed> macs_;  // by access key
};

}  // namespace gridloom::api
