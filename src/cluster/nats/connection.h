// One connection with NATS, which reconnects by itself for as long as it lives, to any of its
// servers: messages on subjects, handlers of subjects, and requests.
//
// Nothing waits for a server that is away: while the connection is down, what is sent is refused
// at once, so that nothing stale is sent later. A hung server is noticed after one to one and a
// half seconds.
//
// Errors: kOffline: the connection is down, or nobody answers a subject. kNoAnswer: no answer came
// in time. kNoPermission: the servers refuse the user. kIo: anything else, in words.
//
// Thread rule: any function from any thread. Handlers and callbacks run on threads of the library
// and must only post: others wait for them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/loop.h"
#include "base/result.h"
#include "nats/settings.h"

namespace gridloom::nats {

// A message that was delivered. Views live as long as the handler's call.
struct Delivery {
  std::string_view subject{};
  std::string_view reply_to{};  // empty: nobody waits for a reply
  std::string_view data{};
  // It is no reply, but the servers' word that nobody listens at a request's subject.
  bool is_no_responders = false;
};
using Handler = std::function<void(const Delivery&)>;

// The state of a connection.
struct Health {
  bool is_connected = false;
  // It does not reconnect any more: the servers refuse the user. Another has to be opened.
  bool is_closed = false;
  TimePoint since{};             // when that began, by the options' clock
  std::uint64_t reconnects = 0;  // since the start
  std::string server{};          // that it is or was connected with: "nats://n1:4222"
  std::string failing{};         // why it is not connected, in words
  // Deliveries that were dropped because a handler was too slow.
  std::uint64_t dropped = 0;
};

// Delivers messages to its handler until it goes. The destructor waits for a call of the handler
// that runs, so it must not be called in one.
class Subscription {
 public:
  struct State;
  explicit Subscription(std::shared_ptr<State> state);
  Subscription(Subscription&& other) noexcept = default;
  Subscription& operator=(Subscription&& other) noexcept;
  ~Subscription();

 private:
  void end();
  std::shared_ptr<State> state_;
};

class Connection {
 public:
  // Whether each message is written at once, for what somebody waits for, or with those that come
  // within a millisecond.
  enum class Sending : std::uint8_t { kAtOnce, kTogether };
  struct Options {
    std::string name{};             // that the servers show: "gridloom n1"
    const Clock* clock = nullptr;   // outlives the connection; none: the machine's steady one
    Millis connect_timeout{2'000};  // of one server
    Sending sending = Sending::kAtOnce;
  };
  // Tries each server once. kIo: none can be reached. kNoPermission: the user is refused.
  [[nodiscard]] static Result<std::unique_ptr<Connection>> open(const ConnectionSettings& settings,
                                                                const Options& options);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  // Subscriptions of it are gone before. Requests that wait are answered with kOffline.
  ~Connection();

  [[nodiscard]] Health health() const;

  [[nodiscard]] Status publish(const std::string& subject, std::string_view data) {
    return publish(subject, {}, data);
  }
  // `reply_to`: the subject for replies; empty: none.
  [[nodiscard]] Status publish(const std::string& subject, const std::string& reply_to,
                               std::string_view data);
  // Messages of one subscription come one after another. It outlives reconnects, in which messages
  // are lost.
  [[nodiscard]] Result<Subscription> subscribe(const std::string& subject, Handler handler);
  // Returns when the server has taken what was sent and subscribed so far. kNoAnswer: not in time.
  [[nodiscard]] Status flush(Millis at_most);

  // `on_reply` is called once: with the reply, with kOffline at once if nobody listens at the
  // subject or the connection is down, or with kNoAnswer after `at_most`.
  using OnReply = Callback<Result<std::string>>;
  void request(const std::string& subject, std::string_view data, Millis at_most, OnReply on_reply);

  struct State;  // connection_state.h

 private:
  friend class JetStream;
  friend class ReconnectListener;
  explicit Connection(std::unique_ptr<State> state);
  [[nodiscard]] Status listen_for_replies();

  std::unique_ptr<State> state_;
};

// Calls its function after each reconnect, until it goes. The destructor waits for a call that
// runs.
class ReconnectListener {
 public:
  struct Listeners;  // connection_state.h
  ReconnectListener(const Connection& connection, std::function<void()> on_reconnect);
  ReconnectListener(const ReconnectListener&) = delete;
  ReconnectListener& operator=(const ReconnectListener&) = delete;
  ~ReconnectListener();

 private:
  std::shared_ptr<Listeners> listeners_;
  std::uint64_t number_ = 0;
};

}  // namespace gridloom::nats
