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

}  // namespace

Battery::Battery(const Options& options)
    : options_(options),
      charge_ah_(options.capacity_ah * options.soc_percent / 100),
      voltage_v_(0),
      temperature_c_(options.temperature_c) {
  voltage_v_ = open_circuit_v();
}

double Battery::open_circuit_v() const {
  const double x = std::clamp(charge_ah_ / options_.capacity_ah, 0.0, 1.0) * 20;
  const auto k = std::min<std::size_t>(static_cast<std::size_t>(x), 19);
  const double f = x - static_cast<double>(k);
  return options_.cells * std::lerp(kCellV.at(k), kCellV.at(k + 1), f);
}

double Battery::apply(double power_w, double seconds, double air_c) {
  if (seconds <= 0) return 0;
  const double v = open_circuit_v();
  const double r = options_.resistance_ohm;
  // P = (V + I R) I at the terminals, solved for I; a load beyond the maximum draws the maximum.
  const double root = std::sqrt(std::max(0.0, v * v + 4 * r * power_w));
  double current = 2 * power_w / (v + root);
  const double before = charge_ah_;
  charge_ah_ = std::clamp(before + current * seconds / 3600, 0.0, options_.capacity_ah);
  current = (charge_ah_ - before) * 3600 / seconds;
  const double heat_w = current * current * r;
  const double settled = air_c + heat_w * kThermalResistance_k_per_w;
  temperature_c_ = settled + (temperature_c_ - settled) * std::exp(-seconds / kThermalTime_s);
  current_a_ = current;
  voltage_v_ = v + current * r;
  return voltage_v_ * current;
}

void Battery::set_soc_percent(double soc) {
  charge_ah_ = options_.capacity_ah * std::clamp(soc, 0.0, 100.0) / 100;
  voltage_v_ = open_circuit_v();
}

int Battery::minutes_to_full(double limit_soc, int limit) const {
  if (current_a_ < 0.05) return limit;
  const double missing = options_.capacity_ah * limit_soc / 100 - charge_ah_;
  return std::clamp(static_cast<int>(60 * missing / current_a_), 0, limit);
}

int Battery::minutes_to_empty(double limit_soc, int limit) const {
  if (current_a_ > -0.05) return limit;
  const double left = charge_ah_ - options_.capacity_ah * limit_soc / 100;
  return std::clamp(static_cast<int>(60 * left / -current_a_), 0, limit);
}

}  // namespace gridloom::sim
