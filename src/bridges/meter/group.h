// The meters of one account that share a house (shares.h), by the name of their group. They know
// each other by that name alone. Thread rule: the bridges' loop, except join().
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/loop.h"
#include "bridges/meter/shares.h"
#include "registry/directory.h"

namespace gridloom::bridges::meter {

class Group {
 public:
  // The group of this name, among the meters on the loop. Any thread.
  [[nodiscard]] static std::shared_ptr<Group> join(const Loop& loop, registry::AccountId account,
                                                   const std::string& name);

  [[nodiscard]] Shares& shares() { return shares_; }
  // Each meter calls it when it looks: the time since the last call has passed once for all.
  void advance(double grid_w, TimePoint now) {
    if (advanced_ && now > *advanced_) {
      shares_.advance(grid_w, std::chrono::duration_cast<Millis>(now - *advanced_));
    }
    advanced_ = now;
  }

 private:
  Shares shares_;
  std::optional<TimePoint> advanced_;
};

}  // namespace gridloom::bridges::meter
