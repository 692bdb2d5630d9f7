#include "bridges/mirror/pace.h"

#include <chrono>

namespace gridloom::bridges::mirror {

Pace::Pace(const Rhythm& rhythm, Chance chance)
    : between_(rhythm.between_requests),
      refusals_({.first = rhythm.refused, .most = rhythm.refused_most}, chance.split("refused")),
      failures_({.first = rhythm.unreachable, .most = rhythm.unreachable_most},
                chance.split("unreachable")) {}

void Pace::asked(Moment now) {
  is_asking_ = true;
  asked_at_ = now;
  hour_.push_back(now);
}

void Pace::succeeded() {
  is_asking_ = false;
  refusals_.succeeded();
  failures_.succeeded();
}

void Pace::refused(Refusal refusal, Moment now) {
  is_asking_ = false;
  (refusal == Refusal::kUnreachable ? failures_ : refusals_).failed(now);
}

bool Pace::allows(Moment now) const {
  return !is_asking_ && !refusals_.holds(now) && !failures_.holds(now) &&
         is_over(asked_at_, between_, now);
}

std::size_t Pace::requests_in_hour(Moment now) {
  while (!hour_.empty() && now - hour_.front() >= std::chrono::hours(1)) hour_.pop_front();
  return hour_.size();
}

}  // namespace gridloom::bridges::mirror
