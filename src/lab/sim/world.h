// The site that virtual devices share: sun, air and grid at a moment, from one seed. A pure
// function of time: any order of calls, any step and any thread give the same result. Each device
// has a household of its own (household/load.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/chance.h"
#include "base/clock.h"
#include "catalog/physics.h"
#include "sim/model.h"
#include "sim/world_file.h"
#include "time/time_zone.h"

namespace gridloom::sim {

class World {
 public:
  struct Options {
    std::uint64_t seed = 1;
    double latitude_deg = 51;
    double yearly_kwh = 3500;  // of each household
    time::TimeZone zone{};     // of its clocks
    // Where all devices stand; by default as the device files say.
    std::optional<catalog::Place> place{};
    // Household and weather of a real home, in place of the seed's.
    std::shared_ptr<const WorldFile> file{};
  };
  explicit World(const Options& options) : options_(options), chance_(options.seed) {}

  [[nodiscard]] Environment at(TimePoint now) const;

 private:
  void put_file(Environment& environment) const;
  [[nodiscard]] SunDirection sun_direction(double day_of_year, double hour) const;
  // The fraction of a clear sky's light that the clouds let through.
  [[nodiscard]] double clouds(std::int64_t now_ms) const;
  void put_air(double season, double hour, std::int64_t now_ms, Environment& environment) const;
  // Smooth random values: linear between one draw every `period_ms`.
  [[nodiscard]] double drift(std::string_view what, std::int64_t now_ms,
                             std::int64_t period_ms) const;

  Options options_;
  Chance chance_;
};

}  // namespace gridloom::sim
