// Edge-triggered epoll: which of many connections are readable, or writable again. One thread.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace gridloom::client {

class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // wait() returns `key` with the events. A closed descriptor is removed automatically.
  [[nodiscard]] Status add(int fd, std::uint64_t key) const;
  // Valid until the next call. A timeout of 0 does not block.
  [[nodiscard]] std::span<const epoll_event> wait(int timeout_ms);

 private:
  int fd_;
  std::array<epoll_event, 256> events_{};
};

}  // namespace gridloom::client
