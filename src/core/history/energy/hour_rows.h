// The power and counter values of an hour, or of a part of it, unpacked for integrate_hour(): from
// blocks, or from reports as they come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/blocks/block.h"
#include "history/blocks/field_names.h"
#include "history/energy/energy_sources.h"

namespace gridloom::history {

// The fields that an account needs of reports that have the same fields in the same order.
struct WantedFields {
  enum class Kind : std::uint8_t { kPower, kCondition, kCounter, kPresence };
  struct Field {
    std::size_t position = 0;  // among the fields of the report
    FieldId field = 0;
    Kind kind{};
    std::uint32_t index = 0;  // in EnergySources::powers, conditions or counters
  };
  std::vector<Field> fields;  // by position
  bool are_reports = false;   // there is more than connects and disconnects
};
[[nodiscard]] WantedFields wanted_fields(const EnergySources& sources, const FieldNames& names,
                                         std::span<const FieldId> fields);

class HourRows {
 public:
  // All HourRows passed to one call of integrate_hour() need the same `sources` and `names`, which
  // outlive them.
  HourRows(const EnergySources& sources, const FieldNames& names)
      : sources_(&sources), names_(&names) {}

  // Adds one of the hour's blocks; an hour that was stored in chunks has several.
  [[nodiscard]] Status add(const Block& block);
  // Adds a report, whose values are as append_value() writes them.
  void add(std::int64_t at_ms, const WantedFields& wanted, std::string_view values);
  // Adds a power in W that was reported before the hour and still held at its beginning. Ignored if
  // the family does not have such a power (any more).
  void hold(FieldId source, double watts);
  // Must be called before the members are read.
  void finish();
  // For rows that are accounted for, after finish(). Adds later ones to them, and drops what the
  // account of the next rows does not need: it needs the rows from each counter's last sample on,
  // kMostKept at most, the powers held then, and two samples of each counter.
  void go_on_with(const HourRows& later);
  static constexpr std::size_t kMostKept = 64;

  [[nodiscard]] bool empty() const { return times.empty(); }
  // True if there is more than connects and disconnects.
  [[nodiscard]] bool has_reports() const { return has_reports_; }

  // A reported value, or a disconnect. A field that exists in several modules has one source each.
  struct Change {
    static constexpr std::uint32_t kDisconnected = UINT32_MAX;
    static constexpr std::uint32_t kFirstCondition = 1U << 30U;
    std::int64_t at_ms = 0;
    FieldId source = 0;
    // Index in EnergySources::powers; from kFirstCondition on, in its conditions; kDisconnected:
    // the connection ended.
    std::uint32_t power = 0;
    double watts = 0;  // of a condition: 1 if it is met, else 0
  };
  // The values of one counter field, in Wh.
  struct Series {
    std::size_t counter = 0;  // index in EnergySources::counters
    std::vector<Point> points;
  };

  // Powers held at the beginning of the hour, by source.
  struct Held {
    std::uint32_t power = 0;  // as Change::power
    double watts = 0;
  };

  std::map<FieldId, Held> held;
  std::vector<std::int64_t> times;  // of all rows
  std::vector<Change> changes;      // in time order
  std::map<FieldId, Series> series;

  // Takes away the last sample of each counter, as the next one shows whether it is a misread, and
  // the one before if the counter went back since.
  [[nodiscard]] std::map<FieldId, Series> hold_back();
  // Drops these rows and keeps their room: the next ones follow reports of the same hour, and begin
  // with the samples that were held back.
  void begin_behind_reports(std::map<FieldId, Series> held_back);

 private:
  [[nodiscard]] std::vector<FieldId> fields_of(const Block& block, const std::string& name) const;
  [[nodiscard]] Status add_power(const Block& block, FieldId field, std::uint32_t power);
  [[nodiscard]] Status add_condition(const Block& block, std::uint32_t condition);
  void drop_before(std::int64_t at_ms);
  void add_change(std::int64_t at_ms, FieldId field, std::uint32_t power, const Value& value);
  void add_watts(std::int64_t at_ms, FieldId field, std::uint32_t power, double value);
  void add_met(std::int64_t at_ms, FieldId field, std::uint32_t condition, double value);
  void add_sample(std::int64_t at_ms, FieldId field, std::uint32_t counter, double value);

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
