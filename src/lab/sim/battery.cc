#include "sim/battery.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "base/clock.h"
#include "sim/ageing.h"
#include "sim/rounding.h"

namespace gridloom::sim {
namespace {

// Volts per cell at 0, 5, ... 100 % (fitted to a published LFP parameter set and to real devices'
// reports).
constexpr std::array<double, 21> kCellV = {2.50,  2.785, 2.978, 3.108, 3.168, 3.20,  3.225,
                                           3.24,  3.260, 3.278, 3.285, 3.288, 3.290, 3.295,
                                           3.305, 3.313, 3.318, 3.322, 3.325, 3.330, 3.45};
constexpr std::size_t kSegments = kCellV.size() - 1;
constexpr double kSegmentsPerPercent = kSegments / 100.0;
// The integral of the voltage below each point, in volts times segments.
constexpr std::array<double, kCellV.size()> kBelow = [] {
  std::array<double, kCellV.size()> below{};
  for (std::size_t k = 0; k < kSegments; ++k) {
    below[k + 1] = below[k] + (kCellV[k] + kCellV[k + 1]) / 2;
  }
  return below;
}();

// Hysteresis: after charging, a cell rests above the table, after discharging below it; reversing
// takes a few percent of the charge.
constexpr double kLag_v = 0.010;
constexpr double kLagShare = 0.01;  // of the capacity, for 63 % of the way

constexpr double kThermalTime_s = 7200;
constexpr double kThermalResistance_k_per_w = 0.35;
constexpr double kResting_a = 0.05;  // less does not count as charging or discharging
constexpr double kMost_c = 150;      // of a battery that exists
constexpr double kMicro = 1e6;
constexpr double kUcPerAh = 3600 * kMicro;
constexpr double kYear_ms = 365.25 * kDay_ms;

using Wide = __int128;

int minutes(double hours, int longest_min) {
  return static_cast<int>(std::clamp(hours * 60, 0.0, static_cast<double>(longest_min)));
}

// The position of a charge in the table: whole segments, and the fraction of the next.
struct Mark {
  std::size_t segment = 0;
  double part = 0;
};
Mark mark_of(double soc_percent) {
  const double x = soc_percent * kSegmentsPerPercent;
  // Signed: conversions to and from unsigned numbers take several instructions.
  const auto segment =
      std::min<std::int64_t>(static_cast<std::int64_t>(std::max(x, 0.0)), kSegments - 1);
  return {.segment = static_cast<std::size_t>(segment), .part = x - static_cast<double>(segment)};
}

// Per cell.
double open_circuit_v(const Mark& at) {
  const double low_v = kCellV.at(at.segment);
  const double high_v = kCellV.at(at.segment + 1);
  return at.part == 1 ? high_v : std::min(high_v, low_v + at.part * (high_v - low_v));
}

// The integral of open_circuit_v() below a position, in volts times segments.
double open_circuit_v_below(const Mark& at) {
  const double v = kCellV.at(at.segment);
  const double rise_v = kCellV.at(at.segment + 1) - v;
  return kBelow.at(at.segment) + (v + rise_v * at.part / 2) * at.part;
}

// As std::expm1(-way), to the last bits. For the way of a usual step it is the power series, in
// parts that a processor computes side by side.
double expm1_of_minus(double way) {
  constexpr double kShort = 0.125;
  if (way > kShort) return std::expm1(-way);
  const double square = way * way;
  const double third = 1.0 / 120 - way * (1.0 / 720) +
                       square * (1.0 / 5040 - way * (1.0 / 40320) + square * (1.0 / 362880));
  return -way * (1 - way / 2 + square * (1.0 / 6 - way * (1.0 / 24)) + square * square * third);
}

// The hysteresis on the way of a charge. Its voltage is positive: a reversal returns the energy
// that it stored before, so the loss on the way is never negative.
struct Reversal {
  double to = 0;      // the direction in the end
  double off = 0;     // how far from it the way begins
  double way = 0;     // of the charge, relative to that which takes 63 % of the way
  double closed = 0;  // minus the part of the distance that it takes

  Reversal(double direction, double way_of_charge)
      : to(way_of_charge > 0 ? 1 : -1),
        off(direction - to),
        way(std::abs(way_of_charge)),
        closed(expm1_of_minus(way)) {}

  [[nodiscard]] double after() const { return to + off * (1 + closed); }
  // The mean direction over the way, which is not 0.
  [[nodiscard]] double mean() const { return to - off * closed / way; }
  // The integral of direction^2 over the way.
  [[nodiscard]] double lost() const {
    return way - 2 * to * off * closed - off * off * closed * (closed + 2) / 2;
  }
};

}  // namespace

Battery::Battery(const Options& options)
    : cells_(options.cells),
      resistance_ohm_(options.resistance_ohm),
      first_cycles_(options.cycles),
      capacity_uc_(std::max<std::int64_t>(1, std::llround(options.capacity_ah * kUcPerAh))),
      new_uc_(
          std::llround(static_cast<double>(capacity_uc_) / health_at({.cycles = options.cycles}))),
      ages_at_ms_(kDay_ms),
      temperature_c_(options.temperature_c),
      cooling_(kThermalTime_s) {
  set_capacity(capacity_uc_);
  set_soc_percent(options.soc_percent);
}

void Battery::set_capacity(std::int64_t capacity_uc) {
  capacity_uc_ = capacity_uc;
  percent_per_uc_ = 100 / static_cast<double>(capacity_uc);
  way_per_uc_ = 1 / (kLagShare * static_cast<double>(capacity_uc));
}

double Battery::remaining_ah() const { return static_cast<double>(charge_uc_) / kUcPerAh; }

double Battery::capacity_ah() const { return static_cast<double>(capacity_uc_) / kUcPerAh; }

double Battery::new_ah() const { return static_cast<double>(new_uc_) / kUcPerAh; }

double Battery::exact_mean_rest_v(double charge_uc) const {
  const auto full_uc = static_cast<double>(capacity_uc_);
  const auto before_uc = static_cast<double>(charge_uc_);
  const double moved_uc = std::clamp(charge_uc, -before_uc, full_uc - before_uc);
  if (moved_uc == 0) return rest_v_;
  const double soc_percent = (before_uc + moved_uc) * percent_per_uc_;
  const double volt_segments = open_circuit_v_below(mark_of(std::min(soc_percent, 100.0))) -
                               open_circuit_v_below(mark_of(soc_percent_));
  const double segments = moved_uc * percent_per_uc_ * kSegmentsPerPercent;
  const Reversal reversal(direction_, moved_uc * way_per_uc_);
  return cells_ * (volt_segments / segments + kLag_v * reversal.mean());
}

double Battery::mean_rest_v(double charge_uc) const {
  constexpr double kShort = 0.01;  // then the slope is right to a microvolt per cell
  const double part = segment_part_ + charge_uc * percent_per_uc_ * kSegmentsPerPercent;
  const double half_uc = charge_uc / 2;
  const double way = half_uc * way_per_uc_;
  if (part < 0 || part > 1 || std::abs(way) > kShort) return exact_mean_rest_v(charge_uc);
  const double lag = way - std::abs(way) * direction_;
  return rest_v_ + half_uc * slope_v_per_uc_ + cells_ * kLag_v * lag;
}

void Battery::update() {
  const auto capacity_uc = static_cast<double>(capacity_uc_);
  soc_percent_ = 100 * static_cast<double>(charge_uc_) / capacity_uc;
  const Mark at = mark_of(soc_percent_);
  rest_v_ = cells_ * (open_circuit_v(at) + kLag_v * direction_);
  const double rise_v = kCellV.at(at.segment + 1) - kCellV.at(at.segment);
  const double segments_v = open_circuit_v_below(at);
  segment_part_ = at.part;
  slope_v_per_uc_ = cells_ * rise_v * kSegmentsPerPercent * percent_per_uc_;
  a_per_w_ = 1 / rest_v_;
  constexpr double kSegmentShare = 1.0 / kSegments;
  const double segment_uc = capacity_uc * kSegmentShare;
  const double lag_uj = kLag_v * kLagShare * capacity_uc * direction_ * direction_ / 2;
  stored_uj_ = round_to_int64(cells_ * (segments_v * segment_uc + lag_uj));
}

// P = (V + I R) I, solved for I; a load beyond the maximum draws the maximum.
double Battery::current_for(double power_w, double rest_v) const {
  const double r = resistance_ohm_;
  const double square_v2 = rest_v * rest_v;
  const double below_root_v2 = square_v2 + 4 * r * power_w;
  // Far from the maximum, which takes a division.
  if (below_root_v2 > 0.01 * square_v2) return 2 * power_w / (rest_v + std::sqrt(below_root_v2));
  const double most_w = r > 0 ? std::max(power_w, -square_v2 / (4 * r)) : power_w;
  const double root = std::sqrt(std::max(0.0, square_v2 + 4 * r * most_w));
  return 2 * most_w / (rest_v + root);
}

std::int64_t Battery::charge_uc_for(const Load& load) const {
  if (load.power_w == 0) return 0;
  // The voltage moves with the charge: its mean over the step is used.
  // Without the fall in the resistance, which only matters near the maximum.
  double first_a = load.power_w * a_per_w_;
  if (first_a * resistance_ohm_ < -0.1 * rest_v_) first_a = current_for(load.power_w, rest_v_);
  const double mean_v = mean_rest_v(first_a * load.seconds * kMicro);
  const double wanted_a = current_for(load.power_w, mean_v);
  const auto room_uc = static_cast<double>(capacity_uc_ - charge_uc_);
  return round_to_int64(
      std::clamp(wanted_a * load.seconds * kMicro, -static_cast<double>(charge_uc_), room_uc));
}

double Battery::apply(const Load& load) {
  if (load.seconds <= 0) return 0;
  move(charge_uc_for(load), load.seconds);
  const double heat_w = current_a_ * current_a_ * resistance_ohm_;
  const double settled_c = load.air_c + heat_w * kThermalResistance_k_per_w;
  temperature_c_ = settled_c + (temperature_c_ - settled_c) * cooling_.over(load.seconds);
  live(load.seconds);
  return power_w();
}

void Battery::move(std::int64_t charge_uc, double seconds) {
  if (charge_uc == 0) return rest();
  const Reversal reversal(direction_, static_cast<double>(charge_uc) * way_per_uc_);
  if (seconds != step_.seconds) {
    step_.seconds = seconds;
    step_.a_per_uc = 1 / (kMicro * seconds);
  }
  current_a_ = static_cast<double>(charge_uc) * step_.a_per_uc;
  const double lag_uj = cells_ * kLag_v * kLagShare * static_cast<double>(capacity_uc_);
  const double lost_uj =
      current_a_ * current_a_ * resistance_ohm_ * seconds * kMicro + lag_uj * reversal.lost();
  const auto heat_uj = static_cast<std::int64_t>(round_up(std::max(0.0, lost_uj)));
  direction_ = reversal.after();
  charge_uc_ += charge_uc;
  moved_uc_ += std::abs(charge_uc);
  const std::int64_t before_uj = stored_uj_;
  update();
  const std::int64_t terminal_uj = stored_uj_ - before_uj + heat_uj;
  energy_totals_.terminal_uj += terminal_uj;
  energy_totals_.heat_uj += heat_uj;
  power_w_ = static_cast<double>(terminal_uj) * step_.a_per_uc;
  voltage_v_ = static_cast<double>(terminal_uj) / static_cast<double>(charge_uc);
}

// The step's means stay as they are: the capacity shrinks after the step.
void Battery::live(double seconds) {
  lived_ms_ += round_to_int64(seconds * 1000);
  if (lived_ms_ < ages_at_ms_) return;
  ages_at_ms_ = (lived_ms_ / kDay_ms + 1) * kDay_ms;
  const double health =
      health_at({.cycles = cycles(), .years = static_cast<double>(lived_ms_) / kYear_ms});
  shrink(std::max<std::int64_t>(1, std::llround(static_cast<double>(new_uc_) * health)));
}

// Rounds the charge down: the state of charge never rises, so no energy comes from nothing.
void Battery::shrink(std::int64_t capacity_uc) {
  if (capacity_uc >= capacity_uc_) return;
  charge_uc_ = static_cast<std::int64_t>(Wide{charge_uc_} * capacity_uc / capacity_uc_);
  set_capacity(capacity_uc);
  const std::int64_t before_uj = stored_uj_;
  update();
  energy_totals_.heat_uj += before_uj - stored_uj_;
}

void Battery::rest() {
  power_w_ = 0;
  current_a_ = 0;
  voltage_v_ = rest_v_;
}

void Battery::set_soc_percent(double soc) {
  charge_uc_ = std::llround(static_cast<double>(capacity_uc_) * std::clamp(soc, 0.0, 100.0) / 100);
  update();
  rest();
}

void Battery::go_on_instead_of(const Battery& before) {
  constexpr double kSame = 0.1;  // of the capacity when new, which is reckoned from reports
  const auto usual_uc = static_cast<double>(before.new_uc_);
  const bool is_same =
      std::abs(static_cast<double>(new_uc_) - usual_uc) <= kSame * usual_uc &&
      std::abs(static_cast<double>(capacity_uc_ - before.capacity_uc_)) <= kSame * usual_uc;
  const bool can_be = capacity_uc_ >= 1 && charge_uc_ >= 0 && charge_uc_ <= capacity_uc_ &&
                      moved_uc_ >= 0 && lived_ms_ >= 0 && first_cycles_ >= 0 &&
                      std::abs(direction_) <= 1 && std::abs(temperature_c_) <= kMost_c;
  if (!is_same || !can_be) {
    *this = before;
    return;
  }
  set_capacity(capacity_uc_);
  update();
  rest();
}

int Battery::minutes_to_full(const Horizon& horizon) const {
  if (current_a_ < kResting_a) return horizon.longest_min;
  const double missing_ah = capacity_ah() * horizon.soc_percent / 100 - remaining_ah();
  return minutes(missing_ah / current_a_, horizon.longest_min);
}

int Battery::minutes_to_empty(const Horizon& horizon) const {
  if (current_a_ > -kResting_a) return horizon.longest_min;
  const double left_ah = remaining_ah() - capacity_ah() * horizon.soc_percent / 100;
  return minutes(left_ah / -current_a_, horizon.longest_min);
}

}  // namespace gridloom::sim
