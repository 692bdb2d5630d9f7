#include "base/request_rate.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

namespace gridloom {

std::optional<Millis> RequestRate::wait(std::string_view key, TimePoint now) {
  const std::scoped_lock lock(mutex_);
  const auto most = static_cast<double>(per_second_);
  auto found = buckets_.find(key);
  if (found == buckets_.end()) {
    if (buckets_.size() >= std::min(purge_at_, keys_.most)) purge(now);
    if (buckets_.size() >= keys_.most) key = {};
    found = buckets_.try_emplace(std::string(key), Bucket{.tokens = most, .filled = now}).first;
  }
  Bucket& bucket = found->second;
  // A clock that was set back adds no tokens and takes none away.
  const auto passed_ms = static_cast<double>(std::max(Millis(0), now - bucket.filled).count());
  bucket.tokens = std::min(most, bucket.tokens + passed_ms * most / 1000);
  bucket.filled = now;
  if (bucket.tokens >= 1) {
    --bucket.tokens;
    return std::nullopt;
  }
  return Millis(std::max(1L, std::lround(std::ceil((1 - bucket.tokens) * 1000 / most))));
}

std::optional<Millis> RequestRate::would_wait(std::string_view key, TimePoint now) const {
  const std::scoped_lock lock(mutex_);
  const auto found = buckets_.find(key);
  if (found == buckets_.end()) return std::nullopt;
  const auto most = static_cast<double>(per_second_);
  const auto passed_ms =
      static_cast<double>(std::max(Millis(0), now - found->second.filled).count());
  const double tokens = std::min(most, found->second.tokens + passed_ms * most / 1000);
  if (tokens >= 1) return std::nullopt;
  return Millis(std::max(1L, std::lround(std::ceil((1 - tokens) * 1000 / most))));
}

std::size_t RequestRate::remembered() const {
  const std::scoped_lock lock(mutex_);
  return buckets_.size();
}

// After a second a bucket is full again, like one that does not exist.
void RequestRate::purge(TimePoint now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    return now - entry.second.filled >= keys_.kept || now < entry.second.filled;
  });
  purge_at_ = std::max<std::size_t>(1024, 2 * buckets_.size());
}

}  // namespace gridloom
