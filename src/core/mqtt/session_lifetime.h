// How long a session lives beyond its connection, and the will that is published meanwhile.
//
// Pure: the caller passes the time, and publishes the will. Thread rule: the session's loop, unless
// a function says otherwise.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "mqtt/stored_session.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

class SessionLifetime {
 public:
  // `expiry_s` counts from the connection's end; kNeverExpires: no end; 0: the session ends with
  // its connection.
  explicit SessionLifetime(std::uint32_t expiry_s)
      : expiry_s_(expiry_s), outlives_connection_(expiry_s != 0) {}
  // The session was restored after a restart of the server: it has no connection. `wall` is the
  // system's time, which stored times refer to.
  struct Restart {
    TimePoint now;
    TimePoint wall;
  };
  SessionLifetime(std::uint32_t expiry_s, const StoredSession& stored, const Restart& restart);

  [[nodiscard]] std::uint32_t expiry_s() const { return expiry_s_; }
  void change_expiry(std::uint32_t expiry_s) { expiry_s_ = expiry_s; }
  // As requested when the session was made. Any thread.
  [[nodiscard]] bool outlives_connection() const { return outlives_connection_; }
  // Makes the session end with its connection, whatever its expiry is.
  void end_with_connection() { discarded_ = true; }
  [[nodiscard]] bool ends_with_connection() const { return discarded_ || expiry_s_ == 0; }

  // The will to be published; null: none.
  void set_will(std::unique_ptr<wire::mqtt::Will> will);
  // The connection has ended, and the session has not: its time runs from now on.
  void park(TimePoint now);
  // Resumed in time: the delayed will is not published, and the session does not end.
  void stop();

  [[nodiscard]] bool will_is_due(TimePoint now) const { return will_due_ && *will_due_ <= now; }
  // The will, which is now the caller's to publish; null: there is none.
  [[nodiscard]] std::unique_ptr<wire::mqtt::Will> take_will();
  [[nodiscard]] bool has_expired(TimePoint now) const { return ends_at_ && *ends_at_ <= now; }
  // When it was parked, in ms since 1970 by ServerContext::clock; 0: never. Any thread.
  [[nodiscard]] std::int64_t parked_since_ms() const {
    return parked_since_ms_.load(std::memory_order_relaxed);
  }

  // Writes its fields into `row`. `wall_is_ahead` of the clock that `now` was read from: after a
  // restart only the system clock is known.
  void store(StoredSession& row, Millis wall_is_ahead) const;

 private:
  void set_parked_since(TimePoint time);

  std::uint32_t expiry_s_;
  const bool outlives_connection_;
  bool discarded_ = false;
  std::unique_ptr<wire::mqtt::Will> will_;
  std::optional<TimePoint> will_due_;
  std::optional<TimePoint> ends_at_;
  std::atomic<std::int64_t> parked_since_ms_{0};
};

}  // namespace gridloom::mqtt
