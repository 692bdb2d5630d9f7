// The site that virtual devices share: sun, air, grid and household at a moment, from one seed. A
// pure function of time: any order of calls, any step and any thread give the same result.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/model.h"
#include "time/time_zone.h"

namespace gridloom::sim {

class World {
 public:
  struct Options {
    std::uint64_t seed = 1;
    double latitude_deg = 51;
    double yearly_kwh = 3500;  // of the household
    time::TimeZone zone{};     // of its clocks
  };
  explicit World(const Options& options) : options_(options), chance_(options.seed) {}

  [[nodiscard]] Environment at(TimePoint now) const;

 private:
  [[nodiscard]] double sun(double day_of_year, double hour, std::int64_t now_ms) const;
  // The fraction of a clear sky's light that the clouds let through.
  [[nodiscard]] double clouds(std::int64_t now_ms) const;
  [[nodiscard]] double household_w(double day_of_year, double hour, std::int64_t now_ms) const;
  // Smooth random values: linear between one draw every `period_ms`.
  [[nodiscard]] double drift(std::string_view what, std::int64_t now_ms,
                             std::int64_t period_ms) const;

  Options options_;
  Chance chance_;
};

}  // namespace gridloom::sim
