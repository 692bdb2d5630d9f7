// Fits the factors of src/lab/sim/household/calibration.cc, and prints that file:
// `bench/household_fit > src/lab/sim/household/calibration.cc`. With --check it prints how far the
// shipped factors are off.
//
// In each round, the rate of uses in each season, kind of day and hour is multiplied by what is
// missing there of the published standard load profile, after what no use changes: stand-by,
// refrigerators, pumps.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/household/calibration.h"
#include "sim/household/load.h"

namespace {

using namespace gridloom;
using namespace gridloom::sim::household;

constexpr Millis kStep{900'000};
constexpr std::size_t kHomes = 40;
constexpr std::size_t kCheckedHomes = 40;
constexpr int kRounds = 7;
constexpr int kDays = 365;
constexpr std::int64_t kFirstDay =
    std::chrono::sys_days{std::chrono::January / 1 / 2025}.time_since_epoch().count();

Cells wanted_shape() {
  Cells cells{};
  for (int day = 0; day < kDays; ++day) {
    const Day date(kFirstDay + day);
    for (std::size_t hour = 0; hour < kDayHours; ++hour) {
      cell(cells, date, hour) += standard_profile_w(date, hour);
    }
  }
  return cells;
}

// Energy of a year, in Wh.
Cells lived(std::size_t first_home, std::size_t homes, const Rates& rates) {
  Cells cells{};
  for (std::size_t k = 0; k < homes; ++k) {
    const Chance chance = Chance(first_home + k).split("fit");
    Load load(HouseholdModel(chance, home_inventory(), {.yearly_kwh = 3500, .rates = &rates}),
              wired_together());
    for (int day = 0; day < kDays; ++day) {
      const Day date(kFirstDay + day);
      for (std::int64_t at_ms = kStep.count(); at_ms <= kDay_ms; at_ms += kStep.count()) {
        load.advance(date.number * kDay_ms + at_ms - 1, kStep);
        const auto hour = static_cast<std::size_t>((at_ms - 1) / (kDay_ms / 24));
        cell(cells, date, hour) += load.power_w(0) * static_cast<double>(kStep.count()) / 3.6e6;
      }
    }
  }
  return cells;
}

template <typename Change>
void each_cell(Cells& cells, Change change) {
  for (std::size_t s = 0; s < kSeasons; ++s) {
    for (std::size_t k = 0; k < kDayKinds; ++k) {
      for (std::size_t h = 0; h < kDayHours; ++h) change(cells.at(s).at(k).at(h), s, k, h);
    }
  }
}

double total(Cells cells) {
  double sum = 0;
  each_cell(cells, [&](double value, auto...) { sum += value; });
  return sum;
}

Cells all(double value) {
  Cells cells{};
  each_cell(cells, [&](double& factor, auto...) { factor = value; });
  return cells;
}

Cells fit() {
  constexpr double kStrength = 0.85;
  const Cells shape = wanted_shape();
  const double shape_sum = total(shape);
  const double wanted_wh = 3500.0 * 1000 * kHomes;
  const Cells fixed = lived(0, kHomes, Rates(home_inventory(), all(0)));
  Cells factors = all(1.3);
  for (int round = 0; round <= kRounds; ++round) {
    const Cells got = lived(0, kHomes, Rates(home_inventory(), factors));
    fmt::print(stderr, "round {}: {:.4f} of the energy misplaced, {:.4f} by hour, {:.0f} kWh\n",
               round, misplaced(got, shape), misplaced_by_hour(got, shape),
               total(got) / 1000 / kHomes);
    if (round == kRounds) break;
    each_cell(factors, [&](double& factor, std::size_t s, std::size_t k, std::size_t h) {
      const double fixed_wh = fixed.at(s).at(k).at(h);
      const double has = std::max(1.0, got.at(s).at(k).at(h) - fixed_wh);
      const double needs = shape.at(s).at(k).at(h) / shape_sum * wanted_wh - fixed_wh;
      factor *= std::pow(std::max(needs, 0.02 * has) / has, kStrength);
      factor = std::clamp(factor, 0.02, 9.0);
    });
  }
  return factors;
}

void check() {
  const Cells shape = wanted_shape();
  const Cells got = lived(1000, kCheckedHomes, Rates::shipped(home_inventory()));
  fmt::print("{} other homes: {:.4f} of the energy misplaced, {:.4f} by hour, {:.0f} kWh each\n",
             kCheckedHomes, misplaced(got, shape), misplaced_by_hour(got, shape),
             total(got) / 1000 / kCheckedHomes);
}

void print(Cells factors) {
  fmt::print(
      "// Made by bench/household_fit.cc; see there.\n"
      "#include \"sim/household/calibration.h\"\n\n"
      "namespace gridloom::sim::household {{\n\n"
      "const Cells& calibration() {{\n"
      "  static constexpr Cells kFactors = {{{{\n");
  for (const auto& season : factors) {
    fmt::print("      {{{{\n");
    for (const auto& kind : season) {
      fmt::print("          {{{{");
      for (std::size_t h = 0; h < kDayHours; ++h) {
        const std::string_view before = h == 0 ? "" : h % 12 == 0 ? ",\n            " : ", ";
        fmt::print("{}{:.3f}", before, kind.at(h));
      }
      fmt::print("}}}},\n");
    }
    fmt::print("      }}}},\n");
  }
  fmt::print(
      "  }}}};\n"
      "  return kFactors;\n"
      "}}\n\n"
      "}}  // namespace gridloom::sim::household\n");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--check") {
    check();
  } else {
    print(fit());
  }
}
