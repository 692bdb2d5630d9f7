// A lithium iron phosphate battery, quasi-static: charge, open-circuit voltage, resistance, one
// temperature. Shared by the families' models; later physics replaces the inside, not the
// interface.
#pragma once

namespace gridloom::sim {

class Battery {
 public:
  struct Options {
    int cells = 16;
    double capacity_ah = 20;
    double resistance_ohm = 0.149;
    double soc_percent = 60;
    double temperature_c = 25;
  };
  explicit Battery(const Options& options);

  struct Load {
    double power_w = 0;  // at the terminals; positive charges
    double seconds = 0;
    double air_c = 25;
  };
  // At empty or full it takes less. Returns the mean power that it really took.
  double apply(const Load& load);

  [[nodiscard]] double soc_percent() const { return 100 * charge_ah_ / options_.capacity_ah; }
  [[nodiscard]] double remaining_ah() const { return charge_ah_; }
  [[nodiscard]] double capacity_ah() const { return options_.capacity_ah; }
  [[nodiscard]] double voltage_v() const { return voltage_v_; }  // at the terminals
  [[nodiscard]] double current_a() const { return current_a_; }  // positive charges
  [[nodiscard]] double power_w() const { return voltage_v_ * current_a_; }
  [[nodiscard]] double temperature_c() const { return temperature_c_; }
  [[nodiscard]] double cell_v() const { return voltage_v_ / options_.cells; }
  void set_soc_percent(double soc);

  struct Horizon {
    double soc_percent = 0;  // which counts as full, or empty
    int longest_min = 0;     // also when idle
  };
  // At the present current.
  [[nodiscard]] int minutes_to_full(const Horizon& horizon) const;
  [[nodiscard]] int minutes_to_empty(const Horizon& horizon) const;

 private:
  [[nodiscard]] double open_circuit_v() const;

  Options options_;
  double charge_ah_;
  double voltage_v_ = 0;
  double current_a_ = 0;
  double temperature_c_;
};

}  // namespace gridloom::sim
