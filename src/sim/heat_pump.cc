#include "sim/heat_pump.h"

#include <algorithm>
#include <cmath>

#include "sim/models/parts.h"

namespace gridloom::sim {
namespace {

constexpr double kBand_k = 0.5;        // to both sides of the target
constexpr double kCatchUp_h = 0.5;     // in which it wants to reach its target
constexpr double kShortestOpen_s = 5;  // of a door
constexpr double kLongestOpen_s = 40;
constexpr double kDay_s = 86'400;
constexpr double kHour_s = 3600;

}  // namespace

double HeatPump::demand_w(double air_c, bool is_day, Millis dt) {
  move_door(is_day, seconds_of(dt));
  if (!settings_.on) {
    wanted_ = false;
    return 0;
  }
  const double sign = settings_.heats ? -1 : 1;
  const double above_k = sign * (temperature_c_ - settings_.target_c);  // too warm, when it cools
  wanted_ = above_k >= kBand_k || (wanted_ && above_k > -kBand_k);
  const double most_w = options_.power_w * std::clamp(settings_.share, 0.0, 1.0);
  if (!wanted_ || most_w <= 0) {
    wanted_ = false;
    return options_.fan_w;
  }
  const double heat_w = loss_w_per_k() * sign * (air_c - settings_.target_c) +
                        options_.capacity_wh_per_k * (above_k + kBand_k) / kCatchUp_h;
  const double least_w = std::min(options_.least_w, most_w);
  return options_.fan_w + std::clamp(heat_w / options_.cop, least_w, most_w);
}

void HeatPump::run(double power_w, double air_c, Millis dt) {
  const double compressor_w = wanted_ ? std::max(0.0, power_w - options_.fan_w) : 0;
  runs_ = compressor_w > 0;
  const double moved_w = (settings_.heats ? 1 : -1) * compressor_w * options_.cop;
  const double loss = loss_w_per_k();
  const double time_s = options_.capacity_wh_per_k * kHour_s / loss;
  temperature_c_ = settle(
      temperature_c_, {.to = air_c + moved_w / loss, .decay = std::exp(-seconds_of(dt) / time_s)});
}

void HeatPump::move_door(bool is_day, double seconds) {
  if (options_.opens_per_day <= 0) return;
  ++step_;
  if (is_open()) {
    open_s_ = std::max(0.0, open_s_ - seconds);
    return;
  }
  const double waking_s = kDay_s * 2 / 3;
  const bool opens = chance_.uniform(2 * step_) < options_.opens_per_day * seconds / waking_s;
  if (!opens || !is_day) return;
  open_s_ = std::lerp(kShortestOpen_s, kLongestOpen_s, chance_.uniform(2 * step_ + 1));
}

}  // namespace gridloom::sim
