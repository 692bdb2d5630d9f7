#include "journal/local/commit_rule.h"

namespace gridloom::journal {

bool CommitRule::is_complete(std::size_t waiters, Time now) const {
  return enough_ != 0 && waiters >= enough_ && window_ <= kLongestToEndEarly && ended_ &&
         now < *ended_ + window_ / kBackWithin && now < learned_ + kLearnedFor * window_;
}

void CommitRule::take(std::size_t waiters, Time first, Time now) {
  if (first >= due()) {
    enough_ = 0;  // the others may be right behind it
  } else if (now >= due()) {
    enough_ = waiters;
    learned_ = now;
  } else if (enough_ != 0 && waiters > enough_) {
    enough_ = waiters;
  }
}

}  // namespace gridloom::journal
