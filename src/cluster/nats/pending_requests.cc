#include "nats/pending_requests.h"

#include <utility>
#include <vector>

namespace gridloom::nats {

PendingRequests::PendingRequests() : thread_([this](const std::stop_token& stop) { work(stop); }) {}

PendingRequests::~PendingRequests() {
  thread_.request_stop();
  thread_.join();
  end_all({.code = ErrorCode::kOffline, .detail = "the connection with NATS was closed"});
}

std::uint64_t PendingRequests::add(Millis at_most, Connection::OnReply on_reply) {
  const auto deadline = Steady::now() + at_most;
  std::uint64_t number = 0;
  bool is_next = false;
  {
    const std::lock_guard lock(mutex_);
    number = ++last_;
    is_next = deadlines_.empty() || deadline < deadlines_.begin()->first;
    requests_.emplace(number, Request{.deadline = deadline, .on_reply = std::move(on_reply)});
    deadlines_.emplace(deadline, number);
  }
  if (is_next) changed_.notify_one();
  return number;
}

std::optional<PendingRequests::Request> PendingRequests::take(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  auto found = requests_.extract(number);
  if (found.empty()) return std::nullopt;
  const auto [begin, end] = deadlines_.equal_range(found.mapped().deadline);
  for (auto each = begin; each != end; ++each) {
    if (each->second != number) continue;
    deadlines_.erase(each);
    break;
  }
  return std::move(found.mapped());
}

void PendingRequests::end(std::uint64_t number, Result<std::string> reply) {
  if (auto request = take(number)) request->on_reply(std::move(reply));
}

void PendingRequests::end_all(const Error& error) {
  std::map<std::uint64_t, Request> all;
  {
    const std::lock_guard lock(mutex_);
    all.swap(requests_);
    deadlines_.clear();
  }
  for (auto& [number, request] : all) request.on_reply(std::unexpected(error));
}

void PendingRequests::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (deadlines_.empty()) {
      changed_.wait(lock, stop, [this] { return !deadlines_.empty(); });
      continue;
    }
    const auto next = deadlines_.begin()->first;
    if (Steady::now() < next) {
      changed_.wait_until(lock, stop, next, [this, next] {
        return deadlines_.empty() || deadlines_.begin()->first != next;
      });
      continue;
    }
    const std::uint64_t number = deadlines_.begin()->second;
    lock.unlock();
    end(number, fail(ErrorCode::kNoAnswer, "no reply came in time"));
    lock.lock();
  }
}

}  // namespace gridloom::nats
