// A battery of physics: how it begins, with the charge of its file or as its fields were left, and
// what it can give and take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "sim/battery.h"
#include "sim/fields.h"
#include "sim/models/cell_spread.h"
#include "sim/models/parts.h"
#include "sim/physics_load.h"
#include "sim/physics_slots.h"

namespace gridloom::sim::physics {

// The cells and the temperature sensors of a battery of physics, where fields show them.
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

struct BatteryState : PartState {
  Battery battery{Battery::Options{}};
  double max_percent = 100;
  double min_percent = 0;
  double kept_percent = 0;  // for an outage
  Latch full;
  Latch empty;
  double give_w = 0;  // on the bus, at most
  double take_w = 0;
  std::int64_t charged_uj = 0;  // in the last step
  double count = 1;             // of equal batteries
  std::optional<Cells> cells;
  bool plugged = true;   // an extra battery may be away
  bool blocked = false;  // by its protection, in the last step
  std::string serial;    // of an extra battery

  void keep(this auto& self, auto& kept) {
    self.PartState::keep(kept);
    kept("battery", self.battery);
    kept("full", self.full);
    kept("empty", self.empty);
  }
};

inline constexpr double kIdle_w = 1;  // a battery with less power is idle
inline constexpr int kLongest_min = 5999;

// The place in catalog::kBatteryStates.
[[nodiscard]] std::size_t state_of(double power_w);

// Writes a serial number into a string, or as character codes into an array, which keeps the length
// of its initial value: zeros fill what is left.
void write_serial(Fields& fields, Slot slot, std::string_view serial);

// The charge in percent that the fields of a new device have, or else that of the part.
[[nodiscard]] double initial_soc(const Fields& fields, const BatteryPart& part);

// How the battery begins, where `main_soc_percent` is the charge of the device: an extra battery as
// its home has it.
[[nodiscard]] Battery::Options options_at_start(const BatteryPart& part, double main_soc_percent,
                                                const Environment& environment);

// The same with the charge, temperature and age that the fields show, as far as they do, after the
// time off.
[[nodiscard]] Battery::Options options_after(const BatteryPart& part, const Resumed& resumed);

// The quantity of a battery now; 0 of one that is away. Nothing: it is no such number.
[[nodiscard]] std::optional<double> number_of(catalog::Quantity quantity,
                                              const BatteryState& state);

struct NextStep {
  bool allowed = true;  // by the battery's protection
  Millis dt{0};
  bool grid_up = false;
};
// Writes the serial number, times, state and cells of a battery. False: the quantity is a number or
// an energy.
[[nodiscard]] bool write_shown(Fields& fields, const Feed& feed, const BatteryState& state);

// Computes what it can give and take in a step. It ends at its limits, however long the step is.
void limit_battery(const BatteryPart& part, BatteryState& state, const NextStep& step);

}  // namespace gridloom::sim::physics
