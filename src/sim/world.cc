#include "sim/world.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace gridloom::sim {
namespace {

constexpr std::int64_t kDay_ms = 86'400'000;
// kW by hour of a home that uses 1 MWh a year: the published standard load profile's shape.
constexpr std::array<double, 24> kLoadShape = {
    0.0583, 0.0432, 0.0396, 0.0385, 0.0391, 0.0468, 0.0901, 0.1294, 0.1335, 0.1232, 0.1162, 0.1183,
    0.1307, 0.1295, 0.1154, 0.1048, 0.1052, 0.1287, 0.1662, 0.1871, 0.1682, 0.1410, 0.1167, 0.0864};

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

}  // namespace

double World::drift(std::string_view what, std::int64_t now_ms, std::int64_t period_ms) const {
  const Chance chance = chance_.split(what);
  const auto slot = static_cast<std::uint64_t>(now_ms / period_ms);
  const double part = static_cast<double>(now_ms % period_ms) / static_cast<double>(period_ms);
  return std::lerp(chance.normal(slot), chance.normal(slot + 1), part);
}

double World::sun(double day_of_year, double hour, std::int64_t now_ms) const {
  const double declination =
      radians(23.45) * std::sin(2 * std::numbers::pi * (day_of_year + 284) / 365);
  const double latitude = radians(options_.latitude_deg);
  const double angle = radians(15) * (hour - 12);
  const double height = std::sin(latitude) * std::sin(declination) +
                        std::cos(latitude) * std::cos(declination) * std::cos(angle);
  if (height <= 0) return 0;
  // Haurwitz's clear sky in W/m2, against the 1000 that a module is rated at.
  const double clear = 1.098 * height * std::exp(-0.059 / height);
  const double clouds = 0.6 + 0.25 * drift("cloud.day", now_ms, kDay_ms / 4) +
                        0.15 * drift("cloud.minute", now_ms, 300'000);
  return clear * std::clamp(clouds, 0.08, 1.0);
}

double World::household_w(double hour, std::int64_t now_ms) const {
  const auto h = static_cast<std::size_t>(hour) % 24;
  const double base = options_.yearly_kwh * std::lerp(kLoadShape.at(h), kLoadShape.at((h + 1) % 24),
                                                      hour - std::floor(hour));
  double watts = base * 0.8 * std::max(0.4, 1 + 0.35 * drift("load", now_ms, 90'000));
  if (now_ms / 1000 % 2700 < 900) watts += 90;  // a fridge: 15 of 45 minutes
  const auto slot = static_cast<std::uint64_t>(now_ms / 240'000);
  if (chance_.split("kettle").uniform(slot) < base / options_.yearly_kwh * 0.25) watts += 1900;
  return watts;
}

Surroundings World::at(TimePoint now) const {
  const std::int64_t now_ms = unix_ms(now);
  const std::int64_t local = now_ms + options_.utc_offset_ms;
  const std::int64_t local_ms = local % kDay_ms;
  const double hour = static_cast<double>(local_ms) / 3'600'000;
  const double day_of_year = std::fmod(static_cast<double>(local) / kDay_ms, 365.25);
  const double season = std::cos(2 * std::numbers::pi * (day_of_year - 200) / 365.25);
  Surroundings around;
  around.now = now;
  around.local_ms = local_ms;
  around.sun = sun(day_of_year, hour, now_ms);
  around.air_c = 10 + 9 * season + 4 * std::cos(radians(15) * (hour - 15));
  around.household_w = household_w(hour, now_ms);
  around.grid_v = 230 + 1.2 * drift("grid.v", now_ms, 120'000);
  around.grid_hz = 50 + 0.02 * drift("grid.hz", now_ms, 60'000);
  return around;
}

}  // namespace gridloom::sim
