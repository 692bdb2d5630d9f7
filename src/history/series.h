// What fields of one device were from one time to another: every value, or by steps of time.
//
// A value counts until the field's next one, while the device keeps reporting anything. So a step
// in which the field was not reported has what it was before; but once the device was silent for
// longer than kLongestGap_ms, or its connection ended, nothing is known until it says the field
// again: a gap. An integral counts a value again as soon as the device reports anything, as
// blocks do (block.h).
//
// It reads hours in their order, some at a time, so that what is in memory does not grow with the
// span. Whole hours inside of a step are answered from what stands in front of their blocks.
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

// A device's blocks, as Reader::each_block gives them: the hours ascend, but the blocks that are
// still in memory come behind all others.
using OnHourBlock = std::function<Status(std::int64_t hour, const Block& block)>;
using EachBlock = std::function<Status(std::int64_t from, std::int64_t to, const OnHourBlock&)>;

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
  // by time. With steps there is a point for each, gaps too, and all fields have the same.
  // Without a step there are no points of hours that are quarters only.
  [[nodiscard]] Status read(const EachBlock& blocks, const EachQuarters& quarters,
                            std::vector<std::vector<SeriesPoint>>& points);
  [[nodiscard]] bool done() const { return next_hour_ && *next_hour_ >= end_hour_; }

  // What a field said longer before the begin is not looked for.
  static constexpr std::int64_t kLookBack_h = 24;

 private:
  struct Values;
  struct Part;
  struct Hour;
  using Hours = std::map<std::int64_t, Hour>;
  enum class Unpack : std::uint8_t { kWhereNeeded, kAlways };

  [[nodiscard]] bool raw() const { return query_.step_ms == 0; }
  [[nodiscard]] bool takes_texts() const;
  [[nodiscard]] Status look_back(const EachBlock& blocks);
  [[nodiscard]] Status collect(const EachBlock& blocks, std::int64_t from, std::int64_t to,
                               Unpack unpack, Hours& hours);
  [[nodiscard]] Status take(const Block& block, Unpack unpack, Part& part) const;
  [[nodiscard]] Status take_values(const Block& block, FieldId field, Values& values) const;
  [[nodiscard]] bool in_one_bucket(std::int64_t hour);
  [[nodiscard]] Status collect_quarters(const EachQuarters& quarters, std::int64_t from,
                                        std::int64_t to, Hours& hours) const;
  void walk(const Hour& hour, std::size_t field);
  void walk(const HourOfQuarters& quarters, std::size_t field);
  void give(const Hour& hour, std::size_t field, std::vector<SeriesPoint>& points) const;

  SeriesQuery query_;
  Buckets buckets_;
  std::vector<Walker> walkers_;  // by field, with steps
  std::optional<std::int64_t> next_hour_;
  std::int64_t end_hour_;
  std::int64_t at_once_ = 1;  // hours
};

// How many values the fields have in the hours that the span touches; counting ends once there are
// more than `most`.
[[nodiscard]] Result<std::uint64_t> count_values(const EachBlock& blocks, const SeriesQuery& query,
                                                 std::uint64_t most);

}  // namespace gridloom::history
