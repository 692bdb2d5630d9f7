#include "sim/heat_pump.h"

#include <algorithm>
#include <cmath>

#include "sim/models/parts.h"

namespace gridloom::sim {
namespace {

constexpr double kBand_k = 0.5;             // to both sides of the target
constexpr double kCatchUp_h = 0.5;          // in which it wants to reach its target
constexpr double kShortestOpen_ms = 5'000;  // of a door
constexpr double kLongestOpen_ms = 40'000;
constexpr std::int64_t kDoor_ms = 600'000;
constexpr double kWaking_ms = 16 * 3'600'000;
constexpr double kHour_s = 3600;

}  // namespace

double HeatPump::demand_w(const Around& around, Millis dt) {
  move_door(around, dt);
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
  const double heat_w = loss_w_per_k() * sign * (around.air_c - settings_.target_c) +
                        options_.capacity_wh_per_k * (above_k + kBand_k) / kCatchUp_h;
  const double least_w = std::min(options_.least_w, most_w);
  return options_.fan_w + std::clamp(heat_w / options_.cop, least_w, most_w);
}

void HeatPump::run(double power_w, double air_c, Millis dt) {
  const double compressor_w = wanted_ ? std::max(0.0, power_w - options_.fan_w) : 0;
  runs_ = compressor_w > 0;
  const double moved_w = (settings_.heats ? 1 : -1) * compressor_w * options_.cop;
  const double loss = loss_w_per_k();
  const double decay =
      open_share_ > 0 ? std::exp(-seconds_of(dt) / time_s(loss)) : closed_.over(seconds_of(dt));
  temperature_c_ = settle(temperature_c_, {.to = air_c + moved_w / loss, .decay = decay});
}

double HeatPump::time_s(double loss_w_per_k) const {
  return options_.capacity_wh_per_k * kHour_s / loss_w_per_k;
}

// In each span of ten minutes the door is opened once at most. A pure function of the time: no step
// misses it, and it is open after a restart as without one.
void HeatPump::draw_door(std::int64_t span) {
  door_ = {.span = span};
  const double probability = options_.opens_per_day * kDoor_ms / kWaking_ms;
  const auto index = 3 * static_cast<std::uint64_t>(span);
  if (chance_.uniform(index) >= probability) return;
  const auto length_ms = static_cast<std::int64_t>(
      std::lerp(kShortestOpen_ms, kLongestOpen_ms, chance_.uniform(index + 1)));
  const auto at_ms = static_cast<std::int64_t>(chance_.uniform(index + 2) *
                                               static_cast<double>(kDoor_ms - length_ms));
  door_.from_ms = span * kDoor_ms + at_ms;
  door_.until_ms = door_.from_ms + length_ms;
}

std::int64_t HeatPump::open_ms(TimePoint now, Millis dt) {
  if (options_.opens_per_day <= 0 || dt.count() <= 0) return 0;
  const std::int64_t end_ms = unix_ms(now);
  const std::int64_t begin_ms = end_ms - dt.count();
  std::int64_t open_ms = 0;
  for (std::int64_t span = begin_ms / kDoor_ms; span <= end_ms / kDoor_ms; ++span) {
    if (span != door_.span) draw_door(span);
    open_ms += std::max<std::int64_t>(
        0, std::min(end_ms, door_.until_ms) - std::max(begin_ms, door_.from_ms));
  }
  return open_ms;
}

void HeatPump::move_door(const Around& around, Millis dt) {
  open_share_ = 0;
  if (!around.has_people || dt.count() <= 0) return;
  open_share_ = static_cast<double>(open_ms(around.now, dt)) / static_cast<double>(dt.count());
}

}  // namespace gridloom::sim
