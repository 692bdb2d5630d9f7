// One connection over which virtual devices talk to a server: a device's own, or one that many
// devices share behind a gateway. It signs in, keeps the connection alive, and reconnects after a
// loss, with increasing pauses.
//
// One thread: the loop's.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/chance.h"
#include "base/secret.h"
#include "client/mqtt_connection.h"
#include "client/stream.h"
#include "net/io_loop.h"

namespace gridloom::sim {

// The pauses before a link connects again: longer after each failure, and random in part, so that
// not all links try at once.
class RetryPause {
 public:
  explicit RetryPause(Chance chance) : chance_(chance) {}

  void begin(client::Moment now);  // after a failure
  void reset() { failures_ = 0; }  // after a success
  [[nodiscard]] client::Moment end() const { return end_; }

 private:
  Chance chance_;
  unsigned failures_ = 0;  // as far as they lengthen the pause
  client::Moment end_;
};

class Link final : public net::IoLoop::Watched,
                   public client::MqttConnection::Listener,
                   public std::enable_shared_from_this<Link> {
 public:
  using Moment = client::Moment;

  // The owner of a link. Called on the loop.
  class Listener {
   public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual ~Listener() = default;
    // Signed in, and subscribed to sets. Messages sent on the previous connection may be lost.
    virtual void on_online() = 0;
    // The connection was lost, or could not be made.
    virtual void on_offline(const Error& why) = 0;
    virtual void on_message(std::string_view topic, std::string_view payload) = 0;
    // A message was acknowledged, `took` after it was sent.
    virtual void on_acknowledged(std::chrono::nanoseconds took) = 0;
  };

  struct Options {
    client::Peer server;
    client::TlsClient tls;  // null: plain TCP
    net::IoLoop* loop = nullptr;
    std::span<char> buffer;  // for reading; shared by the loop's links
    std::string client_id, user;
    Secret password;
    std::string filter;  // topic filter of the sets
    std::size_t window = 64;
  };
  Link(Options options, Listener& listener);

  // Starts to connect. The result is reported to the owner.
  void open();
  // Closes the link for good, with a DISCONNECT. The owner is not notified, now or later.
  void close();
  // Call it now and then: sends pings, and gives up on a silent server. `now` is of the steady
  // clock.
  void tick(Moment now);

  // QoS 1. Messages that exceed the window are queued; nothing is sent while offline.
  void send(std::string_view topic, std::string payload);
  // Breaks the connection, or the attempt, as a network does. The owner gets on_offline().
  void drop();

  [[nodiscard]] bool online() const { return connection_ && connection_->signed_in(); }
  [[nodiscard]] bool opening() const { return connection_ && !connection_->signed_in(); }
  [[nodiscard]] bool closed() const { return !connection_; }
  // When the link may be opened again; valid once it is closed.
  [[nodiscard]] Moment retry_at() const { return retry_pause_.end(); }
  [[nodiscard]] bool refused() const { return refused_; }
  [[nodiscard]] std::size_t unacknowledged() const;
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  void on_ready(std::uint32_t events) override;
  void on_turn_end() override;
  void on_signed_in(client::MqttConnection& connection) override;
  void on_acknowledged(client::MqttConnection& connection, Moment due) override;
  void on_writable(client::MqttConnection& connection) override;
  void on_message(const wire::mqtt::Publish& message) override;
  void on_bytes(std::size_t sent, std::size_t received) override;

  void flush_later();
  void fill_window();
  void lose(const Error& why);
  void disconnect();

  Options options_;
  Listener& listener_;
  RetryPause retry_pause_;
  // Shared with on_ready(), within which the owner may call drop().
  std::shared_ptr<client::MqttConnection> connection_;
  struct Waiting {
    std::string topic;
    std::string payload;
  };
  std::deque<Waiting> queue_;
  Moment sent_;
  Moment heard_;
  Moment pinged_;
  bool flushing_ = false;  // a flush is scheduled for the end of the turn
  bool refused_ = false;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace gridloom::sim
