// The state of a battery of physics: its charge and age, how far it charges and discharges, and its
// cells where fields show them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/chance.h"
#include "sim/battery.h"
#include "sim/fields.h"
#include "sim/model.h"
#include "sim/models/cell_spread.h"
#include "sim/models/parts.h"
#include "sim/physics_load.h"
#include "sim/physics_slots.h"

namespace gridloom::sim::physics {

// How the cells and sensors of a battery differ. It has as many of them as the longest list that
// shows them, or as many as is usual where only the least and the greatest are shown.
class Cells {
 public:
  Cells(const BatteryPart& part, const Battery::Options& options, const Fields& fields,
        const Chance& chance);

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
// Whether a field shows cells.
[[nodiscard]] bool shows_cells(const BatteryPart& part);

struct BatteryState : PartState {
  Battery battery{Battery::Options{}};
  std::optional<Cells> cells;
  double max_percent = 100;
  double min_percent = 0;
  Latch full;
  Latch empty;
  double give_w = 0;  // on the bus, at most
  double take_w = 0;
  std::int64_t charged_uj = 0;  // in the last step
  double count = 1;             // of equal batteries
};

// The charge, temperature and age that the fields show, as far as they do, after a time off.
[[nodiscard]] Battery::Options options_after(const BatteryPart& part, const Resumed& resumed);
// The charge that a field has at the start, or else the file.
[[nodiscard]] double initial_soc(const Fields& fields, const BatteryPart& part);

}  // namespace gridloom::sim::physics
