// What fields of one device were from one time to another: every value, or by steps of time.
//
// A value counts until the field's next one, while the device keeps reporting anything. So a step
// in which the field was not reported has what it was before; but once the device was silent for
// longer than kLongestGap_ms, or its connection ended, nothing is known until it says the field
// again: a gap. An integral counts a value again as soon as the device reports anything, as
// blocks do (block.h).
//
// It reads hours in their order, some at a time, so that what is in memory does not grow with the
// span. Whole hours inside of a step are answered from what stands in front of their blocks. Work
// is done bit by bit: a call of read() may end inside of an hour, and the next one goes on there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "history/block.h"
#include "history/quarters.h"
#include "history/walker.h"

namespace gridloom::history {

// A device's blocks, as BlockWalk gives them: the hours ascend, but the blocks that are still in
// memory come behind all others. False: there is more; the next call, with the same hours, goes on
// there.
using OnHourBlock = std::function<Status(std::int64_t hour, const Block& block)>;
using EachBlock =
    std::function<Result<bool>(std::int64_t from, std::int64_t to, const OnHourBlock&)>;

// What is left of a device's hours that were too old to be kept as they came, likewise
// (Reader::each_quarters).
using OnHourQuarters = std::function<Status(std::int64_t hour, const HourOfQuarters& quarters)>;
using EachQuarters =
    std::function<Status(std::int64_t from, std::int64_t to, const OnHourQuarters&)>;

struct SeriesQuery {
  std::vector<FieldId> fields;  // none twice
  std::int64_t from_ms = 0;
  std::int64_t to_ms = 0;    // behind it
  std::int64_t step_ms = 0;  // 0: every value as it was
  Aggregate aggregate = Aggregate::kMean;
  std::optional<FieldId> presence{};  // the field kPresence, if the archive knows it
};

class Series {
 public:
  explicit Series(SeriesQuery query);

  // Reads some more. `points` has one for each field; what came of it is put behind what is there,
  // by time, and of all fields as far as each other. With steps there is a point for each, gaps
  // too, and all fields have the same.
  // Without a step there are no points of hours that are quarters only.
  [[nodiscard]] Status read(const EachBlock& blocks, const EachQuarters& quarters,
                            std::vector<std::vector<SeriesPoint>>& points);
  [[nodiscard]] bool done() const { return next_hour_ && *next_hour_ >= end_hour_; }

  // What a field said longer before the begin is not looked for.
  static constexpr std::int64_t kLookBack_h = 24;

 private:
  // Of one field, by time. All have a text, or none has; what is no number is NaN.
  struct Values {
    std::vector<Point> points;
    std::vector<std::string> texts;

    // With those of another part of the same hour, which may tell some of them again. What a part
    // says twice, it means twice.
    void merge(Values&& other);
  };

  // Of one block.
  struct Part {
    struct Field {
      std::optional<Statistics> whole;  // then nothing is unpacked
      Values values;
    };
    std::int64_t first_row_ms = 0;
    std::int64_t last_row_ms = 0;
    std::vector<std::int64_t> rows;  // their times, if some field needs them
    std::vector<std::int64_t> ends;  // when the device's connection ended
    std::vector<Field> fields;       // by the query's
  };

  struct Hour {
    std::vector<Part> parts;
    std::optional<HourOfQuarters> quarters;  // then there are no parts
    bool unpacked = false;                   // all of it
    bool joined = false;

    [[nodiscard]] bool must_be_unpacked() const;
    // All parts as one, unpacked.
    void join();
  };
  using Hours = std::map<std::int64_t, Hour>;
  enum class Unpack : std::uint8_t { kWhereNeeded, kAlways };

  [[nodiscard]] bool raw() const { return query_.step_ms == 0; }
  [[nodiscard]] bool takes_texts() const;
  [[nodiscard]] Result<bool> look_back(const EachBlock& blocks);
  [[nodiscard]] Result<bool> collect(const EachBlock& blocks, std::int64_t from, std::int64_t to,
                                     Unpack unpack, Hours& hours);
  [[nodiscard]] Result<bool> collect_all(const EachBlock& blocks, const EachQuarters& quarters);
  [[nodiscard]] Result<bool> unpack_again(const EachBlock& blocks);
  [[nodiscard]] Status take(const Block& block, Unpack unpack, Part& part) const;
  [[nodiscard]] Status take_values(const Block& block, FieldId field, Values& values) const;
  [[nodiscard]] bool in_one_bucket(std::int64_t hour);
  [[nodiscard]] Status collect_quarters(const EachQuarters& quarters, std::int64_t from,
                                        std::int64_t to, Hours& hours) const;
  // Some of the values of the first hour. True: it is done.
  bool walk_some(Hour& hour);
  bool walk(const Hour& hour, std::size_t field);
  void walk(const HourOfQuarters& quarters, std::size_t field);
  bool give(const Hour& hour, std::size_t field);
  void hand_over(std::vector<std::vector<SeriesPoint>>& points);

  SeriesQuery query_;
  Buckets buckets_;
  std::vector<Walker> walkers_;                  // by field, with steps
  std::vector<std::vector<SeriesPoint>> given_;  // by field, without a step; not yet handed over
  std::optional<std::int64_t> next_hour_;
  std::int64_t end_hour_;
  std::int64_t at_once_ = 1;  // hours
  // While it is not known from which hour on to read.
  std::optional<std::int64_t> looking_back_;  // the hour that is being looked at
  std::vector<FieldId> missing_;
  bool in_hour_ = false;                      // it has more blocks
  std::optional<std::int64_t> found_before_;  // the first hour that is needed, so far
  // The hours that are being read: first collected, then walked one after another.
  Hours hours_;
  std::optional<std::int64_t> quarters_from_;  // all blocks are collected, quarters up to here
  bool collected_ = false;
  Hours again_;             // an hour that is unpacked a second time
  std::size_t values_ = 0;  // of them, so far
  // Where the walk over the first hour is.
  struct Place {
    std::size_t field = 0;
    std::size_t row = 0;
    std::size_t value = 0;
    std::size_t end = 0;  // of the device's connection
  };
  Place place_;
};

// How many values the fields have in the hours that the span touches, counted bit by bit; counting
// ends once there are more than `most`.
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
};

}  // namespace gridloom::history
