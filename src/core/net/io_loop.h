// An event loop: a thread waiting in epoll, with one coarse timer for everything that has
// deadlines, because a timer per connection would cost more than the connection's work.
//  The loop works in turns: it reads from all readable descriptors, runs the posted tasks, then
// calls on_turn_end() of those that requested it with at_turn_end(); that is when connections
// write. So a connection writes once a turn, however many messages the turn brought, and a response
// that tasks of this loop produce is sent in the turn of its request. This, and descriptors that
// are registered only once, is why this is not an io_context.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "net/mailbox.h"
#include "net/task_batches.h"
#include "net/turn_ends.h"

namespace gridloom::net {

class IoLoop final : public Loop {
 public:
  // The owner of a descriptor on the loop. on_ready() and on_turn_end() are called on the loop's
  // thread.
  class Watched {
   public:
    Watched() = default;
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    virtual ~Watched() = default;
    // `events` are EPOLLIN, EPOLLOUT and so on; edge-triggered: called once for each change.
    virtual void on_ready(std::uint32_t events) = 0;
    virtual void on_turn_end() = 0;
    // The account that it belongs to, as far as known; 0: none yet.
    [[nodiscard]] virtual std::int64_t account() const { return 0; }
  };

  IoLoop();
  ~IoLoop() override;

  void post(Task task) override { post(std::move(task), Handover::kNow); }
  void post_lazily(Task task) override { post(std::move(task), Handover::kMayWait); }
  [[nodiscard]] bool has_posted() const override { return !mailbox_->empty(); }

  // On the loop's thread. `who` must live until the end of the turn in which it closed `fd`; its
  // owner passes it to keep_for_turn() at that time.
  [[nodiscard]] Status watch(int fd, Watched& who) const;
  // The descriptor's owner gets no further events; only at a turn's end.
  void unwatch(int fd) const;
  void keep_for_turn(std::shared_ptr<Watched> who) { kept_.push_back(std::move(who)); }
  using Reason = TurnEnds<Watched>::Reason;
  // Calls on_turn_end() once this turn's tasks have run. If many request it, accounts are served
  // round-robin, and the rest at the ends of later turns. Request it at most once a turn.
  void at_turn_end(std::shared_ptr<Watched> who, Reason reason = Reason::kNew) {
    const std::int64_t account = who->account();
    at_end_.add(account, std::move(who), reason);
  }

  // The reads of this turn have taken long already: an object whose own work can wait should do it
  // at the turn's end.
  [[nodiscard]] bool is_late() const { return late_; }

  // Before start(): called on the loop's thread about four times a second.
  void on_sweep(std::function<void()> sweep) { sweeps_.push_back(std::move(sweep)); }

  // For tests that control the clock, without start(): turn() runs one turn on the caller's thread
  // without waiting, sweep_now() one sweep. turn() returns false if there was nothing to do.
  bool turn();
  void sweep_now();

  // Time since the last sweep began; much more than a quarter of a second if something blocks the
  // loop. Zero before start(). Any thread.
  [[nodiscard]] Millis since_sweep() const;

  void start();
  void stop();  // returns when the thread has ended; drops posted tasks that have not run

 private:
  void run();
  // Each returns whether there was anything to do.
  bool wait(int most_ms);
  bool run_tasks();
  bool end_turn();
  void post(Task task, Handover handover);

  int epoll_;
  const std::shared_ptr<Mailbox> mailbox_ = std::make_shared<Mailbox>();
  std::array<epoll_event, 1024> events_{};
  std::vector<std::function<void()>> sweeps_;

  // Used on the loop's thread only.
  bool late_ = false;
  Tasks mine_;
  Tasks running_;
  TurnEnds<Watched> at_end_;
  std::vector<std::shared_ptr<Watched>> kept_;
  TaskBatches<std::chrono::steady_clock> outgoing_;  // for other loops

  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> swept_ms_{0};  // on the steady clock; 0: not started
  std::jthread thread_;
};

// The longest time that any of the loops has not swept.
[[nodiscard]] Millis longest_stall(std::span<const std::unique_ptr<IoLoop>> loops);

}  // namespace gridloom::net
