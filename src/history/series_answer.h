// The answer to a SeriesRequest as text, made piece by piece: JSON, field after field, or CSV, row
// after row. What is in memory does not grow with the span that was asked for.
//
// JSON: {"sn":..,"from":..,"to":..,"step":..,"aggregate":..,
//        "series":[{"field":..,"unit":..,"scale":..,"points":[[time,value],..]},..]}
// Times and the step are in milliseconds; a gap is null. Without a step there is no "step" and no
// "aggregate", and a scale of 1 is not told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/archive.h"
#include "history/lttb.h"
#include "history/series.h"
#include "history/series_request.h"

namespace gridloom::history {

// What a field's values are: times `scale` they are in `unit`.
struct FieldUnit {
  std::string unit{};  // empty: it has none, or it is not known
  double scale = 1;
};

class SeriesAnswer {
 public:
  struct Options {
    std::string sn;
    DeviceNumber device = 0;
    SeriesRequest request{};
    SeriesLimits limits{};
    std::function<FieldUnit(std::string_view field)> unit_of{};  // empty: none is known
  };
  explicit SeriesAnswer(Options options) : options_(std::move(options)) {}

  // Works on for a moment, and puts what came of it behind `out`. kBadParams: the answer would be
  // too large; only before anything was put there.
  [[nodiscard]] Status work(Reader& reader, std::string& out);
  [[nodiscard]] bool done() const { return stage_ == Stage::kDone; }

 private:
  enum class Stage : std::uint8_t { kNothingYet, kReading, kDone };
  struct Field {
    std::string name;
    FieldId id = 0;
  };
  // What is left of a field for a plot.
  struct Drawing {
    Plot plot;
    std::vector<std::int64_t> gaps;  // where each begins
    bool in_gap = false;
  };

  [[nodiscard]] bool is_csv() const {
    return options_.request.format == SeriesRequest::Format::kCsv;
  }
  [[nodiscard]] std::int64_t steps() const;
  [[nodiscard]] Status find_fields(Reader& reader, const EachBlock& blocks,
                                   const EachQuarters& quarters);
  [[nodiscard]] Status find_matches(Reader& reader, const EachBlock& blocks,
                                    const EachQuarters& quarters,
                                    std::vector<std::vector<Field>>& matches) const;
  [[nodiscard]] Status check_size(const EachBlock& blocks) const;
  [[nodiscard]] SeriesQuery query_of(std::size_t begin, std::size_t end) const;
  void begin_text(std::string& out) const;
  void begin_group(std::string& out);
  void begin_field(std::size_t field, std::string& out);
  void put_points(std::vector<SeriesPoint>& points, std::string& out);
  void draw(std::size_t in_group);
  void put_drawing(Drawing& drawing, std::string& out);
  void end_group(std::string& out);
  void put_rows(std::string& out);

  Options options_;
  Stage stage_ = Stage::kNothingYet;
  std::optional<FieldId> presence_;
  std::vector<Field> fields_;
  // Fields that are read together: the first is told at once, the others once it has ended.
  std::size_t group_begin_ = 0;
  std::size_t group_end_ = 0;
  std::optional<Series> series_;
  std::vector<std::vector<SeriesPoint>> points_;  // of the group
  std::vector<Drawing> drawings_;                 // likewise, for a plot
  bool first_point_ = true;                       // of its field
};

}  // namespace gridloom::history
