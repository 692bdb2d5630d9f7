// How often each access key may ask: so many requests at once as a second's worth, and then as they
// come back, evenly. What is refused costs nothing.
//
// A request that is asked about before its signature is verified costs the key nothing, and one
// that is verified does: nobody can use up another's. Thread rule: any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/string_map.h"

namespace gridloom::http {

class RequestRate {
 public:
  // At least one a second.
  explicit RequestRate(std::size_t per_second) : per_second_(per_second) {}

  // Nothing: go ahead. Otherwise how long until the key may ask again.
  [[nodiscard]] std::optional<Millis> wait(std::string_view key, TimePoint now);
  // The same, and nothing is taken.
  [[nodiscard]] std::optional<Millis> would_wait(std::string_view key, TimePoint now) const;
  [[nodiscard]] std::size_t per_second() const { return per_second_; }
  // Keys that asked within the last second, and perhaps more.
  [[nodiscard]] std::size_t remembered() const;

 private:
  struct Bucket {
    double tokens = 0;
    TimePoint filled{};
  };
  void forget_full(TimePoint now);

  std::size_t per_second_;
  mutable std::mutex mutex_;
  StringMap<Bucket> buckets_;
  std::size_t forget_at_ = 1024;
};

}  // namespace gridloom::http
