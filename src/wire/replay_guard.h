// No signed request twice, and none from another time.
//
// Each access key has a share of its own to be remembered in, so a key that asks for much is
// refused alone. A full share refuses: if it forgot, what it forgot could be sent again.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "base/string_map.h"
#include "wire/signing.h"

namespace gridloom::wire {

struct ReplayLimits {
  Millis window = std::chrono::minutes(5);         // either side of now
  std::size_t remembered = std::size_t{1} << 16U;  // requests of one access key
};

// How the documents want it: milliseconds, and no nonce twice with one timestamp. Patient: also
// seconds, microseconds and nanoseconds, told apart by their size, and only the very same request
// (nonce, timestamp and sign) is a repetition. Every client seen so far passes the patient one.
enum class ReplayRule : std::uint8_t { kExact, kPatient };

// Nothing: no whole number, or out of range.
[[nodiscard]] std::optional<TimePoint> time_of(std::string_view timestamp, ReplayRule rule);

// Ask it after verify(), so that only the owner of a key can fill the key's share.
// Thread rule: any thread. What is refused on one loop must have been seen on every other.
class ReplayGuard {
 public:
  explicit ReplayGuard(ReplayLimits limits = {}, ReplayRule rule = ReplayRule::kExact)
      : limits_(limits), rule_(rule) {}

  // kWrongSignature: outside the window, no timestamp that the rule knows, seen before, or the
  // key's share is full.
  [[nodiscard]] Status admit(const SignedRequest& request, TimePoint now);
  [[nodiscard]] std::size_t remembered() const;  // of all keys

 private:
  // (when it was sent, what it is known by), the oldest first: forgetting is cheap.
  using Seen = std::set<std::pair<TimePoint, std::string>>;

  void forget_old(TimePoint oldest);

  ReplayLimits limits_;
  ReplayRule rule_;
  mutable std::mutex mutex_;
  StringMap<Seen> seen_;  // by access key
  std::size_t forget_at_ = 64;
};

}  // namespace gridloom::wire
