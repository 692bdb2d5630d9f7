// The energy flow in a DELTA 2: computes the watts of one step from the settings and the
// environment.
//
// A Flow balances by itself: what the battery takes or gives is what the inputs leave over after
// outputs, losses and the unit's own need.
#pragma once

#include <cstdint>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/battery.h"
#include "sim/battery_bank.h"
#include "sim/model.h"
#include "sim/models/delta_2_slots.h"
#include "sim/models/generator.h"
#include "sim/models/household_load.h"
#include "sim/models/parts.h"
#include "sim/outing.h"
#include "sim/roof.h"

namespace gridloom::sim::delta_2 {

struct Settings {
  bool ac_on = false;
  bool car_on = false;
  bool usb_on = false;
  bool wall_paused = false;
  bool solar_first = false;
  bool keeps_reserve = false;
  bool asleep = false;
  double reserve_soc = 0;
  double max_soc = 100;
  double min_soc = 0;
  double resume_soc = 5;  // in addition to min_soc
  double wall_w = 0;
  double car_a = 0;           // limit of the current from a car's socket
  bool xboost = false;        // loads above the inverter's rating run at a lower voltage
  bool ac_by_itself = false;  // AC switches on by itself, from this charge upwards
  double ac_by_itself_soc = 0;
  bool has_generator = false;
  Generator::Limits generator;
  std::int64_t standby_min = 0;
  std::int64_t ac_standby_min = 0;
  std::int64_t car_standby_min = 0;

  // With a reserve for outages, the wall charger charges only up to the reserve.
  [[nodiscard]] double wall_limit_soc() const;
};

[[nodiscard]] Settings read_settings(const Fields& fields, const Slots& slots);

// Powers that are reported are whole watts.
struct Flow {
  bool blocked = false;    // the battery's protection blocks charging and discharging
  bool mains = false;      // mains voltage at the input
  bool bypass = false;     // mains supplies the AC sockets
  bool inverting = false;  // the battery supplies the AC sockets
  bool overload = false;   // too much load on the AC sockets: they are not supplied
  bool panels = false;     // enough light to detect the panels
  bool at_car = false;     // a car's socket is on the solar input instead of the panels
  double ac_out_w = 0;
  double ac_v_share = 1;  // fraction of the configured voltage
  double car_w = 0;
  double usb_w = 0;
  double fast_usb_w = 0;
  double type_c_w = 0;
  double wall_w = 0;   // drawn for charging
  double solar_w = 0;  // at the solar input, whatever its source
  double generator_w = 0;
  double battery_w = 0;  // + charges

  [[nodiscard]] double dc_in_w() const { return solar_w + generator_w; }
  [[nodiscard]] double dc_out_w() const { return car_w + usb_w + fast_usb_w + type_c_w; }
  [[nodiscard]] double ac_in_w() const { return wall_w + (bypass ? ac_out_w : 0); }
};

constexpr double kCar_v = 13.2;  // at the solar input
// After this time constant, components have settled.
constexpr double kInverterCooling_s = 600;
constexpr double kPartCooling_s = 900;  // of the solar input and the car socket

class Planner {
 public:
  // `ratings` outlives this.
  Planner(const Ratings& ratings, Chance chance);
  // Call it before the first plan().
  void start(const Environment& environment);
  // Moves what is plugged in to the environment's time; call it before plan().
  void advance(const Environment& environment, Millis dt) {
    plugged_in_.advance(environment, dt);
    ports_.advance(environment, dt);
  }

  [[nodiscard]] Flow plan(const Settings& set, const BatteryBank& batteries,
                          const Environment& environment, const Noise& noise);
  // The state in which the last report left the unit; call it before the first plan().
  struct Latched {
    bool full = false;
    bool empty = false;
    bool generator = false;  // it runs
  };
  void restore(const Latched& was);
  void keep(this auto& self, auto& kept) {
    kept("generator", self.generator_);
    kept("wall_full", self.wall_full_);
    kept("solar_full", self.solar_full_);
    kept("empty", self.empty_);
    kept("serves_self", self.serves_self_);
  }
  // As of the last plan.
  [[nodiscard]] bool is_full() const { return solar_full_.on(); }
  [[nodiscard]] bool is_empty() const { return empty_.on(); }

 private:
  void put_ac_load(double load_w, double most_w, Flow& flow) const;
  [[nodiscard]] double own_w(const Settings& set, const Flow& flow) const;
  [[nodiscard]] double conversion_loss_w(double power_w) const;
  [[nodiscard]] double wall_dc_w(const Flow& flow) const;
  // The power that the batteries can take together.
  struct Room {
    double charge_w = 0;      // at most
    double charge_share = 1;  // of what they take when they are warm and not nearly full
  };
  [[nodiscard]] Room room(const BatteryBank& batteries) const;
  void update_limits(const Settings& set, double soc);
  void put_loads(const Settings& set, const Environment& environment, Flow& flow) const;
  void shed_dc_if_empty(const Settings& set, Flow& flow) const;
  void put_sources(const Settings& set, const Room& room, double offered_w, Flow& flow) const;

  const Ratings& ratings_;
  Chance chance_;
  Roofs roofs_;
  Outing at_car_;
  Generator generator_;
  Latch wall_full_;
  Latch solar_full_;
  Latch empty_;
  Latch serves_self_;  // the battery supplies the load although mains is present
  HouseholdLoad plugged_in_;
  HouseholdLoad ports_;  // in percent
};

}  // namespace gridloom::sim::delta_2
