// epoll, edge-triggered: which of many connections have something to read, or room to write again.
// One thread.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.h"

namespace gridloom::bench {

class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // `key` comes back from wait(). A closed descriptor leaves by itself.
  [[nodiscard]] Status add(int fd, std::uint64_t key) const;
  // Valid until the next call. Timeout 0 does not wait.
  [[nodiscard]] std::span<const epoll_event> wait(int timeout_ms);

 private:
  int fd_;
  std::array<epoll_event, 256> events_{};
};

}  // namespace gridloom::bench
