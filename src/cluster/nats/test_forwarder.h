// For tests: a way to a nats-server that can be held. What is sent meanwhile is kept, and goes on
// when it is released, as with a network or a process that stands still for a while.
//
// Thread rule: one thread; the forwarding has a thread of its own.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/file_descriptor.h"
#include "nats/settings.h"
#include "testing/must.h"

namespace gridloom::nats {

class TestForwarder {
 public:
  explicit TestForwarder(std::uint16_t to)
      : to_(to),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 16) != 0 ||
        ::getsockname(listener_.get(), generic, &size) != 0) {
      throw std::runtime_error("no port is free");
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { work(); });
  }
  TestForwarder(const TestForwarder&) = delete;
  TestForwarder& operator=(const TestForwarder&) = delete;
  ~TestForwarder() {
    stopping_ = true;
    wake();
    thread_.join();
  }

  [[nodiscard]] ConnectionSettings settings() const {
    return must(ConnectionSettings::parse({.urls = fmt::format("nats://127.0.0.1:{}", port_)}));
  }

  enum class Held : std::uint8_t { kNothing, kReplies, kAll };
  // Returns once it is so.
  void hold(Held held) {
    held_ = held;
    const std::uint64_t asked = ++asked_;
    wake();
    for (std::uint64_t seen = applied_; seen < asked; seen = applied_) applied_.wait(seen);
  }
  // Replies are held from the next request with these bytes on; await_reply() returns once the
  // server has answered it.
  void hold_replies_from(const std::string& request) {
    answered_ = false;
    const std::lock_guard lock(mutex_);
    awaited_ = request;
  }
  void await_reply() { answered_.wait(false); }

 private:
  struct Pair {
    FileDescriptor client;
    FileDescriptor server;
    bool is_over = false;
  };

  [[nodiscard]] static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  void wake() const { ::eventfd_write(wake_.get(), 1); }

  void work() {
    while (!stopping_) {
      const std::uint64_t asked = asked_;
      const Held held = held_;
      const bool is_awaiting = is_awaiting_;
      applied_ = asked;
      applied_.notify_one();
      std::vector<pollfd> waits{{.fd = wake_.get(), .events = POLLIN, .revents = 0},
                                {.fd = listener_.get(), .events = POLLIN, .revents = 0}};
      for (const Pair& pair : pairs_) {
        const int from_client = held == Held::kAll ? -1 : pair.client.get();
        const int from_server = held == Held::kNothing || is_awaiting ? pair.server.get() : -1;
        waits.push_back({.fd = from_client, .events = POLLIN, .revents = 0});
        waits.push_back({.fd = from_server, .events = POLLIN, .revents = 0});
      }
      ::poll(waits.data(), waits.size(), -1);
      eventfd_t count = 0;
      ::eventfd_read(wake_.get(), &count);
      std::size_t at = 2;
      for (Pair& pair : pairs_) {
        if (waits[at++].revents != 0) pair.is_over |= !pass(pair.client, pair.server);
        if (waits[at++].revents == 0) continue;
        if (is_awaiting && held == Held::kReplies) {
          is_awaiting_ = false;
          answered_ = true;
          answered_.notify_one();
        } else if (held_ == Held::kNothing) {
          pair.is_over |= !pass(pair.server, pair.client);
        }
      }
      pairs_.remove_if([](const Pair& pair) { return pair.is_over; });
      if (waits[1].revents != 0) accept();
    }
  }
  void accept() {
    Pair pair{.client = FileDescriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
              .server = FileDescriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    const sockaddr_in address = loopback(to_);
    if (::connect(pair.server.get(), reinterpret_cast<const sockaddr*>(&address),
                  sizeof(address)) == 0) {
      pairs_.push_back(std::move(pair));
    }
  }
  // False: one of the two has ended.
  [[nodiscard]] bool pass(const FileDescriptor& from, const FileDescriptor& to) {
    std::array<char, 65'536> some{};
    const ssize_t got = ::recv(from.get(), some.data(), some.size(), 0);
    if (got > 0) look_for_request({some.data(), static_cast<std::size_t>(got)});
    return got > 0 &&
           ::send(to.get(), some.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL) == got;
  }

  void look_for_request(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (awaited_.empty() || !bytes.contains(awaited_)) return;
    awaited_.clear();
    is_awaiting_ = true;
    held_ = Held::kReplies;
  }

  std::uint16_t to_;
  std::uint16_t port_ = 0;
  FileDescriptor listener_;
  FileDescriptor wake_;
  std::atomic<Held> held_ = Held::kNothing;
  std::atomic<std::uint64_t> asked_ = 0;    // calls of hold()
  std::atomic<std::uint64_t> applied_ = 0;  // that the thread has seen
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::string awaited_;       // under the mutex; empty: no request
  bool is_awaiting_ = false;  // the thread's: the request has gone on, its reply has not come
  std::atomic<bool> answered_ = false;
  std::list<Pair> pairs_;  // the thread's
  std::jthread thread_;
};

}  // namespace gridloom::nats
