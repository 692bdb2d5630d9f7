// Reads the series that a SeriesRequest asks for: finds the fields behind its names, refuses what
// would be too much, and hands the points to a sink in the order in which a text of them is
// written. The work is incremental, and memory does not grow with the requested span.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/block_walk.h"
#include "history/reader.h"
#include "history/series/lttb.h"
#include "history/series/series.h"
#include "history/series/series_request.h"

namespace gridloom::history {

// Receives the series of one request. Calls come in the order of SeriesReader::Order, after one of
// begin() and before one of end(). Points, names and rows are valid during the call.
class SeriesSink {
 public:
  SeriesSink() = default;
  SeriesSink(const SeriesSink&) = delete;
  SeriesSink& operator=(const SeriesSink&) = delete;
  virtual ~SeriesSink() = default;

  // The names of all fields of the answer, in their order.
  virtual void begin(const std::vector<std::string>& fields) = 0;
  // For Order::kByField: each field, with its points in order of time in any number of calls.
  virtual void begin_field(std::string_view name) = 0;
  virtual void add_points(std::span<const SeriesPoint> points) = 0;
  virtual void end_field() = 0;
  // For Order::kByTime: the points of all fields at one time, in order of time; null where a field
  // has none. Each report of that time makes a row.
  virtual void add_row(std::int64_t at_ms, std::span<const SeriesPoint* const> row) = 0;
  virtual void end() = 0;
};

class SeriesReader {
 public:
  enum class Order : std::uint8_t { kByField, kByTime };
  struct Options {
    DeviceNumber device = 0;
    SeriesRequest request{};
    SeriesLimits limits{};
    Order order = Order::kByField;
  };
  explicit SeriesReader(Options options) : options_(std::move(options)), visit_(options_.device) {}

  // Works for about a millisecond, which may end within an hour or a field. kBadParams: the answer
  // would be too large; only before the sink was called.
  [[nodiscard]] Status work(Reader& reader, SeriesSink& sink);
  [[nodiscard]] bool done() const { return stage_ == Stage::kDone; }

 private:
  enum class Stage : std::uint8_t {
    kMatching,  // finds the fields of names that end in *
    kMatchingQuarters,
    kCounting,  // checks that there are not too many values
    kReading,   // reads blocks into points_
    kPutting,   // hands points_ to the sink
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

  [[nodiscard]] bool by_time() const { return options_.order == Order::kByTime; }
  [[nodiscard]] std::int64_t steps() const;
  [[nodiscard]] EachBlock blocks_of(Reader& reader, Columns columns);
  [[nodiscard]] Columns columns_of(std::vector<FieldId> fields) const;
  [[nodiscard]] Status match_blocks(Reader& reader);
  [[nodiscard]] Status match_quarters(Reader& reader);
  [[nodiscard]] Status find_fields(Reader& reader);
  [[nodiscard]] Status check_size();
  [[nodiscard]] Status count(Reader& reader);
  [[nodiscard]] Status read(Reader& reader);
  [[nodiscard]] SeriesQuery query_of(std::size_t begin, std::size_t end) const;
  void begin_answer(SeriesSink& sink);
  void begin_group(SeriesSink& sink);
  // Hands on the next points. True: there are no more.
  bool put_points(std::vector<SeriesPoint>& points, SeriesSink& sink);
  bool put_rows(SeriesSink& sink);
  void draw(std::size_t in_group);
  void make_drawing(std::size_t in_group);
  void put_some(SeriesSink& sink);
  void put_some_of_group(SeriesSink& sink);
  void end_group(SeriesSink& sink);

  Options options_;
  DeviceVisit visit_;
  Stage stage_ = Stage::kMatching;
  struct Walk {
    BlockWalk blocks;
    std::int64_t from = 0;  // hours
    std::int64_t to = 0;
  };
  std::optional<Walk> walk_;
  std::set<FieldId> reported_;  // fields reported in the span; filled if the names need them
  std::int64_t quarters_from_ = 0;
  std::optional<ValueCount> values_;
  std::optional<SeriesQuery> query_;  // without fields
  std::vector<Field> fields_;
  // Fields that are read together: the first is passed on while it is read, the others after it.
  std::size_t group_begin_ = 0;
  std::size_t group_end_ = 0;
  std::optional<Series> series_;
  std::vector<std::vector<SeriesPoint>> points_;  // by field of the group
  std::vector<Drawing> drawings_;                 // by field of the group, for a plot
  std::size_t put_ = 0;                           // points already passed on
  std::vector<std::size_t> rows_put_;             // the same by field, for rows
  std::vector<const SeriesPoint*> row_;
  std::size_t in_group_ = 0;  // the field that is being passed on
  bool field_begun_ = false;
  bool begun_ = false;  // the sink was called
};

}  // namespace gridloom::history
