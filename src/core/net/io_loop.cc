#include "net/io_loop.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <utility>

namespace gridloom::net {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSweepPeriod{250};

std::int64_t steady_ms() {
  return std::chrono::duration_cast<Millis>(Steady::now().time_since_epoch()).count();
}

// Tasks posted by tasks of the same turn run in that turn too, up to this many passes.
constexpr int kPasses = 4;

// After reading for this long in a turn, connections that became readable are deferred to their
// turn end, which comes in fair order.
constexpr std::chrono::milliseconds kReading{1};
// After this long, newly readable descriptors are read before the remaining turn ends are called.
constexpr std::chrono::milliseconds kTurnEnd{2};
constexpr int kIterationsPerClockRead = 8;  // iterations between two reads of the clock

// The loop that this thread runs.
thread_local IoLoop* here = nullptr;

}  // namespace

IoLoop::IoLoop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  event.data.ptr = nullptr;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, mailbox_->wake_descriptor(), &event);
}

IoLoop::~IoLoop() {
  stop();
  // Tasks may own objects that close descriptors when they are destroyed.
  mailbox_->close();
  mine_.clear();
  at_end_.clear();
  kept_.clear();
  ::close(epoll_);
}

void IoLoop::post(Task task, Handover handover) {
  if (here == this) {
    mine_.push_back(std::move(task));
  } else if (here != nullptr) {
    here->outgoing_.add(mailbox_, std::move(task), handover);
  } else {
    Tasks one;
    one.push_back(std::move(task));
    mailbox_->add(one);
  }
}

Status IoLoop::watch(int fd, Watched& who) const {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = &who;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return fail(ErrorCode::kIo, system_message(errno));
}

void IoLoop::unwatch(int fd) const {
  epoll_event event{};  // not read
  ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, &event);
}

Millis IoLoop::since_sweep() const {
  const std::int64_t swept_ms = swept_ms_.load();
  return Millis(swept_ms == 0 ? 0 : steady_ms() - swept_ms);
}

Millis longest_stall(std::span<const std::unique_ptr<IoLoop>> loops) {
  Millis longest{0};
  for (const auto& loop : loops) longest = std::max(longest, loop->since_sweep());
  return longest;
}

void IoLoop::start() {
  swept_ms_ = steady_ms();
  thread_ = std::jthread([this] { run(); });
}

void IoLoop::stop() {
  stopping_.store(true);
  mailbox_->wake();
  if (thread_.joinable()) thread_.join();
}

bool IoLoop::turn() {
  IoLoop* const before = std::exchange(here, this);
  bool busy = wait(0);
  busy = run_tasks() || busy;
  busy = end_turn() || busy;
  outgoing_.send(Handover::kNow);
  here = before;
  return busy;
}

void IoLoop::sweep_now() {
  for (const auto& sweep : sweeps_) sweep();
}

void IoLoop::run() {
  here = this;
  bool kept = false;
  for (auto next_sweep = Steady::now() + kSweepPeriod; !stopping_.load();) {
    const auto left =
        kept ? kWakePeriod
             : std::chrono::ceil<std::chrono::milliseconds>(next_sweep - Steady::now());
    wait(static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    outgoing_.send(Handover::kMayWait);
    run_tasks();
    outgoing_.send(Handover::kMayWait);
    if (const auto now = Steady::now(); now >= next_sweep) {
      swept_ms_ = steady_ms();
      sweep_now();
      next_sweep = now + kSweepPeriod;
    }
    end_turn();
    kept = outgoing_.send(Handover::kMayWait);
  }
  here = nullptr;
}

bool IoLoop::wait(int most_ms) {
  mailbox_->fall_asleep();
  const bool busy = !mine_.empty() || !at_end_.empty() || !mailbox_->empty();
  if (busy) mailbox_->stay_awake();
  const int count =
      ::epoll_wait(epoll_, events_.data(), static_cast<int>(events_.size()), busy ? 0 : most_ms);
  mailbox_->stay_awake();
  bool ready = false;
  late_ = !at_end_.empty();  // pending turn ends come first
  const auto late_at = Steady::now() + kReading;
  for (int i = 0; i < count; ++i) {
    if (i % kIterationsPerClockRead == kIterationsPerClockRead - 1)
      late_ = late_ || Steady::now() >= late_at;
    const epoll_event& event = events_.at(static_cast<std::size_t>(i));
    if (event.data.ptr == nullptr) continue;  // wake-up; edge-triggered: nothing has to be read
    static_cast<Watched*>(event.data.ptr)->on_ready(event.events);
    ready = true;
  }
  return ready;
}

bool IoLoop::run_tasks() {
  for (int pass = 0; pass < kPasses; ++pass) {
    if (!mailbox_->empty()) {
      mailbox_->take(running_);
      // Tasks of other threads have no order relative to this thread's own.
      for (Task& task : mine_) running_.push_back(std::move(task));
      mine_.clear();
    } else {
      running_.swap(mine_);
    }
    if (running_.empty()) return pass != 0;
    for (Task& task : running_) task();
    running_.clear();
  }
  return true;
}

bool IoLoop::end_turn() {
  const bool any = !at_end_.empty();
  const auto end = Steady::now() + kTurnEnd;
  // Requests made meanwhile are served in a later turn, after others' events.
  const std::size_t most = at_end_.size();
  for (std::size_t i = 0; i < most; ++i) {
    if (i % kIterationsPerClockRead == kIterationsPerClockRead - 1 && Steady::now() >= end) break;
    at_end_.next()->on_turn_end();
  }
  kept_.clear();
  return any;
}

}  // namespace gridloom::net
