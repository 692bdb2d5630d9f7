#include "sim/world.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace gridloom::sim {
namespace {

constexpr std::int64_t kDay_ms = 86'400'000;
// kW by hour of a home that uses 1 MWh a year: the shape of the published standard load profile.
constexpr std::array<double, 24> kLoadShape = {
    0.0583, 0.0432, 0.0396, 0.0385, 0.0391, 0.0468, 0.0901, 0.1294, 0.1335, 0.1232, 0.1162, 0.1183,
    0.1307, 0.1295, 0.1154, 0.1048, 0.1052, 0.1287, 0.1662, 0.1871, 0.1682, 0.1410, 0.1167, 0.0864};

// A state of the sky: its light, and how much that varies within minutes.
struct Sky {
  double light = 1;
  double spread = 0;
};
constexpr Sky kClear{.light = 0.95, .spread = 0.02};
constexpr Sky kBroken{.light = 0.60, .spread = 0.25};
constexpr Sky kOvercast{.light = 0.25, .spread = 0.05};
// How long a sky lasts, and how long the change to the next one takes.
constexpr std::int64_t kSky_ms = 45 * 60'000;
constexpr std::int64_t kSkyChanges_ms = 10 * 60'000;
constexpr std::int64_t kCloud_ms = 5 * 60'000;

// A kind of day: its probability, and on such a day that of a clear sky, and of a clear or broken
// one.
struct Day {
  double likely = 0;
  double clear = 0;
  double broken = 0;
};
constexpr std::array<Day, 3> kDays = {{{.likely = 0.34, .clear = 0.75, .broken = 0.95},
                                       {.likely = 0.36, .clear = 0.20, .broken = 0.80},
                                       {.likely = 0.30, .clear = 0.02, .broken = 0.22}}};

// The published standard load profile's factor for the season.
double season_of(double day) {
  return (((-3.92e-10 * day + 3.2e-7) * day - 7.02e-5) * day + 2.1e-3) * day + 1.24;
}

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
  // Haurwitz's clear sky in W/m2, relative to the 1000 at which a module is rated.
  const double clear = 1.098 * height * std::exp(-0.059 / height);
  return clear * clouds(now_ms);
}

double World::clouds(std::int64_t now_ms) const {
  const auto sky_of = [&](std::int64_t number) {
    const auto day = static_cast<std::uint64_t>(number * kSky_ms / kDay_ms);
    double left = chance_.split("sky.day").uniform(day);
    std::size_t kind = 0;
    while (kind + 1 < kDays.size() && left >= kDays.at(kind).likely)
      left -= kDays.at(kind++).likely;
    const double sky = chance_.split("sky").uniform(static_cast<std::uint64_t>(number));
    if (sky < kDays.at(kind).clear) return kClear;
    return sky < kDays.at(kind).broken ? kBroken : kOvercast;
  };
  const std::int64_t number = now_ms / kSky_ms;
  const Sky from = sky_of(number);
  const Sky to = sky_of(number + 1);
  const std::int64_t into_change_ms = now_ms % kSky_ms - (kSky_ms - kSkyChanges_ms);
  const double part = std::max(0.0, static_cast<double>(into_change_ms) / kSkyChanges_ms);
  const double light = std::lerp(from.light, to.light, part) +
                       std::lerp(from.spread, to.spread, part) * drift("cloud", now_ms, kCloud_ms);
  // May exceed a clear sky's light: the edges of clouds add light.
  return std::clamp(light, 0.08, 1.05);
}

double World::household_w(double day_of_year, double hour, std::int64_t now_ms) const {
  const auto h = static_cast<std::size_t>(hour) % 24;
  const double base =
      options_.yearly_kwh * season_of(day_of_year) *
      std::lerp(kLoadShape.at(h), kLoadShape.at((h + 1) % 24), hour - std::floor(hour));
  double watts = base * 0.8 * std::max(0.4, 1 + 0.35 * drift("load", now_ms, 90'000));
  if (now_ms / 1000 % 2700 < 900) watts += 90;  // a fridge: 15 of 45 minutes
  const auto slot = static_cast<std::uint64_t>(now_ms / 240'000);
  if (chance_.split("kettle").uniform(slot) < base / options_.yearly_kwh * 0.25) watts += 1900;
  return watts;
}

Environment World::at(TimePoint now) const {
  const std::int64_t now_ms = unix_ms(now);
  const Millis utc_offset = options_.zone.offset_at(now);
  const std::int64_t local = now_ms + utc_offset.count();
  const std::int64_t local_ms = local % kDay_ms;
  const double hour = static_cast<double>(local_ms) / 3'600'000;
  const double day_of_year = std::fmod(static_cast<double>(local) / kDay_ms, 365.25);
  const double season = std::cos(2 * std::numbers::pi * (day_of_year - 200) / 365.25);
  Environment environment;
  environment.now = now;
  environment.utc_offset = utc_offset;
  environment.local_ms = local_ms;
  environment.sun = sun(day_of_year, hour, now_ms);
  environment.air_c = 10 + 9 * season + 4 * std::cos(radians(15) * (hour - 15));
  environment.household_w = household_w(day_of_year, hour, now_ms);
  environment.grid_v = 230 + 1.2 * drift("grid.v", now_ms, 120'000);
  environment.grid_hz = 50 + 0.02 * drift("grid.hz", now_ms, 60'000);
  return environment;
}

}  // namespace gridloom::sim
