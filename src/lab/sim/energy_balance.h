// Computes a device's energy balance from its ports' watts and its batteries' ledgers, in whole
// microjoules, step by step.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "sim/battery.h"
#include "sim/model.h"
#include "sim/rounding.h"

namespace gridloom::sim {

class EnergyBalance {
 public:
  struct Ports {
    double in_w = 0;
    double out_w = 0;
  };
  // Call it for each of the device's batteries after their step; then call close().
  void add(const Battery& battery) {
    now_.terminal_uj += battery.energy_totals().terminal_uj;
    now_.heat_uj += battery.energy_totals().heat_uj;
    stored_uj_ += battery.stored_uj();
  }
  // Call it when a battery comes with what it stores, or goes: from then on, it is added or not.
  void plug_in(const Battery& battery) {
    last_.terminal_uj += battery.energy_totals().terminal_uj;
    last_.heat_uj += battery.energy_totals().heat_uj;
    balance_.in_uj += battery.stored_uj();
  }
  void unplug(const Battery& battery) {
    last_.terminal_uj -= battery.energy_totals().terminal_uj;
    last_.heat_uj -= battery.energy_totals().heat_uj;
    balance_.out_uj += battery.stored_uj();
  }
  void close(const Ports& ports, Millis dt) {
    const std::int64_t in_uj = round_to_int64(ports.in_w * 1000) * dt.count();
    const std::int64_t out_uj = round_to_int64(ports.out_w * 1000) * dt.count();
    const std::int64_t charged_uj = now_.terminal_uj - last_.terminal_uj;
    balance_.in_uj += in_uj;
    balance_.out_uj += out_uj;
    balance_.lost_uj += in_uj - out_uj - charged_uj + now_.heat_uj - last_.heat_uj;
    balance_.stored_uj = stored_uj_;
    last_ = now_;
    now_ = {};
    stored_uj_ = 0;
  }
  [[nodiscard]] const Balance& balance() const { return balance_; }

 private:
  Balance balance_;
  Battery::EnergyTotals last_;  // sum of all batteries
  Battery::EnergyTotals now_;
  std::int64_t stored_uj_ = 0;
};

}  // namespace gridloom::sim
