// The power that a device's own household draws from it. A test, a scenario or a file of the world
// can set the home's power instead (Environment::household_w); the device then supplies a fixed
// share of it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ranges>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/household/home.h"
#include "sim/household/load.h"
#include "sim/model.h"
#include "sim/quick_noise.h"

namespace gridloom::sim {

class HouseholdLoad {
 public:
  // `chance` is the device's own: a device that shares no site has a household of its own.
  explicit HouseholdLoad(Chance chance)
      : chance_(chance.split("household")), noise_(chance_.split("noise")) {}

  // Call it before anything else. `wiring` applies where the device's circuits are not chosen.
  void start(const Environment& environment, const household::Wiring& wiring,
             const household::Inventory& inventory = household::home_inventory()) {
    load_.emplace(household::home_of(household::household_of(environment.household, chance_),
                                     environment.household_kwh, inventory),
                  environment.circuits ? chosen(*environment.circuits, wiring) : wiring);
  }
  // Instead of start(): what the same people plug into a power station's ports of low voltage
  // (household::Port), in percent of what usually hangs there; one channel for each of the first
  // `ports`.
  void start_ports(const Environment& environment, std::size_t ports) {
    const household::Shared who = household::household_of(environment.household, chance_);
    load_.emplace(
        household::HouseholdModel(
            chance_.split("ports"), household::port_inventory(),
            {.yearly_kwh = environment.household_kwh, .people = who.chance, .persons = who.people}),
        household::wired_apart(ports));
  }
  void advance(const Environment& environment, Millis dt) {
    now_ms_ = static_cast<std::uint64_t>(unix_ms(environment.now));
    load_->advance(unix_ms(environment.now) + environment.utc_offset.count(), dt);
  }
  // The people are on a holiday, on a day by the site's clocks (local_day()).
  [[nodiscard]] bool is_away(std::int64_t day) const {
    return load_->home().is_away(household::Day(day));
  }
  // In this step, with the noise of its measurement.
  [[nodiscard]] double power_w(std::size_t channel) const {
    const double noise_w = load_->noise_w(channel);
    if (noise_w == 0) return load_->power_w(channel);
    const double drawn = noise_.normal(now_ms_ * household::kMaxCircuits + channel);
    return std::max(0.0, load_->power_w(channel) + noise_w * drawn);
  }
  // The same for a device with one channel, which supplies `share` of a power that was set.
  [[nodiscard]] double power_w(const Environment& environment, double share) const {
    if (!environment.household_w) return power_w(0);
    return share * *environment.household_w * (1 + kSetNoise * noise_.normal(now_ms_));
  }

 private:
  static constexpr double kSetNoise = 0.02;

  // A model of one channel has the chosen circuits on it, whatever it has by itself; one of several
  // has no circuits but these.
  [[nodiscard]] static household::Wiring chosen(std::uint32_t circuits,
                                                const household::Wiring& own) {
    const bool has_one = std::ranges::all_of(own, [](std::int8_t channel) { return channel <= 0; });
    household::Wiring wiring{};
    wiring.fill(household::kNotWired);
    for (std::size_t k = 0; k < household::kHomeCircuits; ++k) {
      if ((circuits >> k & 1U) != 0) wiring.at(k) = has_one ? std::int8_t{0} : own.at(k);
    }
    return wiring;
  }

  Chance chance_;
  // Beside the first members of the load, which every step reads too.
  QuickNoise noise_;
  std::uint64_t now_ms_ = 0;
  std::optional<household::Load> load_;
};

}  // namespace gridloom::sim
