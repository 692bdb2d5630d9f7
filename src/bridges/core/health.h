// The state that a bridge reports of itself: whether it reaches its peer, what passed, what failed,
// what it dropped. The bridge writes, lists and metrics read. Thread rule: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "home/bridge_state.h"

namespace gridloom::bridges {

using State = home::BridgeState;

struct HealthReport {
  State state = State::kOff;
  std::optional<TimePoint> since{};         // when this state began
  std::optional<TimePoint> last_message{};  // in either direction
  std::uint64_t messages_in = 0;
  std::uint64_t messages_out = 0;
  std::uint64_t dropped = 0;  // messages that were lost to the peer
  std::uint64_t errors = 0;
  std::string last_error{};  // empty: there was none
  // Further figures of the kind, by names like "requests_per_hour".
  std::map<std::string, std::int64_t, std::less<>> figures{};
};

class Health {
 public:
  // Times are of `wall`, which outlives this. `bridge` names it in the log.
  Health(const Clock& wall, std::string bridge) : wall_(wall), bridge_(std::move(bridge)) {}

  // A peer may answer with parts of the request: these are not repeated in errors.
  void hide(std::vector<Secret> secrets);

  void off();
  void elsewhere();
  void connecting();
  void connected();
  // Counts an error. The log gets each reason once, until the bridge is connected again.
  void failing(std::string_view why);
  // An error of one message, which does not say that the peer is out of reach.
  void error(std::string_view why);
  void count_in(std::uint64_t messages = 1);
  void count_out(std::uint64_t messages = 1);
  void count_dropped(std::uint64_t messages = 1);
  void set_figure(std::string_view name, std::int64_t value);
  // It is not known any more.
  void clear_figure(std::string_view name);
  void add_to_figure(std::string_view name, std::int64_t value = 1);

  [[nodiscard]] HealthReport report() const;

 private:
  // Require that mutex_ is held.
  void change(State state);
  void note_error(std::string_view why);
  [[nodiscard]] std::string without_secrets(std::string_view why) const;

  const Clock& wall_;
  const std::string bridge_;
  mutable std::mutex mutex_;
  HealthReport report_;
  std::string logged_;  // the reason that the log has
  std::vector<Secret> secrets_;
};

}  // namespace gridloom::bridges
