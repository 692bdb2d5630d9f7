// The cells and the temperature sensors of a battery of physics, where fields show them.
#pragma once

#include <cstdint>
#include <vector>

#include "base/chance.h"
#include "sim/battery.h"
#include "sim/fields.h"
#include "sim/models/cell_spread.h"
#include "sim/physics_slots.h"

namespace gridloom::sim::physics {

// Whether a field shows cells.
[[nodiscard]] bool shows_cells(const BatteryPart& part);

// How the cells and sensors of a battery differ. It has as many of them as the longest list that
// shows them, or as many as is usual where only the least and the greatest are shown.
class Cells {
 public:
  // Stands for `count` equal batteries side by side.
  Cells(const BatteryPart& part, double count, const Fields& fields, const Chance& chance);

  // Call it before write(), with the battery as it is then.
  void measure(const Battery& battery);
  // Whether the quantity is one of cells, and is written now.
  bool write(Fields& fields, const Feed& feed) const;

 private:
  CellSpread spread_;
  Chance sensors_chance_;
  double cell_ohm_ = 0;
  std::vector<std::int64_t> cells_mv_;
  std::vector<double> cells_v_;
  std::vector<double> sensors_c_;
};

}  // namespace gridloom::sim::physics
