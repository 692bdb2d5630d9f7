// Writes the history of one device beyond a position as lines, some at a time: memory does not grow
// with the span. First come the hours that were stored since, as they were stored, then those in
// memory. If an hour has more rows than are written, the rows behind the last written one are
// lines, or all of them if some came late: the database has a value that it is given again once.
//
// A database keeps one value of a field at a time, so rows of one millisecond are a nanosecond
// apart, in their order: the same ones whenever they are written, because lines never begin within
// a millisecond.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "bridges/core/patterns.h"
#include "bridges/core/plain_value.h"
#include "bridges/influx/bridge.h"
#include "bridges/influx/positions.h"
#include "catalog/family.h"
#include "history/block_walk.h"
#include "history/reader.h"
#include "history/series/series_reader.h"

namespace gridloom::bridges {

// Lines are those that databases of time series take: "measurement,tag=text field=1,other=2
// 1700000000000".

// The beginning of the lines of one device: measurement and tags. Tags without a text are left out.
[[nodiscard]] std::string line_begin(std::string_view measurement, std::span<const NamedText> tags);

// Writes one line after another into a text. Numbers are written as floats, so that a field keeps
// its type whatever number it has.
class LineWriter {
 public:
  explicit LineWriter(std::string begin) : begin_(std::move(begin)) {}

  // Adds a field to the line; a value that is none adds nothing.
  void add(const PlainValue& value);
  // Ends the line, at a time in Unix nanoseconds. False: it has no fields, and nothing is appended.
  bool end(std::int64_t at_ns, std::string& out);

 private:
  std::string begin_;
  std::string fields_;
};

// Lines that are sent together.
struct LineBatch {
  std::string text;
  std::size_t lines = 0;
};

class HistoryLines final : private history::SeriesSink {
 public:
  static constexpr std::size_t kMaxLines = 5'000;
  static constexpr std::size_t kMaxBytes = std::size_t{1} * 1024 * 1024;
  static constexpr std::size_t kHoursAtOnce = 1'024;  // of which more is known than their number

  struct Device {
    std::string sn;
    std::string name;
    DeviceNumber number = 0;
    catalog::FamilyPtr family;
  };
  // `anew`: where to begin if the position is of another history.
  HistoryLines(Device device, std::shared_ptr<const InfluxSettings> settings,
               DevicePosition position, DevicePosition anew);

  // Reads for a slice, or until the batch is full. kDamaged, kIo as Reader.
  [[nodiscard]] Status work(history::Reader& reader);
  // After kDamaged: continues behind the hour that cannot be read. False: there is no such hour.
  [[nodiscard]] bool pass_over();
  [[nodiscard]] bool is_full() const {
    return batch_.lines >= kMaxLines || batch_.text.size() >= kMaxBytes;
  }
  // There is nothing more to read.
  [[nodiscard]] bool done() const { return is_over_; }
  [[nodiscard]] LineBatch take();
  // Once all lines that were taken are written: hours that are taken in part do not count.
  [[nodiscard]] const DevicePosition& position() const { return position_; }

 private:
  struct Hour {
    std::int64_t hour = 0;
    std::optional<std::int64_t> mark{};  // nothing: it is in memory
  };
  struct Count {
    explicit Count(const history::BlockWalk::Options& of)
        : walk(of), all{.hour = of.from, .last_ms = kBeginOfTime_ms} {}
    history::BlockWalk walk;
    DevicePosition::Hour all{};  // its rows
    std::int64_t early = 0;      // of these, those up to the last written one
  };
  void begin(const std::vector<std::string>& fields) override { fields_ = fields; }
  void begin_field(std::string_view /*name*/) override {}
  void add_points(std::span<const history::SeriesPoint> /*points*/) override {}
  void end_field() override {}
  void add_row(std::int64_t at_ms, std::span<const history::SeriesPoint* const> row) override;
  void end() override {}

  [[nodiscard]] Status step(history::Reader& reader);
  [[nodiscard]] Status list(history::Reader& reader);
  [[nodiscard]] Status count(history::Reader& reader);
  // Once the rows are counted.
  void begin_lines();
  void end_hour();

  const Device device_;
  const std::shared_ptr<const InfluxSettings> settings_;
  DevicePosition position_;
  const DevicePosition anew_;
  LineWriter writer_;
  history::DeviceVisit visit_;
  bool is_over_ = false;
  std::optional<std::int64_t> newest_;   // mark; nothing: not all hours are listed yet
  std::vector<std::int64_t> in_memory_;  // hours, as of the first list
  std::deque<Hour> hours_;               // the first is being read
  std::optional<Count> count_;
  std::optional<history::SeriesReader> series_;
  std::vector<std::string> fields_;     // of the series
  std::optional<std::int64_t> row_ms_;  // time of its last row
  std::int64_t in_ms_ = 0;              // rows before it in the same millisecond
  LineBatch batch_;
};

}  // namespace gridloom::bridges
