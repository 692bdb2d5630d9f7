#include "sim/battery.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

namespace gridloom::sim {
namespace {

// Volts a cell at 0, 5, ... 100 % (fitted to a published LFP parameter set and to real devices'
// reports).
constexpr std::array<double, 21> kCellV = {2.50,  2.785, 2.978, 3.108, 3.168, 3.20,  3.225,
                                           3.24,  3.260, 3.278, 3.285, 3.288, 3.290, 3.295,
                                           3.305, 3.313, 3.318, 3.322, 3.325, 3.330, 3.45};
constexpr double kThermalTime_s = 7200;
constexpr double kThermalResistance_k_per_w = 0.35;
constexpr double kResting_a = 0.05;  // less is no charging or discharging

int minutes(double hours, int longest_min) {
  return static_cast<int>(std::clamp(hours * 60, 0.0, static_cast<double>(longest_min)));
}

}  // namespace

Battery::Battery(const Options& options)
    : options_(options),
      charge_ah_(options.capacity_ah * options.soc_percent / 100),
      temperature_c_(options.temperature_c) {
  voltage_v_ = open_circuit_v();
}

double Battery::open_circuit_v() const {
  const double x = std::clamp(charge_ah_ / options_.capacity_ah, 0.0, 1.0) * 20;
  const auto k = std::min<std::size_t>(static_cast<std::size_t>(x), 19);
  const double f = x - static_cast<double>(k);
  return options_.cells * std::lerp(kCellV.at(k), kCellV.at(k + 1), f);
}

double Battery::apply(const Load& load) {
  if (load.seconds <= 0) return 0;
  const double v = open_circuit_v();
  const double r = options_.resistance_ohm;
  // P = (V + I R) I at the terminals, solved for I; a load beyond the maximum draws the maximum.
  const double wanted_w = r > 0 ? std::max(load.power_w, -v * v / (4 * r)) : load.power_w;
  const double root = std::sqrt(std::max(0.0, v * v + 4 * r * wanted_w));
  const double wanted_a = 2 * wanted_w / (v + root);
  const double before_ah = charge_ah_;
  charge_ah_ = std::clamp(before_ah + wanted_a * load.seconds / 3600, 0.0, options_.capacity_ah);
  current_a_ = (charge_ah_ - before_ah) * 3600 / load.seconds;
  voltage_v_ = v + current_a_ * r;
  const double settled_c = load.air_c + current_a_ * current_a_ * r * kThermalResistance_k_per_w;
  temperature_c_ =
      settled_c + (temperature_c_ - settled_c) * std::exp(-load.seconds / kThermalTime_s);
  return voltage_v_ * current_a_;
}

void Battery::set_soc_percent(double soc) {
  charge_ah_ = options_.capacity_ah * std::clamp(soc, 0.0, 100.0) / 100;
  voltage_v_ = open_circuit_v();
}

int Battery::minutes_to_full(const Horizon& horizon) const {
  if (current_a_ < kResting_a) return horizon.longest_min;
  const double missing_ah = options_.capacity_ah * horizon.soc_percent / 100 - charge_ah_;
  return minutes(missing_ah / current_a_, horizon.longest_min);
}

int Battery::minutes_to_empty(const Horizon& horizon) const {
  if (current_a_ > -kResting_a) return horizon.longest_min;
  const double left_ah = charge_ah_ - options_.capacity_ah * horizon.soc_percent / 100;
  return minutes(left_ah / -current_a_, horizon.longest_min);
}

}  // namespace gridloom::sim
