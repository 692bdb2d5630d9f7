// The power and counter values in the blocks of one hour, unpacked for integrate_hour().
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/blocks/block.h"
#include "history/blocks/field_names.h"
#include "history/energy/energy_sources.h"

namespace gridloom::history {

class HourRows {
 public:
  // All HourRows passed to one call of integrate_hour() need the same `sources` and `names`, which
  // outlive them.
  HourRows(const EnergySources& sources, const FieldNames& names)
      : sources_(&sources), names_(&names) {}

  // Adds one of the hour's blocks; an hour that was stored in chunks has several.
  [[nodiscard]] Status add(const Block& block);
  // Adds a power in W that was reported before the hour and still held at its beginning. Ignored if
  // the family does not have such a power (any more).
  void hold(FieldId source, double watts);
  // Must be called before the members are read.
  void finish();

  [[nodiscard]] bool empty() const { return times.empty(); }
  // True if there is more than connects and disconnects.
  [[nodiscard]] bool has_reports() const { return has_reports_; }

  // A reported value, or a disconnect. A field that exists in several modules has one source each.
  struct Change {
    static constexpr std::uint32_t kDisconnected = UINT32_MAX;
    std::int64_t at_ms = 0;
    FieldId source = 0;
    std::uint32_t power = 0;  // index in EnergySources::powers; kDisconnected: the connection ended
    double watts = 0;
  };
  // The values of one counter field, in Wh.
  struct Series {
    std::size_t counter = 0;  // index in EnergySources::counters
    std::vector<Point> points;
  };

  // Powers held at the beginning of the hour, by source.
  struct Held {
    std::uint32_t power = 0;  // index in EnergySources::powers
    double watts = 0;
  };

  std::map<FieldId, Held> held;
  std::vector<std::int64_t> times;  // of all rows
  std::vector<Change> changes;      // in time order
  std::map<FieldId, Series> series;

 private:
  [[nodiscard]] std::vector<FieldId> fields_of(const Block& block, const std::string& name) const;
  [[nodiscard]] Status add_power(const Block& block, FieldId field, std::uint32_t power);

  const EnergySources* sources_;
  const FieldNames* names_;
  bool has_reports_ = false;
};

// Maximum number of preceding hours with connects and disconnects only that are searched for
// reported values.
inline constexpr int kMaxSilentHours = 48;

// True if a block holds more than connects and disconnects.
[[nodiscard]] bool block_has_reports(const Block& block, const FieldNames& names);

}  // namespace gridloom::history
