// Actions of people on a device of their own accord (catalog::Habit): a set is due when its
// condition comes true, and not again before it was false. One thread.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "catalog/home.h"
#include "sim/household/people.h"
#include "sim/kept.h"
#include "sim/model.h"

namespace gridloom::sim {

class Habits {
 public:
  Habits(std::vector<catalog::Habit> habits, const household::HouseholdModel& home)
      : habits_(std::move(habits)), people_(home), were_true_(habits_.size()) {}

  // A condition that is true now was true before, too: nothing is due before something changes.
  void resume(const Environment& environment);
  void keep(this auto& self, auto& kept) {
    std::vector<int> were_true(self.were_true_.begin(), self.were_true_.end());
    kept("were_true", were_true);
    kept("minute", self.minute_);
    if constexpr (kReads<decltype(kept)>)
      self.were_true_.assign(were_true.begin(), were_true.end());
  }
  // The sets that are due, once a minute of the environment's time. Valid while this lives.
  [[nodiscard]] std::vector<const catalog::CheckedSet*> due(const Environment& environment);

 private:
  [[nodiscard]] bool is_true(const catalog::Habit& habit, const Environment& environment);

  std::vector<catalog::Habit> habits_;
  household::People people_;
  std::vector<bool> were_true_;  // by habit
  std::optional<std::int64_t> minute_;
  std::vector<double> values_;
};

}  // namespace gridloom::sim
