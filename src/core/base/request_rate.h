// Rate limit per key (an access key, an address), as a token bucket: a burst of one second's worth
// of requests, refilled evenly. A refused request costs no token. Where anybody can make up keys,
// their number is limited: further ones share a bucket.
//
// would_wait(), for a request whose signature is not verified yet, takes no token from the key;
// wait(), for a verified one, does. So nobody can use up the requests of another's key. Thread
// rule: any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/string_map.h"

namespace gridloom {

class RequestRate {
 public:
  struct Keys {
    std::size_t most = std::numeric_limits<std::size_t>::max();
    // For how long one keeps its place without a request; at least a second.
    Millis kept = std::chrono::seconds(1);
  };
  // `per_second` is at least 1.
  explicit RequestRate(std::size_t per_second) : RequestRate(per_second, Keys()) {}
  RequestRate(std::size_t per_second, Keys keys) : per_second_(per_second), keys_(keys) {}

  // Takes a token. Empty: the request is admitted. Otherwise the time until the key may send again.
  [[nodiscard]] std::optional<Millis> wait(std::string_view key, TimePoint now);
  // Returns what wait() would, without taking a token.
  [[nodiscard]] std::optional<Millis> would_wait(std::string_view key, TimePoint now) const;
  [[nodiscard]] std::size_t per_second() const { return per_second_; }
  // Number of keys kept: those that sent within the last second, and perhaps more.
  [[nodiscard]] std::size_t remembered() const;

 private:
  struct Bucket {
    double tokens = 0;
    TimePoint filled{};
  };
  void purge(TimePoint now);

  std::size_t per_second_;
  Keys keys_;
  mutable std::mutex mutex_;
  StringMap<Bucket> buckets_;
  std::size_t purge_at_ = 1024;
};

}  // namespace gridloom
