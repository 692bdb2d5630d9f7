// Where the records that a start reads of the log are not consecutive, and when the last reports
// before such a gap and the first ones behind it came: what is missing came in between.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "journal/loss_note.h"

namespace gridloom::history {

class ReplayGaps {
 public:
  static constexpr std::size_t kMost = 20;  // further ones count with the last

  // The store has the records up to `stored`.
  explicit ReplayGaps(std::uint64_t stored) : next_(stored + 1) {}

  // The next record, and the batch of reports in it, if there is one.
  void take(std::uint64_t sequence, std::string_view batch) {
    if (sequence > next_ && gaps_.size() < kMost) {
      gaps_.push_back({.records = {.first = next_, .last = sequence - 1}, .before_ms = last_ms()});
    }
    next_ = sequence + 1;
    if (batch.empty()) return;
    if (!gaps_.empty() && !gaps_.back().after_ms) gaps_.back().after_ms = times_of(batch).from_ms;
    last_batch_ = batch;
  }

  struct Around {
    std::optional<std::int64_t> before_ms{};  // nothing: no report in the log is before it
    std::optional<std::int64_t> after_ms{};
  };
  [[nodiscard]] Around around(const journal::RecordGap& missing) const {
    for (const Gap& gap : gaps_) {
      if (gap.records.first > missing.last || missing.first > gap.records.last) continue;
      return {.before_ms = gap.before_ms, .after_ms = gap.after_ms};
    }
    return {.before_ms = last_ms()};
  }

 private:
  struct Gap {
    journal::RecordGap records{};
    std::optional<std::int64_t> before_ms{};
    std::optional<std::int64_t> after_ms{};
  };
  static journal::LostReports times_of(std::string_view batch) {
    journal::LostReports reports;
    reports.add(batch);
    return reports;
  }
  [[nodiscard]] std::optional<std::int64_t> last_ms() const {
    if (last_batch_.empty()) return std::nullopt;
    return times_of(last_batch_).to_ms;
  }

  std::uint64_t next_;
  std::string last_batch_;  // read only if a gap follows
  std::vector<Gap> gaps_;
};

}  // namespace gridloom::history
