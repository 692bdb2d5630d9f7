// Refuses signed requests that were seen before or whose timestamp is outside the time window.
//
// Each access key has its own list of remembered requests, so a key with too many requests affects
// only itself. A full list refuses new requests: if it dropped entries, they could be replayed.
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
  Millis window = std::chrono::minutes(5);         // on either side of now
  std::size_t remembered = std::size_t{1} << 16U;  // requests per access key
};

// kExact follows the documents: timestamps in milliseconds, and no nonce twice with one timestamp.
// kPatient also accepts seconds, microseconds and nanoseconds, distinguished by their magnitude,
// and treats only an identical request (nonce, timestamp and sign) as a repetition. Every client
// seen so far passes kPatient.
enum class ReplayRule : std::uint8_t { kExact, kPatient };

// nullopt: not a whole number, or out of range.
[[nodiscard]] std::optional<TimePoint> time_of(std::string_view timestamp, ReplayRule rule);

// Call admit() after verify(), so that only the owner of a key can fill the key's list.
// Thread rule: any thread. One guard is shared by all event loops, so that a request seen on one
// loop is refused on every other.
class ReplayGuard {
 public:
  explicit ReplayGuard(ReplayLimits limits = {}, ReplayRule rule = ReplayRule::kExact)
      : limits_(limits), rule_(rule) {}

  // kWrongSignature: the timestamp is outside the window or not valid under the rule, the request
  // was seen before, or the key's list is full.
  [[nodiscard]] Status admit(const SignedRequest& request, TimePoint now);
  [[nodiscard]] std::size_t remembered() const;  // requests of all keys

 private:
  // (timestamp, identity of the request), oldest first, so that removing old entries is cheap.
  using RememberedRequests = std::set<std::pair<TimePoint, std::string>>;

  void purge_expired(TimePoint oldest);

  ReplayLimits limits_;
  ReplayRule rule_;
  mutable std::mutex mutex_;
  StringMap<RememberedRequests> requests_;  // by access key
  std::size_t purge_at_ = 64;
};

}  // namespace gridloom::wire
