// The batteries of a device whose model is in C++: the one inside, which the model describes, and
// extra ones that its file describes. They hang in parallel, as those of a device without such a
// model (physics_packs.h).
#pragma once

#include <cstddef>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/battery.h"
#include "sim/energy_balance.h"
#include "sim/model.h"
#include "sim/physics_battery.h"
#include "sim/physics_packs.h"

namespace gridloom::sim {

class BatteryBank {
 public:
  // The most that the battery inside can take and give.
  struct Inside {
    int cells = 16;
    double charge_w = 0;
    double discharge_w = 0;
    Taper taper;
  };
  BatteryBank(const Inside& inside, const std::vector<physics::BatteryPart>& extra, Chance chance);

  // Each battery begins as the home has it, or else with the charge of the one inside.
  void start(const Battery& inside, const Fields& fields, const Environment& environment);
  // Each extra battery begins as its fields show it.
  void resume(const Battery& inside, const physics::Resumed& resumed);

  [[nodiscard]] const Battery& inside() const { return states_.front().battery; }
  [[nodiscard]] int extra() const { return extra_; }  // extra batteries that are plugged in
  [[nodiscard]] bool has_extra() const { return extra_ > 0; }

  // Plugs in and out what the environment says; call it before the step.
  void plug(const Environment& environment, EnergyBalance& balance);
  struct Step {
    double power_w = 0;  // at the terminals of all; positive charges
    Millis dt{0};
    double air_c = 20;
    bool allowed = true;  // by the protection
    // How far each of several charges and discharges; those of all together are the model's affair.
    double most_percent = 100;
    double least_percent = 0;
  };
  // Shares the power out. Returns the actual mean power of all together.
  double apply(const Step& step);
  void add_to(EnergyBalance& balance) const;

  [[nodiscard]] physics::Together together() const { return physics::together(parts_, states_); }
  // The charge of all together.
  [[nodiscard]] double soc_percent() const {
    return has_extra() ? together().soc_percent() : inside().soc_percent();
  }
  // Calls visit(part, battery) with each battery that is there, the one inside first.
  template <typename Visit>
  void each(const Visit& visit) const {
    for (std::size_t k = 0; k < states_.size(); ++k) {
      if (states_[k].plugged) visit(parts_[k], states_[k].battery);
    }
  }

  void keep(this auto& self, auto& kept) { kept("batteries", self.states_); }
  // After keep(): the counters continue, and the batteries have stood by for the time off.
  void go_on(const physics::Resumed& resumed);

  // Writes the fields of the extra batteries.
  void write(Fields& fields);

 private:
  void begin(const Fields& fields, const Environment& environment);

  std::vector<physics::BatteryPart> parts_;    // the first one is inside
  std::vector<physics::BatteryState> states_;  // by parts_
  Chance chance_;
  int extra_ = 0;
};

}  // namespace gridloom::sim
