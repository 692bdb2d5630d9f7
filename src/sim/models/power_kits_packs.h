// The Power Kits' battery packs: in parallel on one bus, each with a heater of its own.
//
// The packs' fields and their totals (bmsTotal, and in every pack) are written here and nowhere
// else, so that the totals are the sums of the packs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/battery.h"
#include "sim/model.h"
#include "sim/models/parts.h"

namespace gridloom::sim::kits {

class Packs {
 public:
  // The family's virtual modules name at least one pack.
  void start(Fields& fields, const Surroundings& around);

  [[nodiscard]] double soc() const;
  [[nodiscard]] double bus_v() const { return packs_.front().battery.voltage_v(); }
  [[nodiscard]] std::size_t count() const { return packs_.size(); }
  // A setting, which all packs have alike.
  [[nodiscard]] double setting(Fields& fields, std::string_view name) const;
  void set_all(Fields& fields, std::string_view name, double value) const;

  // Whether the switches to the bus are closed.
  [[nodiscard]] bool are_on(Fields& fields) const;
  void switch_on(Fields& fields) const { set_all(fields, "chgDsgMosState", 3); }
  void switch_off(Fields& fields) const { set_all(fields, "chgDsgMosState", 0); }

  // Charging power that they would take.
  [[nodiscard]] int acceptable_w(Fields& fields) const;

  struct HeatSources {
    bool charging = false;     // enough comes in to heat with
    bool discharging = false;  // the packs may give what it takes
  };
  void heat(Fields& fields, const HeatSources& sources);
  [[nodiscard]] int heaters_w() const;

  // Puts the bus's surplus (negative: its need) into the packs.
  void run(int net_w, double seconds, double air_c);
  void write(Fields& fields) const;

 private:
  struct Pack {
    std::string sn;
    Battery battery;
    int power_w = 0;  // + charges
    Latch cold{};
    bool heating = false;
  };
  void write_packs(Fields& fields) const;
  void write_totals(Fields& fields) const;

  std::vector<Pack> packs_;
};

constexpr int kHeater_w = 80;  // of a pack

}  // namespace gridloom::sim::kits
