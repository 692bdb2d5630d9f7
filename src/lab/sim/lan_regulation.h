// How a battery with an inverter regulates itself by a meter in the local network, as a STREAM does
// by an EcoTracker: each new reading of the power at the house's connection changes the AC output
// by a part of it, so that the reading goes to 0. A meter that is silent for long ends the output.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "sim/model.h"
#include "sim/power_flow.h"
#include "sim/regulation.h"

namespace gridloom::sim {

class LanRegulation {
 public:
  static constexpr double kGain = 0.5;  // of a reading
  static constexpr Millis kSilence{10'000};

  // The power of the batteries for an offer; negative: out of them.
  [[nodiscard]] double battery_w(const PowerOffer& offer, const LanMeter& meter, Millis dt) {
    const bool is_new = std::exchange(read_, meter.number) != meter.number;
    if (meter.power_w) {
      silent_ = Millis(0);
      if (is_new) output_w_ += kGain * *meter.power_w;
    } else {
      silent_ += dt;
      if (silent_ > kSilence) output_w_ = 0;
    }
    const double most_w = std::min(offer.inverter_w, offer.ac_loads_w + offer.export_w);
    output_w_ = std::clamp(output_w_, 0.0, most_w);
    PowerOffer followed = offer;
    followed.ac_loads_w = output_w_;
    followed.charges = false;
    return battery_power_w(followed);
  }

  // The inverter's AC output in that step. A battery that cannot give more does not promise it for
  // later.
  void gave(double inverter_w) { output_w_ = std::min(output_w_, inverter_w + kAhead_w); }
  void keep(this auto& self, auto& kept) { kept("output", self.output_w_); }

 private:
  static constexpr double kAhead_w = 50;

  double output_w_ = 0;
  std::uint64_t read_ = 0;
  Millis silent_{0};
};

// The regulation of a device's batteries: by a meter in the local network while it answers, else by
// what the vendor's cloud tells of the home.
struct Regulators {
  std::optional<Regulation> cloud{};  // nothing: its meter is exact
  LanRegulation lan{};                // by a meter in the local network

  void keep(this auto& self, auto& kept) {
    if (self.cloud) kept("cloud", *self.cloud);
    kept("lan", self.lan);
  }

  double asked_w(const PowerOffer& offer, const Environment& environment, bool has_inverter,
                 Millis dt) {
    if (environment.lan_meter && environment.grid_up && has_inverter) {
      return lan.battery_w(offer, *environment.lan_meter, dt);
    }
    return cloud ? cloud->battery_w(offer, environment.now, dt) : battery_power_w(offer);
  }
};

}  // namespace gridloom::sim
