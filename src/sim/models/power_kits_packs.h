// The Power Kits' battery packs: in parallel on one bus, each with a heater of its own.
//
// The packs' fields and their totals (bmsTotal, and in every pack) are written here and nowhere
// else, so that the totals are the sums of the packs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/battery.h"
#include "sim/books.h"
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

  // Which all packs have alike.
  struct Settings {
    double charge_to_soc = 100;
    double discharge_to_soc = 0;
    double generator_on_soc = 0;
    double generator_off_soc = 0;
    std::int64_t rest_min = 0;  // without any load to speak of
  };
  void read(Fields& fields);
  [[nodiscard]] const Settings& settings() const { return settings_; }
  static void allow_heating(Fields& fields, bool by_discharging);

  // Whether the switches to the bus are closed.
  [[nodiscard]] bool are_on() const { return on_; }
  void switch_to(bool on) {
    on_ = on;
    switched_ = true;
  }

  // Charging power that they would take.
  [[nodiscard]] int acceptable_w() const;

  struct HeatSources {
    bool charging = false;     // enough comes in to heat with
    bool discharging = false;  // the packs may give what it takes
    bool working = true;       // false: switches that are closed to heat with stay open
  };
  void heat(const HeatSources& sources);
  [[nodiscard]] int heaters_w() const;
  // A pack whose heater failed does not try again until its errors are cleared.
  [[nodiscard]] bool failed_to_heat() const;
  void clear_errors();

  // Puts the bus's surplus (negative: its need) into the packs.
  void run(int net_w, double seconds, double air_c);
  void book(Books& books) const {
    for (const Pack& pack : packs_) books.add(pack.battery);
  }
  void write(Fields& fields);

 private:
  struct Pack {
    std::string sn;
    Battery battery;
    int power_w = 0;  // + charges
    Latch cold{};
    bool heating = false;
    bool failed = false;                // to heat
    int failures = 0;                   // since they were cleared
    int no_error = 0;                   // the code that stands for it
    bool heats_by_discharging = false;  // may
  };
  void write_heaters(Fields& fields) const;
  void write_packs(Fields& fields) const;
  void write_totals(Fields& fields) const;

  std::vector<Pack> packs_;
  Settings settings_;
  HeatSources heat_sources_;
  bool on_ = false;
  bool switched_ = false;  // since the fields were written
};

constexpr int kHeater_w = 80;  // of a pack

}  // namespace gridloom::sim::kits
