// The Smart Home Panel's circuits, packs and daily counters.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "sim/battery.h"
#include "sim/fields.h"
#include "sim/kept.h"
#include "sim/models/panel_json.h"
#include "sim/models/panel_tasks.h"
#include "sim/text_buffer.h"
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
  std::optional<Charger> charger{};  // nullopt: whichever it was before the last report
  bool ready = false;                // may supply
  double most_w = 0;                 // limit of what it can supply and its channel lets through
  double limit_soc = 100;            // where charging or supplying ends
  double in_w = 0;                   // as measured by the panel
  double out_w = 0;                  // as measured by the panel

  void keep(this auto& self, auto& kept) {
    kept("battery", self.battery);
    kept("charging", self.charging);
    kept("charger", self.charger);
  }
};

inline constexpr std::size_t kHours = 24;

// Watt-hours by channel and hour of the panel's day; reported in whole ones. The hour that counts
// is apart from the others, so that a step touches little memory.
template <std::size_t kRows>
class DayMatrix {
 public:
  void clear() { *this = DayMatrix(); }
  void show_again() { version_ = 0; }
  // Continues what show() wrote earlier on the same day. The cells have lost their fractions, so
  // they are less together than the reported sum.
  void restore(const wire::Json& rows, double sum_wh) {
    constexpr double kMost_wh = 1e6;  // in an hour
    clear();
    for (std::size_t hour = 0; hour < kHours; ++hour) {
      for (std::size_t row = 0; row < kRows; ++row) {
        const double cell_wh = std::clamp(number(at(at(rows, row), hour)), 0.0, kMost_wh);
        cells_.at(hour).at(row) = cell_wh;
        sum_wh_ += cell_wh;
      }
    }
    now_ = cells_.at(hour_);
    if (sum_wh < sum_wh_ + kRows * kHours) sum_wh_ = std::max(sum_wh_, sum_wh);
  }

  void add(std::size_t row, std::size_t hour, double energy_wh) {
    if (hour != hour_) begin(hour);
    double& cell = now_.at(row);
    const bool shows = shown(cell + energy_wh) != shown(cell);
    cell += energy_wh;
    sum_wh_ += energy_wh;
    if (shows) changed_rows_.at(row) = has_changed_rows_ = true;
  }

  // With the fractions of the hour that counts; call it after restore().
  void keep(this auto& self, auto& kept) {
    std::size_t hour = self.hour_;
    kept("hour", hour);
    if constexpr (kReads<decltype(kept)>) {
      if (hour >= kHours) return;
      self.begin(hour);
    }
    kept("now", self.now_);
    kept("sum", self.sum_wh_);
  }

  [[nodiscard]] double sum_wh() const { return sum_wh_; }

  // A change of the hour's cells replaces their numbers in the field's text, and any other change
  // the text.
  void show(Fields& fields, Slot slot) {
    if (version_ == 0 || version_ != fields.text_version(slot)) return show_all(fields, slot);
    if (!has_changed_rows_) return;
    std::size_t longer = 0;  // than before, modulo 2^64
    for (std::size_t row = 0; row < kRows; ++row) {
      Place& place = places_.at(row);
      place.at += longer;
      if (!std::exchange(changed_rows_.at(row), false)) continue;
      std::array<char, kNumberBytes> digits;
      const char* const end = write_whole(digits.data(), shown(now_.at(row)));
      const std::string_view text(digits.data(), end);
      fields.replace(slot, {.at = place.at, .length = place.length}, text);
      longer += text.size() - place.length;
      place.length = text.size();
    }
    has_changed_rows_ = false;
  }

 private:
  struct Place {  // of the hour's number in the text
    std::size_t at = 0;
    std::size_t length = 0;
  };

  [[nodiscard]] static std::int64_t shown(double cell_wh) {
    return static_cast<std::int64_t>(cell_wh);
  }

  void begin(std::size_t hour) {
    cells_.at(hour_) = now_;
    now_ = cells_.at(hour);
    hour_ = hour;
    version_ = 0;  // the text has the places of another hour
  }

  void show_all(Fields& fields, Slot slot) {
    cells_.at(hour_) = now_;
    TextBuffer& json = empty_buffer();
    char before_row = '[';
    for (std::size_t row = 0; row < kRows; ++row) {
      json.append(std::exchange(before_row, ','));
      char before = '[';
      for (std::size_t hour = 0; hour < kHours; ++hour) {
        json.append(std::exchange(before, ','));
        const std::size_t at = json.view().size();
        json.append_whole(shown(cells_.at(hour).at(row)));
        if (hour == hour_) places_.at(row) = {.at = at, .length = json.view().size() - at};
      }
      json.append(']');
    }
    json.append(']');
    fields.set_json(slot, json.view());
    version_ = fields.text_version(slot);
    changed_rows_ = {};
    has_changed_rows_ = false;
  }

  double sum_wh_ = 0;
  std::size_t hour_ = 0;
  std::array<double, kRows> now_{};                        // in `hour_`
  std::array<std::array<double, kRows>, kHours> cells_{};  // that of `hour_` is out of date
  std::array<bool, kRows> changed_rows_{};                 // in `hour_`
  bool has_changed_rows_ = false;
  std::array<Place, kRows> places_{};
  std::uint32_t version_ = 0;  // of the text that has the places; 0: the text is to be made anew
};

}  // namespace gridloom::sim::panel
