#include "sim/world.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace gridloom::sim {
namespace {

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

double radians(double degrees) { return degrees * std::numbers::pi / 180; }

// How much of a clear sky's light comes straight from the sun, relative to a sun in the zenith: a
// low sun's beam has a long way through the air. Meinel's beam (0.7^(AM^0.678)) over Haurwitz's
// global light, with the air mass of Kasten and Young.
double beam_share(double height) {
  constexpr double kLowest = 0.05;  // below, both formulas end
  const double up = std::max(height, kLowest);
  const double degrees = std::asin(std::min(up, 1.0)) * 180 / std::numbers::pi;
  const double air_mass = 1 / (up + 0.50572 * std::pow(degrees + 6.07995, -1.6364));
  const double share = std::pow(0.7, std::pow(air_mass, 0.678) - 1) * std::exp(0.059 / up - 0.059);
  return std::min(share, 1.0);
}

}  // namespace

double World::drift(std::string_view what, std::int64_t now_ms, std::int64_t period_ms) const {
  const Chance chance = chance_.split(what);
  const auto slot = static_cast<std::uint64_t>(now_ms / period_ms);
  const double part = static_cast<double>(now_ms % period_ms) / static_cast<double>(period_ms);
  return std::lerp(chance.normal(slot), chance.normal(slot + 1), part);
}

SunDirection World::sun_direction(double day_of_year, double hour) const {
  const double declination =
      radians(23.45) * std::sin(2 * std::numbers::pi * (day_of_year + 284) / 365);
  const double latitude = radians(options_.latitude_deg);
  const double angle = radians(15) * (hour - 12);
  return {.east = -std::cos(declination) * std::sin(angle),
          .north = std::cos(latitude) * std::sin(declination) -
                   std::sin(latitude) * std::cos(declination) * std::cos(angle),
          .up = std::sin(latitude) * std::sin(declination) +
                std::cos(latitude) * std::cos(declination) * std::cos(angle),
          .direct = 0};
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

// First-order responses to the air outside, in closed form: a pure function needs no past.
void World::put_air(double season, double hour, std::int64_t now_ms,
                    Environment& environment) const {
  const auto wave = [hour](double warmest_h) { return std::cos(radians(15) * (hour - warmest_h)); };
  // Never below `least`, with a smooth transition.
  const auto at_least = [](double celsius, double least) {
    constexpr double kSoft_k = 0.8;
    return least + kSoft_k * std::log1p(std::exp((celsius - least) / kSoft_k));
  };
  const auto open_windows = [](double celsius, double from_c) {
    constexpr double kRest = 0.3;
    return celsius > from_c ? from_c + kRest * (celsius - from_c) : celsius;
  };
  const double weather_k = std::clamp(2.5 * drift("air", now_ms, 2 * kDay_ms), -6.0, 6.0);
  const double mean_c = 10 + 9 * season + weather_k;
  const double outdoor_c = mean_c + 4 * wave(15);
  // People, cookers and windows to the south warm a house; heating and windows do the rest.
  const double house_c = at_least(mean_c + 5.5 + 0.7 * wave(18), 20.3 + 0.5 * wave(17));
  const double camper_c = at_least(outdoor_c + 2 + 6 * environment.sun, 18.8 + 0.9 * wave(17));
  const auto put = [&environment](catalog::Place place, double celsius) {
    environment.place_c.at(static_cast<std::size_t>(place)) = celsius;
  };
  put(catalog::Place::kOutdoor, outdoor_c);
  put(catalog::Place::kIndoor, open_windows(house_c, 23.5));
  put(catalog::Place::kGarage, mean_c + 2 + 1.2 * wave(20));
  put(catalog::Place::kCamper, open_windows(camper_c, 26));
  environment.air_c = outdoor_c;
}

// The other places keep their distance to the air outside; the house is heated all the same.
void World::put_file(Environment& environment) const {
  const WorldFile::Row* row = options_.file->at(environment.now);
  if (row == nullptr) return;
  if (row->load_w) environment.household_w = row->load_w;
  if (row->sun) environment.sun = *row->sun;
  if (!row->air_c) return;
  const double warmer_k = *row->air_c - environment.outdoor_c();
  for (const catalog::Place place : {catalog::Place::kOutdoor, catalog::Place::kGarage}) {
    environment.place_c.at(static_cast<std::size_t>(place)) += warmer_k;
  }
  environment.air_c = environment.outdoor_c();
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
  SunDirection direction = sun_direction(day_of_year, hour);
  const double height = direction.up;
  if (height > 0) {
    const double light = clouds(now_ms);
    // Haurwitz's clear sky in W/m2, relative to the 1000 at which a module is rated.
    environment.sun = 1.098 * height * std::exp(-0.059 / height) * light;
    direction.direct = std::clamp((light - 0.25) * 1.2, 0.0, 0.85) * beam_share(height);
  }
  environment.sun_direction = direction;
  put_air(season, hour, now_ms, environment);
  if (options_.file) put_file(environment);
  if (options_.place) {
    environment.place_c.fill(environment.place_c.at(static_cast<std::size_t>(*options_.place)));
  }
  environment.household_kwh = options_.yearly_kwh;
  environment.grid_v = 230 + 1.2 * drift("grid.v", now_ms, 120'000);
  environment.grid_hz = 50 + 0.02 * drift("grid.hz", now_ms, 60'000);
  return environment;
}

}  // namespace gridloom::sim
