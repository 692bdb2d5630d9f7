#include "net/mailbox.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace gridloom::net {

Mailbox::Mailbox() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Mailbox::~Mailbox() { ::close(wake_); }

void Mailbox::add(Tasks& tasks) {
  {
    const std::scoped_lock lock(mutex_);
    if (tasks_.empty() && !closed_.load()) {
      tasks_.swap(tasks);
    } else if (!closed_.load()) {
      std::ranges::move(tasks, std::back_inserter(tasks_));
    }
    has_tasks_.store(!tasks_.empty());
  }
  tasks.clear();
  if (asleep_.exchange(false)) wake();
}

void Mailbox::wake() const {
  const std::uint64_t one = 1;
  // write() fails only when the counter is full, and then the loop is awake.
  [[maybe_unused]] const ssize_t written = ::write(wake_, &one, sizeof(one));
}

void Mailbox::take(Tasks& into) {
  const std::scoped_lock lock(mutex_);
  has_tasks_.store(false);
  into.swap(tasks_);
}

void Mailbox::close() {
  Tasks tasks;
  const std::scoped_lock lock(mutex_);
  closed_.store(true);
  has_tasks_.store(false);
  tasks.swap(tasks_);
}

}  // namespace gridloom::net
