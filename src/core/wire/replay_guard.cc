#include "wire/replay_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

#include "base/printable.h"

namespace gridloom::wire {
namespace {

// A number above this many seconds (the year 5138) is in a smaller unit; each smaller unit has a
// thousand times this limit.
constexpr std::int64_t kMaxOfAUnit = 100'000'000'000;

std::unexpected<Error> refused(std::string detail) {
  return fail(ErrorCode::kWrongSignature, std::move(detail));
}

}  // namespace

std::optional<TimePoint> time_of(std::string_view timestamp, ReplayRule rule) {
  std::int64_t value = 0;
  const char* end = timestamp.data() + timestamp.size();
  const auto read = std::from_chars(timestamp.data(), end, value);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  if (rule == ReplayRule::kExact) {
    // Leaves a wide margin, so that adding a window cannot overflow.
    if (value < -kMaxOfAUnit * 1000 || value > kMaxOfAUnit * 1000) return std::nullopt;
    return TimePoint(Millis(value));
  }
  if (value < 0) return std::nullopt;
  if (value < kMaxOfAUnit) return TimePoint(Millis(value * 1000));
  while (value >= kMaxOfAUnit * 1000) value /= 1000;
  return TimePoint(Millis(value));
}

Status ReplayGuard::admit(const SignedRequest& request, TimePoint now) {
  const auto sent = time_of(request.timestamp, rule_);
  if (!sent || *sent < now - limits_.window || *sent > now + limits_.window) {
    return refused(fmt::format(
        "the timestamp {} is more than {} s away from the server's {} ({} since 1970)",
        redacted_extract(request.timestamp), limits_.window / std::chrono::seconds(1), unix_ms(now),
        rule_ == ReplayRule::kExact ? "milliseconds"
                                    : "milliseconds; seconds and nanoseconds will do as well"));
  }
  std::string known_by(request.nonce);
  if (rule_ == ReplayRule::kPatient) {
    known_by.append(1, ' ').append(request.timestamp).append(1, ' ').append(request.sign);
    std::ranges::transform(known_by, known_by.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    });
  }
  const TimePoint oldest = now - limits_.window;
  const std::scoped_lock lock(mutex_);
  auto found = requests_.find(request.access_key);
  if (found == requests_.end()) {
    if (requests_.size() >= purge_at_) purge_expired(oldest);
    found = requests_.emplace(std::string(request.access_key), RememberedRequests()).first;
  }
  RememberedRequests& seen = found->second;
  while (!seen.empty() && seen.begin()->first < oldest) seen.erase(seen.begin());
  std::pair entry(*sent, std::move(known_by));
  if (seen.contains(entry)) {
    return refused(fmt::format("nonce {} and timestamp {} were used before; both must be new",
                               redacted_extract(request.nonce),
                               redacted_extract(request.timestamp)));
  }
  if (seen.size() >= limits_.remembered) {
    return refused(
        fmt::format("this access key made more than {} requests within the time window; try again "
                    "later",
                    limits_.remembered));
  }
  seen.insert(std::move(entry));
  return {};
}

std::size_t ReplayGuard::remembered() const {
  const std::scoped_lock lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [key, seen] : requests_) sum += seen.size();
  return sum;
}

// Without this, removed keys would stay for ever. All keys are scanned only when their number has
// doubled, so the cost per new key is constant.
void ReplayGuard::purge_expired(TimePoint oldest) {
  std::erase_if(requests_, [oldest](const auto& entry) {
    return entry.second.empty() || entry.second.rbegin()->first < oldest;
  });
  purge_at_ = std::max<std::size_t>(64, 2 * requests_.size());
}

}  // namespace gridloom::wire
