#include "net/io_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <utility>

namespace gridloom::net {
namespace {

constexpr std::chrono::milliseconds kSweepPeriod{250};

}  // namespace

struct IoLoop::Timer {
  explicit Timer(boost::asio::io_context& context) : work(context.get_executor()), timer(context) {}
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work;
  boost::asio::steady_timer timer;
};

IoLoop::IoLoop() : timer_(std::make_unique<Timer>(context_)) {}

IoLoop::~IoLoop() { stop(); }

void IoLoop::post(Task task) { boost::asio::post(context_, std::move(task)); }

void IoLoop::arm() {
  timer_->timer.expires_after(kSweepPeriod);
  timer_->timer.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    sweep_now();
    arm();
  });
}

void IoLoop::sweep_now() {
  for (const auto& sweep : sweeps_) sweep();
}

void IoLoop::start() {
  arm();
  thread_ = std::jthread([this] { context_.run(); });
}

void IoLoop::stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

}  // namespace gridloom::net
