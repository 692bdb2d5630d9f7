// A Loop that is a thread waiting in epoll, with one coarse timer for everything that has
// deadlines: a timer per connection would cost more than the connection's work.
//
// It works in turns: what became readable is read, then the tasks run, then whoever asked for it by
// at_turn_end() writes. So a connection writes once a turn, however many messages the turn brought
// it, and an answer that is made by tasks of this loop leaves in the turn of its question. That,
// and descriptors that are registered once for all, is why this is not an io_context.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "net/turn_ends.h"

namespace gridloom::net {

class IoLoop final : public Loop {
 public:
  // Who has a descriptor on the loop. Both are called on the loop's thread.
  class Watched {
   public:
    Watched() = default;
    Watched(const Watched&) = delete;
    Watched& operator=(const Watched&) = delete;
    virtual ~Watched() = default;
    // EPOLLIN, EPOLLOUT and the like; it comes once for each change.
    virtual void on_ready(std::uint32_t events) = 0;
    virtual void on_turn_end() = 0;
    // Whose it is, as far as that is known; 0: nobody's yet.
    [[nodiscard]] virtual std::int64_t account() const { return 0; }
  };

  IoLoop();
  ~IoLoop() override;

  void post(Task task) override;

  // On the loop's thread. `who` stays until the turn in which it closed `fd` has ended; whoever
  // owns it hands it to keep_for_turn() then.
  [[nodiscard]] Status watch(int fd, Watched& who) const;
  void keep_for_turn(std::shared_ptr<Watched> who) { kept_.push_back(std::move(who)); }
  using Why = TurnEnds<Watched>::Why;
  // Calls on_turn_end() once this turn's tasks have run; if many ask, account by account in turn,
  // and at the ends of later turns. Ask once a turn.
  void at_turn_end(std::shared_ptr<Watched> who, Why why = Why::kBegins) {
    const std::int64_t account = who->account();
    at_end_.add(account, std::move(who), why);
  }

  // Others became readable in this turn and took their time: who can wait with its own work asks
  // for its end.
  [[nodiscard]] bool is_late() const { return late_; }

  // Before start(): called on the loop's thread about four times a second.
  void on_sweep(std::function<void()> sweep) { sweeps_.push_back(std::move(sweep)); }

  // Without start(): one turn on the caller's thread, without waiting, and one sweep. For tests,
  // which own time. False: there was nothing to do.
  bool turn();
  void sweep_now();

  // Of the loop that started, how long ago its last sweep began: much more than a quarter of a
  // second if something holds it up. Zero before start(). Any thread.
  [[nodiscard]] Millis since_sweep() const;

  void start();
  void stop();  // returns when the thread has ended; what was posted and has not run is dropped

 private:
  using Tasks = std::vector<Task>;

  void run();
  // Each: whether there was anything.
  bool wait(int most_ms);
  bool run_tasks();
  bool end_turn();
  void take_over(Tasks& tasks);
  void send_out();
  void wake() const;

  int epoll_;
  int wake_;  // eventfd
  std::array<epoll_event, 1024> events_{};
  std::vector<std::function<void()>> sweeps_;

  // Of the loop's thread.
  bool late_ = false;
  Tasks mine_;
  Tasks running_;
  TurnEnds<Watched> at_end_;
  std::vector<std::shared_ptr<Watched>> kept_;
  // What this loop has for another: handed over together, several times a turn, as one lock and
  // one waking for each task would cost more than the task.
  struct Outgoing {
    IoLoop* to;
    Tasks tasks;
  };
  std::vector<Outgoing> outgoing_;

  std::mutex mutex_;
  Tasks posted_;                     // by other threads; under the mutex
  std::atomic<bool> posts_{false};   // posted_ is not empty
  std::atomic<bool> asleep_{false};  // or about to be: a post has to wake it
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> swept_ms_{0};  // by the steady clock; 0: not started
  std::jthread thread_;
};

// The longest time that one of them has not swept.
[[nodiscard]] Millis held_up(std::span<const std::unique_ptr<IoLoop>> loops);

}  // namespace gridloom::net
