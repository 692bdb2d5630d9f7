// One connection over which virtual devices talk to a server: its own for a device, or one for many
// as a gateway. It signs in, keeps itself alive, and tries again when it is lost, after longer and
// longer pauses.
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
#include "client/mqtt_client.h"
#include "client/stream.h"
#include "net/io_loop.h"

namespace gridloom::sim {

class Link final : public net::IoLoop::Watched,
                   public client::MqttClient::Listener,
                   public std::enable_shared_from_this<Link> {
 public:
  using Moment = client::Moment;

  // Whose it is. Called on the loop.
  class Owner {
   public:
    Owner() = default;
    Owner(const Owner&) = delete;
    Owner& operator=(const Owner&) = delete;
    virtual ~Owner() = default;
    // Signed in, and sets are heard. What was sent before may be lost.
    virtual void on_online() = 0;
    // Lost, or never came about.
    virtual void on_offline(const Fault& why) = 0;
    virtual void on_message(std::string_view topic, std::string_view payload) = 0;
    // A message was acknowledged, `took` after it was sent.
    virtual void on_acknowledged(std::chrono::nanoseconds took) = 0;
  };

  struct Options {
    client::Peer server;
    client::TlsClient tls;  // null: plain
    net::IoLoop* loop = nullptr;
    std::span<char> buffer;  // for reading, the loop's links share one
    std::string client_id, user;
    Secret password;
    std::string filter;  // of sets
    std::size_t window = 64;
  };
  Link(Options options, Owner& owner);

  // Begins a connection. The owner hears what becomes of it.
  void open();
  // For good, with a goodbye. The owner is not told, here or later.
  void close();
  // Now and then: pings, gives up on a silent server. `now` of the steady clock.
  void tick(Moment now);

  // QoS 1. What the window does not take waits; nothing is sent while offline.
  void send(std::string_view topic, std::string payload);
  // Breaks the connection, or the attempt, as a network does. The owner hears that it is offline.
  void drop();

  [[nodiscard]] bool online() const { return client_ && client_->signed_in(); }
  [[nodiscard]] bool opening() const { return client_ && !client_->signed_in(); }
  [[nodiscard]] bool closed() const { return !client_; }
  // When it may be opened again; once it is closed.
  [[nodiscard]] Moment retry_at() const { return retry_at_; }
  [[nodiscard]] bool refused() const { return refused_; }
  [[nodiscard]] std::size_t unacknowledged() const;
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  void on_ready(std::uint32_t events) override;
  void on_turn_end() override;
  void on_signed_in(client::MqttClient& client) override;
  void on_taken(client::MqttClient& client, Moment due) override;
  void on_room(client::MqttClient& client) override;
  void on_message(const wire::mqtt::Publish& message) override;
  void on_bytes(std::size_t sent, std::size_t received) override;

  void flush_later();
  void fill_window();
  void lose(const Fault& why);

  Options options_;
  Owner& owner_;
  Chance chance_;
  std::unique_ptr<client::MqttClient> client_;
  struct Waiting {
    std::string topic;
    std::string payload;
  };
  std::deque<Waiting> queue_;
  Moment sent_;
  Moment heard_;
  Moment pinged_;
  Moment retry_at_;
  unsigned tries_ = 0;
  bool flushing_ = false;  // asked for the end of the turn
  bool refused_ = false;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace gridloom::sim
