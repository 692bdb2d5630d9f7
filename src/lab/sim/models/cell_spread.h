// How the cells and sensors of a pack differ from each other: fixed for the life of the pack, and
// reported in the order of the cells, which is no order of their values.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/chance.h"
#include "sim/rounding.h"

namespace gridloom::sim {

class CellSpread {
 public:
  static constexpr std::size_t kMostCells = 16;

  explicit CellSpread(const Chance& chance) {
    const Chance rest = chance.split("rest");
    const Chance resistance = chance.split("resistance");
    const Chance charge = chance.split("charge");
    const Chance pack = chance.split("pack");
    // In some packs one cell is worse than the others.
    const bool has_weak = pack.uniform(0) < kWeakPacks;
    const auto weak = static_cast<std::size_t>(pack.uniform(1) * kMostCells);
    for (std::size_t k = 0; k < kMostCells; ++k) {
      const double worse = has_weak && k == weak ? 0.3 + 0.5 * pack.uniform(2) : 0;
      cells_.at(k) = {.rest_mv = static_cast<float>(kRest_mv * rest.normal(k)),
                      .resistance = static_cast<float>(kResistance * resistance.normal(k) + worse),
                      .charge = static_cast<float>(charge.normal(k))};
    }
  }

  struct Moment {
    double current_a = 0;
    double cell_ohm = 0;
    double soc_percent = 50;
  };
  // The cells' voltages in whole millivolts, which add up to `total_mv`.
  template <std::size_t n>
  [[nodiscard]] std::array<std::int64_t, n> cells_mv(std::int64_t total_mv,
                                                     const Moment& moment) const {
    static_assert(n <= kMostCells);
    std::array<std::int64_t, n> cells{};
    put_cells_mv(total_mv, moment, cells);
    return cells;
  }
  // The same for as many cells as there is room for, which is 1 to kMostCells.
  void put_cells_mv(std::int64_t total_mv, const Moment& moment,
                    std::span<std::int64_t> cells) const {
    const std::size_t n = cells.size();
    const double drop_mv = moment.current_a * moment.cell_ohm * 1000;
    // A difference of charge shows only where the voltage is steep: nearly full, and nearly empty.
    const double steep_mv = kFull_mv * square(std::max(0.0, moment.soc_percent - 96) / 4) +
                            kEmpty_mv * square(std::max(0.0, 8 - moment.soc_percent) / 8);
    std::array<double, kMostCells> apart_mv{};
    double sum_mv = 0;
    for (std::size_t k = 0; k < n; ++k) {
      const Cell& cell = cells_.at(k);
      apart_mv.at(k) = cell.rest_mv + cell.resistance * drop_mv + cell.charge * steep_mv;
      sum_mv += apart_mv.at(k);
    }
    std::int64_t left_mv = total_mv;
    const double mean_mv = (static_cast<double>(total_mv) - sum_mv) / static_cast<double>(n);
    for (std::size_t k = 0; k < n; ++k) {
      cells[k] = std::max<std::int64_t>(0, round_to_int64(mean_mv + apart_mv.at(k)));
      left_mv -= cells[k];
    }
    // The remainder of the rounding goes to cells here and there.
    for (std::size_t k = 0; left_mv != 0; k = (k + kStride) % n) {
      const std::int64_t step_mv = left_mv > 0 ? 1 : -1;
      if (cells[k] + step_mv < 0) continue;
      cells[k] += step_mv;
      left_mv -= step_mv;
    }
  }

 private:
  static constexpr double kRest_mv = 0.8;
  static constexpr double kResistance = 0.04;
  static constexpr double kWeakPacks = 1.0 / 6;
  static constexpr double kFull_mv = 11;
  static constexpr double kEmpty_mv = 8;
  static constexpr std::size_t kStride = 7;

  struct Cell {
    float rest_mv = 0;
    float resistance = 0;  // relative deviation
    float charge = 0;
  };
  [[nodiscard]] static double square(double value) { return value * value; }

  std::array<Cell, kMostCells> cells_{};
};

// Whole degrees of the sensors of a pack: inner ones are warmer than those at the ends.
inline void put_sensors_c(double cells_c, const Chance& chance, std::span<double> sensors) {
  for (std::size_t k = 0; k < sensors.size(); ++k) {
    const double end = k == 0 || k + 1 == sensors.size() ? -0.6 : 0.4;
    sensors[k] = round_half_away(cells_c + end + 0.5 * chance.normal(k));
  }
}
template <std::size_t n>
[[nodiscard]] std::array<double, n> sensors_c(double cells_c, const Chance& chance) {
  std::array<double, n> sensors{};
  put_sensors_c(cells_c, chance, sensors);
  return sensors;
}

}  // namespace gridloom::sim
