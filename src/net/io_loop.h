// A Loop that is an io_context on a thread of its own, with one coarse timer for everything that
// has deadlines: a timer per connection would cost more than the connection's work.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "base/loop.h"

namespace gridloom::net {

class IoLoop final : public Loop {
 public:
  IoLoop();
  ~IoLoop() override;

  void post(Task task) override;
  [[nodiscard]] boost::asio::io_context& context() { return context_; }

  // Before start(): called on the loop's thread about four times a second.
  void on_sweep(std::function<void()> sweep) { sweeps_.push_back(std::move(sweep)); }

  // Without start(): what is ready to run, on the caller's thread; returns how much it was. And one
  // sweep. For tests, which own time.
  std::size_t poll() { return context_.poll(); }
  void sweep_now();

  void start();
  void stop();  // returns when the thread has ended; what was posted and has not run is dropped

 private:
  struct Timer;
  void arm();

  boost::asio::io_context context_;
  std::unique_ptr<Timer> timer_;
  std::vector<std::function<void()>> sweeps_;
  std::jthread thread_;
};

}  // namespace gridloom::net
