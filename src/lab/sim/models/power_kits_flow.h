// The energy flow in the Power Kits: a balance of the battery bus in whole watts, computed from the
// settings and the environment before anything is reported.
//
// The generator is a DC source on the bus that shows only in the packs' input.
#pragma once

#include <array>
#include <cstddef>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/model.h"
#include "sim/models/generator.h"
#include "sim/models/household_load.h"
#include "sim/models/parts.h"
#include "sim/models/power_kits_packs.h"
#include "sim/models/power_kits_settings.h"
#include "sim/roof.h"

namespace gridloom::sim::kits {

constexpr double kAlternator_v = 53.8;
constexpr double kDawn = 0.01;  // of the sun: up to this, panels have neither voltage nor power

constexpr std::size_t kAcChannels = 6;
constexpr std::size_t kDcChannels = 12;

// Demand of the loads and available power of the sources, before the balance.
struct Offer {
  std::array<int, 2> pv_w{};  // at the panels
  int alternator_w = 0;       // this and generator_w: on the bus
  int generator_w = 0;
  bool engine = false;   // it runs
  bool moving = false;   // the vehicle is driving
  bool shore = false;    // AC at the input
  bool charger = false;  // shore power that may charge
  bool vehicle = false;  // the parked vehicle requests power
  int ac_channels = 0;   // bits: switched on
  int dc_channels = 0;
  std::array<int, kAcChannels> ac_w{};
  std::array<int, kDcChannels> dc_w{};

  [[nodiscard]] int sources_w() const;
  [[nodiscard]] bool can_charge() const;
};

// One step's powers on the bus, all of them positive.
struct Flow {
  int pv_w = 0;
  int alternator_w = 0;
  int generator_w = 0;
  int charger_w = 0;
  int inverter_w = 0;
  int dc_w = 0;
  int heaters_w = 0;
  int vehicle_w = 0;
  int hub_w = 0;
  bool bypass = false;     // shore power supplies the AC loads
  bool inverter = false;   // the packs supply the AC loads
  bool low_power = false;  // the inverter's low power mode
  bool dc = false;         // the DC output is live
  bool may_discharge = false;
  bool supplies_refrigerator = false;
  int ac_out_w = 0;  // this and the rest: not on the bus
  int ac_in_w = 0;
  int dc_out_w = 0;

  [[nodiscard]] bool ac() const { return bypass || inverter; }
  [[nodiscard]] int loads_w() const { return inverter_w + dc_w + heaters_w + vehicle_w + hub_w; }
  [[nodiscard]] int net_w() const {
    return pv_w + alternator_w + generator_w + charger_w - loads_w();
  }
};

class Planner {
 public:
  // `ratings` outlives this.
  Planner(const Ratings& ratings, Chance chance) : ratings_(ratings), camper_(chance) {}
  // Call it before the first offer().
  void start(const Environment& environment);
  // Moves what is on the channels to the environment's time; call it before offer().
  void advance(const Environment& environment, Millis dt) { camper_.advance(environment, dt); }

  [[nodiscard]] Generator& generator() { return generator_; }
  [[nodiscard]] const Generator& generator() const { return generator_; }
  // Whether the inverter may go to low power while it has little load.
  void allow_low_power(bool allowed) { low_power_ = allowed; }
  [[nodiscard]] bool allows_low_power() const { return low_power_; }
  // Continues an interrupted discharge that the lower limit had stopped, or not.
  void restore_drained(bool drained) { drained_.restore(drained); }

  [[nodiscard]] Offer offer(const Settings& set, const Environment& environment, const Packs& packs,
                            const Noise& noise);
  // Also heats the packs if necessary.
  [[nodiscard]] Flow balance(const Settings& set, const Environment& environment,
                             const Offer& offer, Packs& packs);

 private:
  void offer_vehicle(const Settings& set, const Environment& environment, double bus_v,
                     Offer& offer) const;
  void offer_loads(const Settings& set, const Environment& environment, Offer& offer) const;
  void put_loads(const Settings& set, const Environment& environment, const Offer& offer,
                 Flow& flow) const;

  const Ratings& ratings_;
  Roofs roofs_;
  HouseholdLoad camper_;
  Latch drained_;  // the lower limit stopped the outputs
  Generator generator_;
  bool low_power_ = false;
};

}  // namespace gridloom::sim::kits
