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
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "history/archive.h"
#include "history/block_walk.h"
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

  // Works on for about a millisecond, wherever that is in an hour or a field, and puts what came of
  // it behind `out`. kBadParams: the answer would be too large; only before anything was put there.
  [[nodiscard]] Status work(Reader& reader, std::string& out);
  [[nodiscard]] bool done() const { return stage_ == Stage::kDone; }

 private:
  enum class Stage : std::uint8_t {
    kMatching,  // which fields names that end in * stand for
    kMatchingQuarters,
    kCounting,  // whether there are too many values
    kReading,   // blocks, into points_
    kPutting,   // points_, into the text
    kPuttingGroup,
    kDone
  };
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
  [[nodiscard]] EachBlock blocks_of(Reader& reader, Columns columns);
  [[nodiscard]] Columns columns_of(std::vector<FieldId> fields) const;
  [[nodiscard]] Status match_blocks(Reader& reader);
  [[nodiscard]] Status match_quarters(Reader& reader);
  [[nodiscard]] Status find_fields(Reader& reader);
  [[nodiscard]] Status check_size();
  [[nodiscard]] Status count(Reader& reader);
  [[nodiscard]] Status read(Reader& reader);
  void begin_answer(std::string& out);
  [[nodiscard]] SeriesQuery query_of(std::size_t begin, std::size_t end) const;
  void begin_text(std::string& out) const;
  void begin_group(std::string& out);
  void begin_field(std::size_t field, std::string& out);
  // Some of the points behind the last that were put. True: all are.
  bool put_points(std::vector<SeriesPoint>& points, std::string& out);
  void draw(std::size_t in_group);
  void make_drawing(std::size_t in_group);
  void put_some(std::string& out);
  void put_some_of_group(std::string& out);
  void end_group(std::string& out);
  bool put_rows(std::string& out);

  Options options_;
  Stage stage_ = Stage::kMatching;
  std::optional<BlockWalk> walk_;  // over these hours:
  std::int64_t walk_from_ = 0;
  std::int64_t walk_to_ = 0;
  std::set<FieldId> reported_;  // in the span, if names end in *
  std::int64_t quarters_from_ = 0;
  std::optional<ValueCount> values_;
  std::optional<FieldId> presence_;
  std::vector<Field> fields_;
  // Fields that are read together: the first is told at once, the others once it has ended.
  std::size_t group_begin_ = 0;
  std::size_t group_end_ = 0;
  std::optional<Series> series_;
  std::vector<std::vector<SeriesPoint>> points_;  // of the group
  std::vector<Drawing> drawings_;                 // likewise, for a plot
  bool first_point_ = true;                       // of its field
  std::size_t put_ = 0;                           // of points that are being put
  std::vector<std::size_t> rows_put_;             // likewise, by field, for CSV
  std::size_t in_group_ = 0;                      // the field that is being put
  bool field_begun_ = false;
  bool begun_ = false;  // the text
};

}  // namespace gridloom::history
