// The Smart Home Panel's circuits, packs and daily counters.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "sim/battery.h"
#include "sim/fields.h"
#include "sim/models/panel_tasks.h"
#include "wire/json.h"

namespace gridloom::sim::panel {

// The values are those on the wire.
enum class Source : std::int64_t { kGrid = 0, kStorage = 1, kOff = 2 };

struct Load {
  Source source = Source::kGrid;
  double power_w = 0;
  std::int64_t priority = 0;  // the highest number is shed first
};
using Loads = std::array<Load, kLoads>;

[[nodiscard]] inline double stored_w(const Loads& loads) {
  double sum_w = 0;
  for (const Load& load : loads) sum_w += load.source == Source::kStorage ? load.power_w : 0;
  return sum_w;
}

// nullptr if no circuit is fed by storage.
[[nodiscard]] inline Load* least_important_stored(Loads& loads) {
  Load* least = nullptr;
  for (Load& load : loads) {
    const bool stored = load.source == Source::kStorage;
    if (stored && (least == nullptr || load.priority >= least->priority)) least = &load;
  }
  return least;
}

// The setting that controls a pack's charging.
enum class Charger : std::uint8_t { kFloor, kHand, kTask };

struct Pack {
  Battery battery{Battery::Options{}};
  bool connected = false;
  double rated_w = 0;
  bool blocked = false;  // its protection blocks charging and discharging
  bool charging = false;
  Charger charger = Charger::kFloor;
  bool ready = false;      // may supply
  double most_w = 0;       // limit of what it can supply and its channel lets through
  double limit_soc = 100;  // where charging or supplying ends
  double in_w = 0;         // as measured by the panel
  double out_w = 0;        // as measured by the panel
};

inline constexpr std::size_t kHours = 24;

// Watt-hours by channel and hour of the panel's day; reported in whole ones. The hour that counts
// is apart from the others, so that a step touches little memory.
template <std::size_t kRows>
class DayMatrix {
 public:
  void clear() { *this = DayMatrix(); }
  void show_again() { changed_ = true; }

  void add(std::size_t row, std::size_t hour, double energy_wh) {
    if (hour != hour_) begin(hour);
    double& cell = now_.at(row);
    changed_ = changed_ || shown(cell + energy_wh) != shown(cell);
    cell += energy_wh;
    sum_wh_ += energy_wh;
  }

  [[nodiscard]] double sum_wh() const { return sum_wh_; }

  void show(Fields& fields, Slot slot) {
    if (!changed_) return;
    cells_.at(hour_) = now_;
    wire::JsonArray rows;
    for (std::size_t row = 0; row < kRows; ++row) {
      wire::JsonArray hours;
      for (const auto& cells : cells_) hours.emplace_back(shown(cells.at(row)));
      rows.emplace_back(std::move(hours));
    }
    fields.set(slot, std::move(rows));
    changed_ = false;
  }

 private:
  [[nodiscard]] static std::int64_t shown(double cell) { return static_cast<std::int64_t>(cell); }

  void begin(std::size_t hour) {
    cells_.at(hour_) = now_;
    now_ = cells_.at(hour);
    hour_ = hour;
  }

  double sum_wh_ = 0;
  std::size_t hour_ = 0;
  bool changed_ = true;
  std::array<double, kRows> now_{};                        // in `hour_`
  std::array<std::array<double, kRows>, kHours> cells_{};  // that of `hour_` is out of date
};

}  // namespace gridloom::sim::panel
