// The regulation of a device's batteries: by a meter in the local network while it answers, else by
// what the vendor's cloud tells of the home.
#pragma once

#include <optional>

#include "base/clock.h"
#include "sim/lan_regulation.h"
#include "sim/model.h"
#include "sim/power_flow.h"
#include "sim/regulation.h"

namespace gridloom::sim {

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
