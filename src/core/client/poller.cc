#include "client/poller.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace gridloom::client {

Poller::Poller() : fd_(::epoll_create1(EPOLL_CLOEXEC)) {}

Poller::~Poller() { ::close(fd_); }

Status Poller::add(int fd, std::uint64_t key) const {
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = key;
  if (::epoll_ctl(fd_, EPOLL_CTL_ADD, fd, &event) == 0) return {};
  return fail(ErrorCode::kIo, system_message(errno));
}

std::span<const epoll_event> Poller::wait(int timeout_ms) {
  const int count = ::epoll_wait(fd_, events_.data(), static_cast<int>(events_.size()), timeout_ms);
  return std::span(events_).first(static_cast<std::size_t>(std::max(count, 0)));
}

}  // namespace gridloom::client
