// One MQTT 3.1.1 connection on a loop, of a device, a gateway or a bridge: it signs in, subscribes,
// keeps the connection alive, and reconnects after a loss, with increasing pauses.
//
// Each connection starts clean. A message is sent at most once: what was not acknowledged when the
// connection was lost may be lost, and the owner publishes what must be known again at on_online().
//
// Thread rule: all functions are called on the loop, or while it does not run; the listener is
// called on the loop. The link is owned by a shared_ptr. Its owner calls close() before it lets go
// of it; the loop, the buffer and the listener live until then.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/loop.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/worker.h"
#include "client/message_queue.h"
#include "client/mqtt_connection.h"
#include "client/stream.h"
#include "net/io_loop.h"

namespace gridloom::client {

// The pauses before a link connects again: longer after each failure, up to half a minute, and
// random in part, so that not all links try at once.
class RetryPause {
 public:
  explicit RetryPause(Chance chance) : chance_(chance) {}

  void begin(Moment now);          // after a failure
  void reset() { failures_ = 0; }  // after a success
  [[nodiscard]] Moment end() const { return end_; }

 private:
  Chance chance_;
  unsigned failures_ = 0;  // as far as they lengthen the pause
  Moment end_;
};

// When a client has to send a ping, and when its server has been silent for too long.
class Keepalive {
 public:
  // Zero: no pings, and a silent server is not noticed.
  explicit Keepalive(std::chrono::seconds interval) : interval_(interval) {}

  void begin(Moment now) { begun_ = sent_ = heard_ = now; }  // of an attempt to connect
  void sent(Moment now) { sent_ = now; }
  void received(Moment now) { heard_ = now; }

  [[nodiscard]] Moment begun() const { return begun_; }
  [[nodiscard]] bool is_silent(Moment now) const;
  // Whether a ping must be sent now; true only once until the next one is due.
  [[nodiscard]] bool take_ping(Moment now);

 private:
  std::chrono::seconds interval_;
  Moment begun_;
  Moment sent_;
  Moment heard_;
  Moment pinged_;
};

// Finds a server's address. Calls back once, within the call or later, on the loop of the link that
// asked.
using ResolvePeer = std::function<void(Callback<Result<Peer>>)>;

// The message that the server publishes when a connection ends without close().
struct Will {
  std::string topic;
  std::string payload;
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtLeastOnce;
  bool retain = false;
};

class MqttLink final : public net::IoLoop::Watched,
                       public MqttConnection::Listener,
                       public std::enable_shared_from_this<MqttLink> {
 public:
  // The owner of a link. Called on the loop; may call any function of the link.
  class Listener {
   public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual ~Listener() = default;
    // Signed in, and subscribed. Messages sent on the previous connection may be lost.
    virtual void on_online() = 0;
    // The connection was lost, or could not be made.
    virtual void on_offline(const Error& why) = 0;
    // `retained`: the server had the message before this subscription. Views are valid during the
    // call.
    virtual void on_message(std::string_view topic, std::string_view payload, bool retained) = 0;
    // A message of QoS 1 or 2 was acknowledged, `took` after it was sent.
    virtual void on_acknowledged(std::chrono::nanoseconds took) = 0;
    // The server refused a filter, but not all; called before on_online().
    virtual void on_filter_refused(std::string_view /*filter*/) {}
  };

  struct Options {
    Peer server{};
    ResolvePeer resolve{};  // called before each attempt; empty: `server` is used
    TlsClient tls{};        // null: plain TCP
    net::IoLoop* loop = nullptr;
    std::span<char> buffer{};  // for reading; shared by the loop's links
    std::string client_id{}, user{};
    Secret password{};
    std::vector<TopicFilter> filters{};
    std::optional<Will> will{};
    std::size_t window = 64;  // messages of QoS 1 or 2 that await their acknowledgement
    net::PeerLimits limits{};
    std::uint16_t keepalive_s = 30;  // 0: no pings, and a silent server is not noticed
    // Limits of the messages that wait for the window; the oldest are dropped. Bytes of topics and
    // payloads. MessageQueue::kUnlimited: no limit.
    std::size_t max_queued = MessageQueue::Limits{}.messages;
    std::size_t max_queued_bytes = MessageQueue::Limits{}.bytes;
    // tick() opens the link again when retry_at() has come. Otherwise the owner does.
    bool reconnects = false;
  };
  MqttLink(Options options, Listener& listener);

  // Starts to connect; the link must be closed(). The result is reported to the owner.
  void open();
  // Closes the link for good, with a DISCONNECT, so that the will is not published. The owner is
  // not notified, now or later.
  void close();
  // Call it a few times a second: sends pings, gives up on a silent server, and reconnects. `now`
  // is of the steady clock.
  void tick(Moment now);

  // The topic is a valid one without wildcards. Messages are sent in their order; those that exceed
  // the window are queued. While offline a message is dropped, and so is one that MQTT cannot
  // carry.
  void send(std::string_view topic, std::string payload, const PublishOptions& options = {});
  // Breaks the connection, or the attempt, as a network does. The owner gets on_offline().
  void drop();

  [[nodiscard]] bool online() const { return connection_ && connection_->signed_in(); }
  [[nodiscard]] bool opening() const { return !closed() && !online(); }
  [[nodiscard]] bool closed() const { return !connection_ && !lookup_; }
  // When the link may be opened again; valid once it is closed.
  [[nodiscard]] Moment retry_at() const { return retry_pause_.end(); }
  // The last attempt was refused: the sign-in, or all filters.
  [[nodiscard]] bool refused() const { return refused_; }
  // Messages that the server has not acknowledged, with those that are queued.
  [[nodiscard]] std::size_t unacknowledged() const;
  [[nodiscard]] std::uint64_t bytes_sent() const { return bytes_sent_; }
  // Messages given to send() that were never sent: while offline, beyond the limits of the queue,
  // or queued when the connection was lost.
  [[nodiscard]] std::uint64_t dropped() const { return queue_.dropped(); }

 private:
  void on_ready(std::uint32_t events) override;
  void on_turn_end() override;
  void on_signed_in(MqttConnection& connection) override;
  void on_filter_refused(std::string_view filter) override;
  void on_acknowledged(MqttConnection& connection, Moment due) override;
  void on_writable(MqttConnection& connection) override;
  void on_message(const wire::mqtt::Publish& message) override;
  void on_bytes(std::size_t sent, std::size_t received) override;

  void connect(const Peer& server);
  void flush_later();
  void fill_window();
  void lose(const Error& why);
  void disconnect();

  Options options_;
  Listener& listener_;
  RetryPause retry_pause_;
  // Shared with on_ready(), within which the owner may call drop().
  std::shared_ptr<MqttConnection> connection_;
  std::shared_ptr<void> lookup_;  // until Options::resolve has answered for this attempt
  MessageQueue queue_;
  Keepalive keepalive_;
  bool wanted_ = false;    // from open() to close()
  bool flushing_ = false;  // a flush is scheduled for the end of the turn
  bool refused_ = false;
  std::uint64_t bytes_sent_ = 0;
};

// A function for MqttLink::Options that looks up "HOST:PORT" on the worker's lane, because the
// system's resolver blocks; a numeric address is answered at once. The loop outlives the worker,
// which outlives the use of the function.
[[nodiscard]] ResolvePeer resolve_on(Worker& worker, std::size_t lane, net::IoLoop& loop,
                                     std::string host_port);

}  // namespace gridloom::client
