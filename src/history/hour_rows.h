// What the blocks of an hour say of powers and counters, unpacked for accounting().
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/block.h"
#include "history/field_names.h"
#include "history/meters.h"

namespace gridloom::history {

class HourRows {
 public:
  // The same `meters` and `names` for all that account() is given together; they outlive it.
  HourRows(const Meters& meters, const FieldNames& names) : meters_(&meters), names_(&names) {}

  // One of the hour's blocks, if it came in several.
  [[nodiscard]] Status add(const Block& block);
  // What the device had said before the hour and not taken back when it began: `watts` of a power.
  // Ignored if the family has no such power (any more).
  void hold(FieldId source, double watts);
  // Before anything is read.
  void finish();

  [[nodiscard]] bool empty() const { return times.empty(); }
  // More than that it came or went.
  [[nodiscard]] bool said_anything() const { return said_anything_; }

  // Something that the device said. A field of several modules is several sources.
  struct Change {
    static constexpr std::uint32_t kWentAway = UINT32_MAX;
    std::int64_t at_ms = 0;
    FieldId source = 0;
    std::uint32_t power = 0;  // index into Meters::powers; kWentAway: the connection ended
    double watts = 0;
  };
  // Of one counter's field, in Wh.
  struct Series {
    std::size_t counter = 0;  // index into Meters::counters
    std::vector<Point> points;
  };

  // By source: what held when the hour began.
  struct Held {
    std::uint32_t power = 0;  // index into Meters::powers
    double watts = 0;
  };

  std::map<FieldId, Held> held;
  std::vector<std::int64_t> times;  // of all rows
  std::vector<Change> changes;      // in the order of time
  std::map<FieldId, Series> series;

 private:
  [[nodiscard]] std::vector<FieldId> fields_of(const Block& block, const std::string& name) const;
  [[nodiscard]] Status add_power(const Block& block, FieldId field, std::uint32_t power);

  const Meters* meters_;
  const FieldNames* names_;
  bool said_anything_ = false;
};

// Before an hour this many in which it only came and went are looked over, and no more.
inline constexpr int kMostSilentHours = 48;

// Whether a block holds more than that the device came or went.
[[nodiscard]] bool says_anything(const Block& block, const FieldNames& names);

}  // namespace gridloom::history
