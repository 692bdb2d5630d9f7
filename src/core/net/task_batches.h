// Tasks of one loop for others. They are handed over in batches, several times a turn, because a
// lock and a wake-up for each task would cost more than the task.
//
// Steady is a clock with a static now(). Used on one loop only.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <ranges>
#include <utility>
#include <vector>

#include "base/loop.h"
#include "net/mailbox.h"

namespace gridloom::net {

// When tasks are handed over. kMayWait: not while the other loop sleeps and has just been woken.
enum class Handover : std::uint8_t { kNow, kMayWait };

// A loop that does little wakes another one at once, a busy one no more often than this.
inline constexpr std::chrono::milliseconds kWakePeriod{1};

template <typename Steady>
class TaskBatches {
 public:
  void add(const std::shared_ptr<Mailbox>& to, Task task, Handover handover) {
    auto batch = std::ranges::find(batches_, to, &Batch::to);
    if (batch == batches_.end()) {
      std::erase_if(batches_, [](const Batch& each) { return each.to->is_closed(); });
      batch = batches_.insert(batches_.end(), {.to = to});
    }
    batch->tasks.push_back(std::move(task));
    if (handover == Handover::kNow) batch->handover = Handover::kNow;
  }

  // kMayWait: batches of which all tasks may wait can stay for a later call. Returns whether some
  // do.
  bool send(Handover handover) {
    bool kept = false;
    for (Batch& batch : batches_) {
      if (batch.tasks.empty()) continue;
      if (batch.to->is_asleep()) {
        const auto now = Steady::now();
        if (handover == Handover::kMayWait && batch.handover == Handover::kMayWait &&
            now < batch.woken_at + kWakePeriod) {
          kept = true;
          continue;
        }
        batch.woken_at = now;
      }
      batch.handover = Handover::kMayWait;
      batch.to->add(batch.tasks);
    }
    return kept;
  }

 private:
  struct Batch {
    std::shared_ptr<Mailbox> to;  // its loop may have ended
    Tasks tasks{};
    Handover handover = Handover::kMayWait;  // of the tasks together
    typename Steady::time_point woken_at{};  // the last time that the other loop slept
  };
  std::vector<Batch> batches_;
};

}  // namespace gridloom::net
