// The answer to a SeriesRequest as text, produced incrementally: JSON, field after field, or CSV,
// row after row. Memory does not grow with the requested span.
//
// JSON: {"sn":..,"from":..,"to":..,"step":..,"aggregate":..,
//        "series":[{"field":..,"unit":..,"scale":..,"points":[[time,value],..]},..]}
// Times and the step are in milliseconds; a gap is null. Without a step there is no "step" and no
// "aggregate", and a scale of 1 is left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/archive.h"
#include "history/block_walk.h"
#include "history/lttb.h"
#include "history/series.h"
#include "history/series_request.h"

namespace gridloom::history {

// The unit of a field's values: value * scale is in `unit`.
struct FieldUnit {
  std::string unit{};  // empty: the field has no unit, or it is not known
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

  // Works for about a millisecond, which may end within an hour or a field, and appends the result
  // to `out`. kBadParams: the answer would be too large; only before anything was appended.
  [[nodiscard]] Status work(Reader& reader, std::string& out);
  [[nodiscard]] bool done() const { return stage_ == Stage::kDone; }

 private:
  enum class Stage : std::uint8_t {
    kMatching,  // finds the fields of names that end in *
    kMatchingQuarters,
    kCounting,  // checks that there are not too many values
    kReading,   // reads blocks into points_
    kPutting,   // writes points_ to the text
    kPuttingGroup,
    kDone
  };
  struct Field {
    std::string name;
    FieldId id = 0;
  };
  // A field downsampled for a plot.
  struct Drawing {
    Plot plot;
    std::vector<std::int64_t> gaps;  // the time at which each begins
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
  // Writes the next points. True: all points are written.
  bool put_points(std::vector<SeriesPoint>& points, std::string& out);
  void draw(std::size_t in_group);
  void make_drawing(std::size_t in_group);
  void put_some(std::string& out);
  void put_some_of_group(std::string& out);
  void end_group(std::string& out);
  bool put_rows(std::string& out);

  Options options_;
  Stage stage_ = Stage::kMatching;
  std::optional<BlockWalk> walk_;  // over the hours walk_from_ to walk_to_
  std::int64_t walk_from_ = 0;
  std::int64_t walk_to_ = 0;
  std::set<FieldId> reported_;  // fields reported in the span; filled if a name ends in *
  std::int64_t quarters_from_ = 0;
  std::optional<ValueCount> values_;
  std::optional<FieldId> presence_;
  std::vector<Field> fields_;
  // Fields that are read together: the first is written while it is read, the others after it.
  std::size_t group_begin_ = 0;
  std::size_t group_end_ = 0;
  std::optional<Series> series_;
  std::vector<std::vector<SeriesPoint>> points_;  // by field of the group
  std::vector<Drawing> drawings_;                 // by field of the group, for a plot
  bool first_point_ = true;                       // the next point is the first of its field
  std::size_t put_ = 0;                           // points already written
  std::vector<std::size_t> rows_put_;             // points already written by field, for CSV
  std::size_t in_group_ = 0;                      // the field that is being written
  bool field_begun_ = false;
  bool begun_ = false;  // the text has begun
};

}  // namespace gridloom::history
