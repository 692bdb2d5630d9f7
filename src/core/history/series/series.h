// Reads time series: the values of some fields of one device over a span of time, either every
// value or one aggregate per step.
//
// A value holds until the field's next value, while the device keeps reporting any field. So a step
// in which the field was not reported has the value from before. Once the device has been silent
// for longer than kLongestGap_ms, or its connection has ended, the value is unknown until the field
// is reported again: a gap. An integral counts the last value again as soon as the device reports
// any field, as blocks do (block.h).
//
// Hours are read in their order, some at a time, so that memory does not grow with the span. Whole
// hours within a step are answered from the statistics at the front of their blocks. The work is
// incremental: a call of read() may end within an hour, and the next call continues there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/blocks/block.h"
#include "history/blocks/rollup.h"
#include "history/series/bucket_aggregator.h"
#include "time/time_zone.h"

namespace gridloom::history {

// Reads a device's blocks, in the order of BlockWalk: the hours ascend, but the blocks that are
// still in memory come after all others. False: there are more blocks; the next call with the same
// hours continues there. `again`: BlockWalk::OnAgain.
struct OnHourBlock {
  std::function<Status(std::int64_t hour, const Block& block)> block;
  std::function<void(std::int64_t hour)> again{};
};
using EachBlock =
    std::function<Result<bool>(std::int64_t from, std::int64_t to, const OnHourBlock&)>;

// Reads a device's 15-minute rollups, which replace hours that were too old to be kept as blocks
// (Reader::each_rollup).
using OnHourQuarters = std::function<Status(std::int64_t hour, const HourOfRollups& quarters)>;
using EachRollup = std::function<Status(std::int64_t from, std::int64_t to, const OnHourQuarters&)>;

struct SeriesQuery {
  std::vector<FieldId> fields;  // no duplicates
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;    // exclusive
  std::int64_t step_ms = 0;  // 0: every value as it was reported
  Aggregate aggregate = Aggregate::kMean;
  std::optional<FieldId> presence{};  // the field kPresence, if the archive knows it
  time::TimeZone zone{};              // whose days steps begin with
  // The device has nothing before it: a span that begins long before costs no reads.
  std::int64_t first_hour = std::numeric_limits<std::int64_t>::min();
};

// Searches, for each field of a query, the last hour before the span's begin in which it was
// reported, to find the first hour to read.
class LookBack {
 public:
  LookBack(const SeriesQuery& query, bool takes_texts);
  // False: there are more hours to search.
  [[nodiscard]] Result<bool> work(const EachBlock& blocks);
  // The earliest hour found to be needed, once work() is done; else that of the span's begin.
  [[nodiscard]] std::int64_t found() const { return found_; }

  // How far before the span's begin a field's last value is looked for, in hours.
  static constexpr std::int64_t kMost_h = 24;

 private:
  std::int64_t earliest_;  // hour that may be searched
  std::int64_t hour_;      // that is being searched
  std::int64_t found_;
  std::vector<FieldId> missing_;
  bool takes_texts_;
  bool in_hour_ = false;  // the hour has more blocks
};

class Series {
 public:
  explicit Series(SeriesQuery query);

  // Reads the next portion. `points` has one vector for each field; new points are appended in
  // order of time, up to the same time for all fields. With a step there is one point per step,
  // for gaps too, and all fields have points at the same times.
  // Without a step there are no points for hours of which only rollups are left.
  [[nodiscard]] Status read(const EachBlock& blocks, const EachRollup& quarters,
                            std::vector<std::vector<SeriesPoint>>& points);
  [[nodiscard]] bool done() const { return next_hour_ && *next_hour_ >= end_hour_; }

 private:
  // Values of one field, by time; those of one time in the order in which they came. Either all
  // values have a text or none has; a value that is not a number is NaN.
  struct Values {
    std::vector<Point> points;
    std::vector<std::string> texts;
    std::vector<std::uint64_t> rows;  // without a step: SeriesPoint::row

    // Adds the values of the next chunk of the same hour.
    void merge(Values&& other);
  };

  // The values of one block.
  struct Chunk {
    struct Field {
      std::optional<Statistics> whole;  // if set, no values are unpacked
      Values values;
    };
    std::int64_t first_row_ms = 0;
    std::int64_t last_row_ms = 0;
    std::vector<std::int64_t> rows;  // times of the rows, if some field needs them
    std::vector<std::int64_t> ends;  // times at which the device's connection ended
    std::vector<Field> fields;       // by index of the query's fields
  };

  struct Hour {
    std::vector<Chunk> chunks;
    std::optional<HourOfRollups> quarters;  // if set, there are no chunks
    bool unpacked = false;                  // all chunks are unpacked, as far as needed
    bool joined = false;

    [[nodiscard]] bool must_be_unpacked() const;
    // Merges all chunks into the first; they must be unpacked.
    void join();
  };
  using Hours = std::map<std::int64_t, Hour>;
  enum class Unpack : std::uint8_t { kWhereNeeded, kAlways };

  [[nodiscard]] bool raw() const { return query_.step_ms == 0; }
  [[nodiscard]] bool takes_texts() const;
  [[nodiscard]] Result<bool> find_next_hour(const EachBlock& blocks);
  [[nodiscard]] Result<bool> collect(const EachBlock& blocks, std::int64_t from, std::int64_t to,
                                     Unpack unpack, Hours& hours);
  [[nodiscard]] Result<bool> collect_all(const EachBlock& blocks, const EachRollup& quarters);
  [[nodiscard]] Result<bool> unpack_again(const EachBlock& blocks);
  // `place`: the number of the chunk in its hour.
  [[nodiscard]] Status take(const Block& block, Unpack unpack, std::size_t place,
                            Chunk& chunk) const;
  [[nodiscard]] Status take_values(const Block& block, FieldId field, std::size_t place,
                                   Values& values) const;
  [[nodiscard]] bool in_one_bucket(std::int64_t hour);
  [[nodiscard]] Status collect_quarters(const EachRollup& quarters, std::int64_t from,
                                        std::int64_t to, Hours& hours) const;
  // Processes some values of the first hour. True: the hour is done.
  bool walk_some(Hour& hour);
  bool walk(const Hour& hour, std::size_t field);
  void walk(const HourOfRollups& quarters, std::size_t field);
  bool give(const Hour& hour, std::size_t field);
  void hand_over(std::vector<std::vector<SeriesPoint>>& points);

  SeriesQuery query_;
  Buckets buckets_;
  std::vector<BucketAggregator> walkers_;        // by field, with steps
  std::vector<std::vector<SeriesPoint>> given_;  // by field, without a step; not yet handed over
  std::optional<std::int64_t> next_hour_;
  std::int64_t end_hour_;
  std::int64_t at_once_ = 1;           // hours
  std::optional<LookBack> look_back_;  // until next_hour_ is found
  // The hours that are being read: first collected, then walked one after another.
  Hours hours_;
  std::optional<std::int64_t> quarters_from_;  // set: blocks are collected; rollups up to here
  bool collected_ = false;
  Hours again_;             // an hour that is unpacked a second time
  std::size_t values_ = 0;  // values of these hours processed so far
  // The position of the walk over the first hour.
  struct Position {
    std::size_t field = 0;
    std::size_t row = 0;
    std::size_t value = 0;
    std::size_t end = 0;  // index in Chunk::ends
  };
  Position position_;
};

// Counts the values of the fields in the hours that the span touches, incrementally; counting stops
// once there are more than `most`.
class ValueCount {
 public:
  ValueCount(const SeriesQuery& query, std::uint64_t most);
  [[nodiscard]] Status work(const EachBlock& blocks);
  [[nodiscard]] bool done() const { return hour_ >= end_ || count_ > most_; }
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::vector<FieldId> fields_;
  std::int64_t hour_;
  std::int64_t end_;
  std::uint64_t most_;
  std::uint64_t count_ = 0;
  std::optional<std::int64_t> counted_hour_;  // the hour of the last block
  std::uint64_t before_hour_ = 0;             // the count before the first block of that hour
};

}  // namespace gridloom::history
