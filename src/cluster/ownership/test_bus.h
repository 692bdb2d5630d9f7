// For tests: a bus in memory, between members that the test can cut off, hold back, delay and let
// lose messages.
//
// Messages arrive when the test calls deliver(), on its thread, or, with Delivery::kAtOnce, before
// publish() returns. Thread rule: any function from any thread. The bus outlives its members.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "ownership/bus.h"
#include "testing/dice.h"

namespace gridloom::cluster {

class TestBus {
 public:
  class Member;

 private:
  struct Message {
    TimePoint due{};
    Member* to = nullptr;
    std::string subject{};
    std::string bytes{};
  };

 public:
  enum class Delivery : std::uint8_t { kWhenDue, kAtOnce };
  // `clock`: the time of the whole test, which outlives the bus.
  explicit TestBus(const Clock& clock, Delivery delivery = Delivery::kWhenDue)
      : clock_(clock), delivery_(delivery) {}

  class Member final : public Bus {
   public:
    explicit Member(TestBus& bus) : bus_(bus) {
      const std::scoped_lock lock(bus_.mutex_);
      link_ = {.is_connected = true, .since = bus_.clock_.now(), .connections = 1};
      bus_.members_.push_back(this);
    }
    ~Member() override {
      const std::scoped_lock lock(bus_.delivering_, bus_.mutex_);
      std::erase(bus_.members_, this);
    }

    [[nodiscard]] Status publish(std::string_view subject, std::string_view bytes) override {
      return bus_.publish(*this, subject, bytes);
    }
    [[nodiscard]] Result<std::unique_ptr<Subscription>> subscribe(std::string_view subject,
                                                                  Handler handler) override {
      const std::scoped_lock lock(bus_.mutex_);
      handlers_.push_back({++next_, std::string(subject), std::move(handler)});
      return std::make_unique<Subscribed>(*this, next_);
    }
    [[nodiscard]] Link link() const override {
      const std::scoped_lock lock(bus_.mutex_);
      return link_;
    }

    // Nothing comes in or goes out, and what was on its way to it is lost.
    void cut() { set_connected(false); }
    void mend() { set_connected(true); }
    // Members hear those of their own side alone, as when servers of the bus lose each other.
    void move_to_side(int side) { side_ = side; }
    // Its process is stopped: what comes waits for release().
    void hold() { is_held_ = true; }
    void release() { is_held_ = false; }

   private:
    friend class TestBus;
    struct Handling {
      std::uint64_t number = 0;
      std::string subject;
      Handler handler;
    };
    class Subscribed final : public Subscription {
     public:
      Subscribed(Member& member, std::uint64_t number) : member_(member), number_(number) {}
      ~Subscribed() override {
        const std::scoped_lock lock(member_.bus_.delivering_, member_.bus_.mutex_);
        std::erase_if(member_.handlers_, [this](const Handling& h) { return h.number == number_; });
      }

     private:
      Member& member_;
      std::uint64_t number_;
    };

    void set_connected(bool is_connected) {
      const std::scoped_lock lock(bus_.mutex_);
      if (link_.is_connected == is_connected) return;
      link_ = {.is_connected = is_connected,
               .since = bus_.clock_.now(),
               .connections = link_.connections + (is_connected ? 1 : 0)};
      if (!is_connected) messages_.clear();
    }

    TestBus& bus_;
    Link link_;
    std::atomic<bool> is_held_ = false;
    std::atomic<int> side_ = 0;
    std::uint64_t next_ = 0;
    std::vector<Handling> handlers_;
    std::deque<Message> messages_;  // that are on their way to it
  };

  // How long each message takes to each member, from now on.
  void delay(Millis least, Millis most) {
    least_ = least;
    most_ = most;
  }
  // 0: none is lost.
  void lose_one_in(std::size_t messages) { lose_one_in_ = messages; }
  void seed(std::uint64_t seed) { dice_ = Dice(seed); }

  // Hands over all that is due.
  void deliver() {
    const std::scoped_lock delivering(delivering_);
    while (const std::optional<Message> message = take_due()) hand_over(*message);
  }

 private:
  Status publish(const Member& from, std::string_view subject, std::string_view bytes) {
    {
      const std::scoped_lock lock(mutex_);
      if (!from.link_.is_connected) return fail(ErrorCode::kIo, "the test has cut the bus");
      for (Member* const to : members_) {
        if (!to->link_.is_connected || to->side_ != from.side_) continue;
        if (lose_one_in_ != 0 && dice_.once_in(lose_one_in_)) continue;
        const Millis delay(dice_.between(least_.count(), most_.count()));
        to->messages_.push_back({.due = clock_.now() + delay,
                                 .to = to,
                                 .subject = std::string(subject),
                                 .bytes = std::string(bytes)});
      }
    }
    if (delivery_ == Delivery::kAtOnce) deliver();
    return {};
  }

  // In the order in which they were published to a member, as on a connection.
  std::optional<Message> take_due() {
    const std::scoped_lock lock(mutex_);
    for (Member* const to : members_) {
      std::deque<Message>& messages = to->messages_;
      if (messages.empty() || to->is_held_ || messages.front().due > clock_.now()) continue;
      Message message = std::move(messages.front());
      messages.pop_front();
      return message;
    }
    return std::nullopt;
  }
  void hand_over(const Message& message) {
    std::vector<Bus::Handler> handlers;
    {
      const std::scoped_lock lock(mutex_);
      for (const Member::Handling& each : message.to->handlers_) {
        if (is_match(each.subject, message.subject)) handlers.push_back(each.handler);
      }
    }
    for (const Bus::Handler& handler : handlers) handler(message.subject, message.bytes);
  }
  static bool is_match(std::string_view pattern, std::string_view subject) {
    while (!pattern.empty() && !subject.empty()) {
      const std::string_view wanted = pattern.substr(0, pattern.find('.'));
      const std::string_view token = subject.substr(0, subject.find('.'));
      if (wanted != "*" && wanted != token) return false;
      pattern.remove_prefix(std::min(wanted.size() + 1, pattern.size()));
      subject.remove_prefix(std::min(token.size() + 1, subject.size()));
    }
    return pattern.empty() && subject.empty();
  }

  const Clock& clock_;
  const Delivery delivery_;
  std::recursive_mutex delivering_;  // while handlers run; taken before the other
  mutable std::mutex mutex_;         // guards the members below, and those of all members
  std::vector<Member*> members_;
  Millis least_{0};
  Millis most_{0};
  std::size_t lose_one_in_ = 0;
  Dice dice_{1};
};

}  // namespace gridloom::cluster
