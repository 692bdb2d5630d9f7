// A Loop runs tasks one after another on one thread: the unit of concurrency of the whole program.
//
// A shard, a connection or a virtual device belongs to one loop and is used only there; all other
// code posts tasks to that loop. In the server a loop is a thread that waits for sockets; in a test
// it is a queue that the test drains.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

namespace gridloom {

// The names of threads of a slot's server, which begin the lines that they log.
//
// A thread that is made inherits the name of the thread that makes it, so that one that opens a
// slot's server names all threads of it.
inline constexpr std::string_view kSlotThread = "slot ";  // "slot 3"

using Task = std::move_only_function<void()>;

class Loop {
 public:
  Loop() = default;
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  virtual ~Loop() = default;

  // Any thread. Tasks of one poster run in the order in which they were posted.
  virtual void post(Task task) = 0;
  // The same for a task that may wait a millisecond, together with those of the same poster.
  virtual void post_lazily(Task task) { post(std::move(task)); }
  // On the loop: whether tasks that other threads posted wait to be run.
  [[nodiscard]] virtual bool has_posted() const { return false; }
};

// Called once with the result, on the loop that the caller named.
template <typename T>
using Callback = std::move_only_function<void(T)>;

// A loop that runs each task at once, on the thread that posts it: for answers to a thread that
// waits for them, and for tests.
class ImmediateLoop final : public Loop {
 public:
  void post(Task task) override { task(); }
};

}  // namespace gridloom
