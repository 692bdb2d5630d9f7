// The Power Kits' battery packs: in parallel on one bus, each with its own heater.
//
// Only this class writes the packs' fields and their totals (in bmsTotal, and in every pack), so
// that the totals are the sums of the packs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "sim/battery.h"
#include "sim/energy_balance.h"
#include "sim/model.h"
#include "sim/models/cell_spread.h"
#include "sim/models/parts.h"
#include "sim/models/power_kits_slots.h"

namespace gridloom::sim::kits {

class Packs {
 public:
  Packs(std::shared_ptr<const Slots> slots, Chance chance)
      : slots_(std::move(slots)), chance_(chance.split("packs")) {}

  void start(Fields& fields, const Environment& environment);
  // As Model::resume().
  void resume(Fields& fields, const Environment& environment, const TimeOff& off);

  // Mean of all packs, as of the last run.
  [[nodiscard]] double soc() const { return soc_percent_; }
  [[nodiscard]] double bus_v() const { return packs_.front().battery.voltage_v(); }
  [[nodiscard]] std::size_t count() const { return packs_.size(); }

  // Settings that are the same for all packs.
  struct Settings {
    double charge_to_soc = 100;
    double discharge_to_soc = 0;
    double generator_on_soc = 0;
    double generator_off_soc = 0;
    std::int64_t rest_min = 0;  // without a significant load
  };
  void read(const Fields& fields);
  [[nodiscard]] const Settings& settings() const { return settings_; }
  void allow_heating(Fields& fields, bool by_discharging) const;

  // Whether the packs' switches to the bus are closed.
  [[nodiscard]] bool are_on() const { return on_; }
  void switch_to(bool on) {
    on_ = on;
    switched_ = true;
  }

  // To be charged.
  [[nodiscard]] bool are_too_cold() const;
  // Charging power that the packs would accept.
  [[nodiscard]] int acceptable_w() const;

  struct HeatSources {
    bool charging = false;     // the sources supply enough to heat with
    bool discharging = false;  // the packs may supply the heaters
    bool working = true;       // false: the heaters' switches fail to close
  };
  void heat(const HeatSources& sources);
  [[nodiscard]] int heaters_w() const;
  // A pack whose heater failed does not try again until its errors are cleared.
  [[nodiscard]] bool failed_to_heat() const;
  void clear_errors();

  // Charges the packs with the bus's surplus (negative: discharges them for its deficit).
  void run(int net_w, double seconds, double air_c);
  void book(EnergyBalance& balance) const {
    for (const Pack& pack : packs_) balance.add(pack.battery);
  }
  void write(Fields& fields);

 private:
  struct Pack {
    Battery battery;
    double resistance_ohm = 0;
    CellSpread cells;
    int power_w = 0;  // + charges
    Latch cold{};
    bool heating = false;
    bool failed = false;                // to heat
    int failures = 0;                   // since they were cleared
    int no_error = 0;                   // the error code that means none
    bool heats_by_discharging = false;  // the setting allows it
  };
  void update_soc();
  void write_heaters(Fields& fields) const;
  void write_packs(Fields& fields) const;
  void write_totals(Fields& fields) const;

  std::shared_ptr<const Slots> slots_;
  Chance chance_;            // no two packs are the same
  std::vector<Pack> packs_;  // as in the slots: at least one
  double soc_percent_ = 0;
  Settings settings_;
  HeatSources heat_sources_;
  bool on_ = false;
  bool switched_ = false;  // since the fields were written
};

}  // namespace gridloom::sim::kits
