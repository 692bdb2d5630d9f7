// The devices that reported lately, and when their histories are to be looked at. A report is
// announced before it is durable and in history, which takes long on a busy machine: it is looked
// for at once and again at growing distances, for a minute in all.
//
// Thread rule: one thread at a time.
#pragma once

#include <chrono>
#include <string>

#include "base/string_map.h"

namespace gridloom::bridges {

class News {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // The device has reported.
  void add(const std::string& sn) { waiting_.insert_or_assign(sn, Looks{}); }
  // Whether its history is to be looked at now; then this counts as a look.
  [[nodiscard]] bool take(const std::string& sn, Moment now) {
    const auto found = waiting_.find(sn);
    if (found == waiting_.end() || now < found->second.next) return false;
    Looks& looks = found->second;
    looks.next = now + std::chrono::seconds(1 << looks.done);
    if (++looks.done == kLooks) waiting_.erase(found);
    return true;
  }

 private:
  static constexpr int kLooks = 7;
  struct Looks {
    int done = 0;
    Moment next{};
  };
  StringMap<Looks> waiting_;
};

}  // namespace gridloom::bridges
