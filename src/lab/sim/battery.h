// A lithium iron phosphate battery, quasi-static: charge, open-circuit voltage with hysteresis,
// resistance, one temperature, and age (ageing.h). Shared by the families' models.
//
// Its energy is exact: charge counts in whole microcoulombs, energy in whole microjoules. The
// stored energy follows from the state alone, and the energy at the terminals is its change plus
// the heat, which is never negative. So steps of any length balance, and nothing drifts. Once per
// simulated day the capacity shrinks to what the battery's age leaves, and the charge shrinks with
// it, so that the state of charge stays the same; the energy stored in the difference counts as
// heat.
#pragma once

#include <cstdint>

#include "sim/decay.h"
#include "sim/kept.h"

namespace gridloom::sim {

// The reciprocal of a step's length: computed again only when the length changes.
struct StepLength {
  double seconds = 0;
  double a_per_uc = 0;  // amperes of a microcoulomb in a step
};

class Battery {
 public:
  struct Options {
    int cells = 16;
    double capacity_ah = 20;  // at its initial age
    double resistance_ohm = 0.149;
    double cycles = 0;  // before the start
    double soc_percent = 60;
    double temperature_c = 25;
  };
  explicit Battery(const Options& options);

  struct Load {
    double power_w = 0;  // at the terminals; positive charges
    double seconds = 0;
    double air_c = 25;
  };
  // Takes or gives less at full or empty. Returns the actual mean power.
  double apply(const Load& load);

  [[nodiscard]] double soc_percent() const { return soc_percent_; }
  [[nodiscard]] double remaining_ah() const;
  [[nodiscard]] double capacity_ah() const;
  [[nodiscard]] double new_ah() const;  // its capacity when it was new
  // Full cycles over its whole life.
  [[nodiscard]] double cycles() const {
    return first_cycles_ + static_cast<double>(moved_uc_) / (2 * static_cast<double>(new_uc_));
  }
  // At the terminals; positive charges. Means over the last step.
  [[nodiscard]] double voltage_v() const { return voltage_v_; }
  [[nodiscard]] double current_a() const { return current_a_; }
  [[nodiscard]] double power_w() const { return power_w_; }
  [[nodiscard]] double temperature_c() const { return temperature_c_; }
  [[nodiscard]] double cell_v() const { return voltage_v_ / cells_; }
  void set_soc_percent(double soc);
  void set_temperature(double celsius) { temperature_c_ = celsius; }
  // The terminal voltage without a current.
  [[nodiscard]] double rest_v() const { return rest_v_; }

  [[nodiscard]] std::int64_t stored_uj() const { return stored_uj_; }
  // Totals since construction: the energy in minus the energy out at the terminals, and the energy
  // that became heat or was lost with the capacity. terminal_uj - heat_uj is the growth of
  // stored_uj(), unless set_soc_percent() was called.
  struct EnergyTotals {
    std::int64_t terminal_uj = 0;
    std::int64_t heat_uj = 0;
  };
  [[nodiscard]] const EnergyTotals& energy_totals() const { return energy_totals_; }

  struct Horizon {
    double soc_percent = 0;  // counts as full, or as empty
    int longest_min = 0;     // upper bound; also the result when idle
  };
  // At the present current.
  [[nodiscard]] int minutes_to_full(const Horizon& horizon) const;
  [[nodiscard]] int minutes_to_empty(const Horizon& horizon) const;

  // Values of another battery, or of one that cannot be, are not taken.
  void keep(this auto& self, auto& kept) {
    const Battery before = self;
    kept("charge", self.charge_uc_);
    kept("capacity", self.capacity_uc_);
    kept("new", self.new_uc_);
    kept("moved", self.moved_uc_);
    kept("lived", self.lived_ms_);
    kept("ages", self.ages_at_ms_);
    kept("cycles", self.first_cycles_);
    kept("direction", self.direction_);
    kept("celsius", self.temperature_c_);
    if constexpr (kReads<decltype(kept)>) self.go_on_instead_of(before);
  }

 private:
  void go_on_instead_of(const Battery& before);
  // The current for `power_w` at the terminals.
  [[nodiscard]] double current_for(double power_w, double rest_v) const;
  // The mean terminal voltage without a current over a step that stores `charge_uc`: along the
  // slope at its begin where the step is short and ends before the slope does.
  [[nodiscard]] double mean_rest_v(double charge_uc) const;
  [[nodiscard]] double exact_mean_rest_v(double charge_uc) const;
  // The charge that moves in a step.
  [[nodiscard]] std::int64_t charge_uc_for(const Load& load) const;
  void rest();
  // Moves `charge_uc` in `seconds`.
  void move(std::int64_t charge_uc, double seconds);
  void live(double seconds);
  void set_capacity(std::int64_t capacity_uc);
  // Shrinks to `capacity_uc`.
  void shrink(std::int64_t capacity_uc);
  // Computes what follows from capacity, charge and direction; call it after a change of these.
  void update();

  int cells_;
  double resistance_ohm_;
  double first_cycles_;
  std::int64_t capacity_uc_;
  // Reciprocals of the capacity, for the many steps that would divide by it.
  double percent_per_uc_ = 0;
  double way_per_uc_ = 0;
  std::int64_t new_uc_;        // capacity when new
  std::int64_t moved_uc_ = 0;  // in and out
  std::int64_t lived_ms_ = 0;
  std::int64_t ages_at_ms_;  // next daily ageing
  std::int64_t charge_uc_ = 0;
  double direction_ = 0;  // -1 after long discharging, 1 after long charging
  // By update().
  double soc_percent_ = 0;
  double rest_v_ = 0;
  std::int64_t stored_uj_ = 0;
  // The open-circuit voltage's place: where the charge is in its segment, and the segment's slope.
  double segment_part_ = 0;
  double slope_v_per_uc_ = 0;
  double a_per_w_ = 0;  // without resistance

  EnergyTotals energy_totals_;
  double power_w_ = 0;
  double voltage_v_ = 0;
  double current_a_ = 0;
  double temperature_c_;
  Decay cooling_;
  StepLength step_;
};

}  // namespace gridloom::sim
