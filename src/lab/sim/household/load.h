// The power on the circuits of a household at a moment: what its people and appliances switched on,
// what switches by itself, stand-by, and the small movements of all that is on.
//
// A pure function of the home's chance and the time; the object only remembers where in the day's
// list of switching events it is, so that a step in which nothing switches costs one comparison.
// A step's power is the mean over the step, so that no step length gains or loses energy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/household/household_model.h"
#include "sim/quick_noise.h"

namespace gridloom::sim::household {

// The channel of a device that each circuit is on; kNotWired: on none.
using Wiring = std::array<std::int8_t, kMaxCircuits>;
inline constexpr std::int8_t kNotWired = -1;
// All circuits on one channel.
[[nodiscard]] Wiring wired_together();
// Some circuits of a home on one channel.
[[nodiscard]] Wiring wired_together(std::initializer_list<Circuit> circuits);
// Each circuit on the channel of its number.
[[nodiscard]] Wiring wired_apart(std::size_t circuits);

class Load {
 public:
  Load(const HouseholdModel& home, const Wiring& wiring);

  // Moves to a time by the site's clocks, in milliseconds since 1970, at the end of a step of `dt`.
  void advance(std::int64_t local_ms, Millis dt) {
    if (local_ms < next_ms_ && local_ms >= since_ms_) return;
    run_to(local_ms, dt);
  }
  // Means over the step.
  [[nodiscard]] double power_w(std::size_t channel) const { return shown_[channel].power_w; }
  // Standard deviation of the noise below a second, in which no step resembles the one before.
  [[nodiscard]] double noise_w(std::size_t channel) const { return shown_[channel].noise_w; }
  [[nodiscard]] std::size_t channels() const { return channels_.size(); }
  [[nodiscard]] const HouseholdModel& home() const { return home_; }

 private:
  // Powers in whole hundredths of a watt: sums do not depend on the order of switching.
  struct Channel {
    std::int32_t steady_cw = 0;
    std::int32_t unsteady_cw = 0;
    double missed_cw = 0;  // of the present power: what was not yet on for the whole step
  };
  struct Shown {
    double power_w = 0;
    double noise_w = 0;
  };
  struct Switch {
    std::int32_t at_ms = 0;  // of the day
    std::int32_t power_cw = 0;
    std::uint8_t channel = 0;
    bool unsteady = false;
  };
  struct TickerState {
    Chance chance;
    const Ticker* ticker = nullptr;
    std::int64_t period_ms = 0;
    double power_cw = 0;
    double duty = 0;
    std::uint8_t channel = 0;
    std::int32_t now_cw = 0;
    std::int64_t next_ms = 0;
  };
  class DayPlan;
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::min();

  void run_to(std::int64_t local_ms, Millis dt);
  void begin_day(std::int64_t day);
  void set_ticker(TickerState& state, std::int64_t local_ms) const;
  void show(std::int64_t local_ms, std::uint32_t touched);
  void show(std::size_t index);

  // Members that every step reads come first and together: many devices do not fit into a
  // processor's nearest cache.
  std::int64_t since_ms_ = kNever;  // time of the last change
  std::int64_t next_ms_ = kNever;   // time of the next one
  std::array<Shown, kMaxCircuits> shown_{};

  HouseholdModel home_;
  QuickNoise noise_;
  Wiring wiring_;
  std::vector<Channel> channels_;
  std::vector<Switch> switches_;  // of the day, by time
  std::size_t next_switch_ = 0;
  std::vector<TickerState> tickers_;
  std::int64_t day_ = kNever;
  std::int64_t slot_ = kNever;  // of the small movements
  std::uint32_t partial_ = 0;   // one bit for each channel that changed within the step
  std::int64_t next_tick_ms_ = kNever;
};

}  // namespace gridloom::sim::household
