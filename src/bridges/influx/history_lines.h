// The rows of one device's history as lines, in order of time and some at a time: memory does not
// grow with the span. A database keeps one value of a field at a time, so rows of one millisecond
// are a nanosecond apart, in their order: the same ones whenever they are written, because a span
// never begins within a millisecond.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "bridges/influx/line_protocol.h"
#include "bridges/influx/settings.h"
#include "catalog/family.h"
#include "history/reader.h"
#include "history/series/series_reader.h"

namespace gridloom::bridges {

// Lines that are sent together.
struct LineBatch {
  std::string text;
  std::size_t lines = 0;
  std::int64_t last_ms = 0;  // time of the last line
};

class HistoryLines final : private history::SeriesSink {
 public:
  static constexpr std::size_t kMaxLines = 5'000;
  static constexpr std::size_t kMaxBytes = std::size_t{1} * 1024 * 1024;
  // Read at once: the progress within it is lost when the server ends.
  static constexpr std::int64_t kWindow_ms = std::int64_t{24} * 3'600'000;

  struct Device {
    std::string sn;
    std::string name;
    DeviceNumber number = 0;
    catalog::FamilyPtr family;
  };
  // Rows of [from_ms, to_ms).
  HistoryLines(Device device, std::shared_ptr<const InfluxSettings> settings, std::int64_t from_ms,
               std::int64_t to_ms);

  // Reads for a slice, or until the batch is full. kDamaged, kIo as Reader.
  [[nodiscard]] Status work(history::Reader& reader);
  [[nodiscard]] bool is_full() const {
    return batch_.lines >= kMaxLines || batch_.text.size() >= kMaxBytes;
  }
  // There is nothing more to read.
  [[nodiscard]] bool done() const { return is_over_; }
  [[nodiscard]] LineBatch take();

 private:
  void begin(const std::vector<std::string>& fields) override { fields_ = fields; }
  void begin_field(std::string_view /*name*/) override {}
  void add_points(std::span<const history::SeriesPoint> /*points*/) override {}
  void end_field() override {}
  void add_row(std::int64_t at_ms, std::span<const history::SeriesPoint* const> row) override;
  void end() override {}

  // Begins with the next hours that have rows. False: there are none.
  [[nodiscard]] Result<bool> begin_window(history::Reader& reader);

  const Device device_;
  const std::shared_ptr<const InfluxSettings> settings_;
  LineWriter writer_;
  std::int64_t from_ms_;
  const std::int64_t to_ms_;
  bool is_over_ = false;
  std::optional<history::SeriesReader> series_;
  std::vector<std::string> fields_;  // of the window
  std::int64_t row_ms_ = 0;          // time of the last row
  std::int64_t in_ms_ = 0;           // rows before it in the same millisecond
  LineBatch batch_;
};

}  // namespace gridloom::bridges
