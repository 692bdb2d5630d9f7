// A queue that shares a few threads fairly among many accounts. Each account has its own queue, and
// the queues are served in turn, one slice of work each. So an account with much work delays the
// next slice of another by one slice per thread and per account that has work, and no longer.
//
// A few entries of an account are active, served in turn; its other entries wait in their order. An
// account that has the maximum number of entries is refused; others are not affected. An entry
// whose client has gone (its stop token says so) is dropped when its turn comes, or when its
// account needs the place.
//
// Each step gets a Context, such as the thread's connection to the database.
// Thread rule: any function from any thread. Steps run without a lock, those of one entry one at a
// time.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

namespace gridloom::history {

struct FairLimits {
  std::size_t entries = 32;  // of one account, waiting or active; further ones are refused
  std::size_t at_once = 4;   // active entries of an account; the others wait
};

// Result of a slice: whether the entry has more work.
enum class Progress : std::uint8_t { kMore, kDone };

template <typename Context>
class FairQueue {
 public:
  using Account = std::int64_t;
  // Works for some milliseconds at most.
  using Step = std::move_only_function<Progress(Context&)>;
  struct Entry {
    Account account = 0;
    std::stop_token gone{};  // stop requested: no client waits for the result
    Step step;
  };

  explicit FairQueue(const FairLimits& limits) : limits_(limits) {}

  // False: the account has the maximum number of entries already, or the queue is closed.
  [[nodiscard]] bool add(Entry entry) {
    std::vector<Entry> dropped;  // destroyed without the lock
    {
      const std::lock_guard lock(mutex_);
      if (closed_) return false;
      Share& share = shares_[entry.account];
      if (share.size() >= limits_.entries) drop_gone(share, dropped);
      if (share.size() >= limits_.entries) return false;
      const Account account = entry.account;
      share.waiting.push_back(std::move(entry));
      line_up(account, share);
    }
    wake_.notify_one();
    return true;
  }

  // No entry waits, and none is being worked on.
  [[nodiscard]] bool empty() const {
    const std::lock_guard lock(mutex_);
    return shares_.empty();
  }

  // Runs the next slice, if one can run now. False: none can.
  bool run_one(Context& context) {  // tidy: allowed, tests run slices singly
    std::unique_lock lock(mutex_);
    return run_next(context, lock);
  }

  // Waits for a slice and runs it. False: the queue is closed.
  [[nodiscard]] bool wait_and_run(Context& context) {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [this] { return closed_ || !turns_.empty(); });
    if (closed_) return false;
    static_cast<void>(run_next(context, lock));
    return true;
  }
  // The same, but returns after `most` as well if there is no slice until then.
  [[nodiscard]] bool wait_and_run(Context& context, std::chrono::milliseconds most) {
    std::unique_lock lock(mutex_);
    const bool wakes = wake_.wait_for(lock, most, [this] { return closed_ || !turns_.empty(); });
    if (closed_) return false;
    if (wakes) static_cast<void>(run_next(context, lock));
    return true;
  }

  // Accepts no more entries and drops those that wait. Running slices end by themselves.
  void close() {
    std::map<Account, Share> dropped;
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
      turns_.clear();
      dropped.swap(shares_);
    }
    wake_.notify_all();
  }

 private:
  struct Share {
    std::deque<Entry> active;  // served in turn
    std::deque<Entry> waiting;
    std::size_t running = 0;  // on a thread now, in neither queue
    bool in_line = false;     // the account is in turns_

    [[nodiscard]] std::size_t size() const { return active.size() + waiting.size() + running; }
  };

  static void drop_gone(Share& share, std::vector<Entry>& dropped) {
    for (std::deque<Entry>* queue : {&share.active, &share.waiting}) {
      for (Entry& entry : *queue) {
        if (entry.gone.stop_requested()) dropped.push_back(std::move(entry));
      }
      // Entries that were moved have no step any more.
      std::erase_if(*queue, [](const Entry& entry) { return !entry.step; });
    }
  }

  [[nodiscard]] bool has_room(const Share& share) const {
    return share.active.size() + share.running < std::max<std::size_t>(limits_.at_once, 1);
  }
  [[nodiscard]] bool can_run(const Share& share) const {
    return !share.active.empty() || (!share.waiting.empty() && has_room(share));
  }

  void line_up(Account account, Share& share) {
    if (share.in_line || !can_run(share)) return;
    share.in_line = true;
    turns_.push_back(account);
  }

  // Takes the next entry of a share; can_run() must be true.
  [[nodiscard]] Entry take(Share& share) {
    while (!share.waiting.empty() && has_room(share)) {
      share.active.push_back(std::move(share.waiting.front()));
      share.waiting.pop_front();
    }
    Entry entry = std::move(share.active.front());
    share.active.pop_front();
    ++share.running;
    return entry;
  }

  // The lock is held on entry and on return; it is released while the step runs.
  bool run_next(Context& context, std::unique_lock<std::mutex>& lock) {
    std::vector<Entry> dropped;
    std::optional<Entry> next;
    while (!next && !turns_.empty()) {
      const Account account = turns_.front();
      turns_.pop_front();
      Share& share = shares_.at(account);
      share.in_line = false;
      drop_gone(share, dropped);
      if (can_run(share)) next = take(share);
      line_up(account, share);
      if (share.size() == 0) shares_.erase(account);
    }
    const bool more_to_do = !turns_.empty();
    lock.unlock();
    dropped.clear();
    if (!next) return lock.lock(), false;
    if (more_to_do) wake_.notify_one();
    const Account account = next->account;
    const bool again = next->step(context) == Progress::kMore && !next->gone.stop_requested();
    if (!again) next.reset();
    lock.lock();
    const auto found = shares_.find(account);
    if (found != shares_.end()) {  // otherwise the queue was closed meanwhile
      Share& share = found->second;
      --share.running;
      if (next) share.active.push_back(std::move(*next));
      line_up(account, share);
      if (share.size() == 0) shares_.erase(found);
    }
    const bool wakes = !turns_.empty();
    lock.unlock();
    next.reset();
    if (wakes) wake_.notify_one();
    lock.lock();
    return true;
  }

  FairLimits limits_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<Account, Share> shares_;  // of accounts that have entries
  std::deque<Account> turns_;        // accounts that have a slice to run, without duplicates
  bool closed_ = false;
};

}  // namespace gridloom::history
