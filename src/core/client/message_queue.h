// MQTT messages that wait to be sent, in their order, within limits: beyond them the oldest are
// dropped and counted. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <utility>

#include "client/mqtt_session.h"

namespace gridloom::client {

class MessageQueue {
 public:
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

  struct Limits {
    std::size_t messages = 10'000;
    std::size_t bytes = std::size_t{8} * 1024 * 1024;  // of topics and payloads
  };
  struct Message {
    std::string topic;
    std::string payload;
    PublishOptions options{};
  };

  explicit MessageQueue(const Limits& limits) : limits_(limits) {}

  // A message that is larger than the limit by itself is dropped with those before it.
  void push(Message message) {
    bytes_ += bytes_of(message);
    waiting_.push_back(std::move(message));
    while (waiting_.size() > limits_.messages || bytes_ > limits_.bytes) {
      pop();
      count_dropped();
    }
  }
  // The queue must not be empty.
  [[nodiscard]] const Message& front() const { return waiting_.front(); }
  void pop() {
    bytes_ -= bytes_of(waiting_.front());
    waiting_.pop_front();
  }
  // Drops all messages.
  void clear() {
    dropped_ += waiting_.size();
    waiting_.clear();
    bytes_ = 0;
  }
  // A message was dropped instead of being put into the queue.
  void count_dropped() { ++dropped_; }

  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  // Messages dropped since the queue was made.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  [[nodiscard]] static std::size_t bytes_of(const Message& message) {
    return message.topic.size() + message.payload.size();
  }

  Limits limits_;
  std::deque<Message> waiting_;
  std::size_t bytes_ = 0;
  std::uint64_t dropped_ = 0;
};

}  // namespace gridloom::client
