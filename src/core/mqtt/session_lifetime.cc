#include "mqtt/session_lifetime.h"

#include <algorithm>
#include <utility>

namespace gridloom::mqtt {
namespace {

// A session from disk lives at least this long after a start, unless its own expiry is shorter: the
// system clock may be wrong until NTP has set it.
constexpr std::chrono::hours kMinAfterStart{1};

std::optional<TimePoint> later(TimePoint now, std::uint32_t seconds) {
  if (seconds == wire::mqtt::kNeverExpires) return std::nullopt;
  return now + std::chrono::seconds(seconds);
}

}  // namespace

SessionLifetime::SessionLifetime(std::uint32_t expiry_s, const StoredSession& stored,
                                 const Restart& restart)
    : expiry_s_(expiry_s), outlives_connection_(true) {
  const auto& [now, wall] = restart;
  const Millis waited = std::max(wall - stored.parked_at.value_or(wall), Millis{0});
  set_parked_since(now - waited);
  ends_at_ = later(now - waited, expiry_s_);
  if (ends_at_) {
    const std::chrono::seconds least =
        std::min<std::chrono::seconds>(kMinAfterStart, std::chrono::seconds(expiry_s_));
    ends_at_ = std::max(*ends_at_, now + least);
  }
  if (!stored.will) return;
  will_ = std::make_unique<wire::mqtt::Will>(*stored.will);
  if (stored.will_due) {
    const Millis most = std::chrono::seconds(expiry_s_);
    will_due_ = now + std::clamp(*stored.will_due - wall, Millis{0}, most);
  }
}

void SessionLifetime::set_parked_since(TimePoint time) {
  parked_since_ms_ = std::max<std::int64_t>(unix_ms(time), 1);
}

void SessionLifetime::set_will(std::unique_ptr<wire::mqtt::Will> will) { will_ = std::move(will); }

void SessionLifetime::park(TimePoint now) {
  set_parked_since(now);
  ends_at_ = later(now, expiry_s_);
  if (will_) will_due_ = now + std::chrono::seconds(std::min(will_->delay_s, expiry_s_));
}

void SessionLifetime::stop() {
  will_.reset();
  will_due_.reset();
  ends_at_.reset();
}

std::unique_ptr<wire::mqtt::Will> SessionLifetime::take_will() {
  will_due_.reset();
  return std::exchange(will_, nullptr);
}

void SessionLifetime::store(StoredSession& row, Millis wall_is_ahead) const {
  row.expiry_s = expiry_s_;
  if (const std::int64_t since_ms = parked_since_ms(); since_ms != 0) {
    row.parked_at = TimePoint(Millis(since_ms)) + wall_is_ahead;
  }
  if (will_) row.will = *will_;
  if (will_due_) row.will_due = *will_due_ + wall_is_ahead;
}

}  // namespace gridloom::mqtt
