// Requests that wait for their replies. Each ends once: by its reply, by its deadline, or because
// the connection was lost.
//
// Thread rule: any function from any thread; a callback runs on the thread that ends its request,
// or on the one of the deadlines.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/result.h"
#include "nats/connection.h"

namespace gridloom::nats {

class PendingRequests {
 public:
  PendingRequests();
  PendingRequests(const PendingRequests&) = delete;
  PendingRequests& operator=(const PendingRequests&) = delete;
  // Ends all that are left with kOffline.
  ~PendingRequests();

  // Returns the number that names the request.
  [[nodiscard]] std::uint64_t add(Millis at_most, Connection::OnReply on_reply);
  // Nothing happens if the request has ended.
  void end(std::uint64_t number, Result<std::string> reply);
  void end_all(const Error& error);

 private:
  using Steady = std::chrono::steady_clock;
  struct Request {
    Steady::time_point deadline;
    Connection::OnReply on_reply;
  };

  void work(const std::stop_token& stop);
  [[nodiscard]] std::optional<Request> take(std::uint64_t number);

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Request> requests_;
  std::multimap<Steady::time_point, std::uint64_t> deadlines_;
  std::jthread thread_;  // of the deadlines
};

}  // namespace gridloom::nats
