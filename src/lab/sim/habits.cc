#include "sim/habits.h"

#include <string_view>

#include "sim/models/parts.h"

namespace gridloom::sim {

bool Habits::is_true(const catalog::Habit& habit, const Environment& environment) {
  const std::int64_t local_ms = unix_ms(environment.now) + environment.utc_offset.count();
  values_.clear();
  for (const std::string_view name : habit.when.names) {
    values_.push_back(name == "home"      ? (people_.are_home(local_ms) ? 1 : 0)
                      : name == "awake"   ? (people_.are_up(local_ms) ? 1 : 0)
                      : name == "air"     ? environment.air_c
                      : name == "outdoor" ? environment.outdoor_c()
                                          : hour_of(environment));
  }
  return catalog::evaluate(habit.when, values_) > 0;
}

void Habits::resume(const Environment& environment) {
  minute_ = unix_ms(environment.now) / kMinute_ms;
  for (std::size_t k = 0; k < habits_.size(); ++k) {
    were_true_[k] = is_true(habits_[k], environment);
  }
}

std::vector<const catalog::CheckedSet*> Habits::due(const Environment& environment) {
  std::vector<const catalog::CheckedSet*> due;
  const std::int64_t minute = unix_ms(environment.now) / kMinute_ms;
  if (minute_ == minute) return due;
  minute_ = minute;
  for (std::size_t k = 0; k < habits_.size(); ++k) {
    const bool now = is_true(habits_[k], environment);
    if (now && !were_true_[k]) {
      for (const catalog::CheckedSet& set : habits_[k].sets) due.push_back(&set);
    }
    were_true_[k] = now;
  }
  return due;
}

}  // namespace gridloom::sim
