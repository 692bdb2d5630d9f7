// One MQTT 3.1.1 connection, as device, gateway or subscriber: an MqttSession on a Stream. Its
// owner waits for the socket and decides when to publish; events are reported through Listener. No
// call blocks. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/mqtt_session.h"
#include "net/limits.h"
#include "net/stream.h"
#include "wire/mqtt/packet.h"

namespace gridloom::client {

struct TopicFilter {
  std::string filter;
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtMostOnce;  // the highest of what the server sends
};

class MqttConnection final : private MqttSession::Listener {
 public:
  // Called within sign_in(), flush(), publish() and on_ready(). A listener may call close(), but
  // must not destroy the connection.
  class Listener {
   public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual ~Listener() = default;
    // Signed in, and subscribed to the filters that the server accepted.
    virtual void on_signed_in(MqttConnection& connection) = 0;
    // The server refused a filter, but not all; called before on_signed_in().
    virtual void on_filter_refused(std::string_view /*filter*/) {}
    // A message of QoS 1 or 2 has been acknowledged; it was due at `due`.
    virtual void on_acknowledged(MqttConnection& connection, Moment due) = 0;
    // The bytes that waited for the socket have been sent.
    virtual void on_writable(MqttConnection& connection) = 0;
    virtual void on_message(const wire::mqtt::Publish& message) = 0;
    virtual void on_bytes(std::size_t sent, std::size_t received) = 0;
  };

  struct Options {
    std::size_t number = 0;  // the owner's
    std::size_t window = 1;  // messages of QoS 1 or 2 in flight
    net::PeerLimits limits{};
  };
  struct SignIn {
    std::string_view client_id;
    std::string_view user;
    std::string_view password;
    std::uint16_t keepalive_s = 0;       // if not 0, the owner has to ping in time
    std::vector<TopicFilter> filters{};  // subscribed to once signed in; empty: none
    // Published by the server when the connection ends without put_goodbye().
    std::optional<wire::mqtt::LastWill> will{};
  };

  MqttConnection(const Options& options, net::Stream stream, Listener& listener);

  [[nodiscard]] std::size_t number() const { return number_; }
  [[nodiscard]] int fd() const { return stream_.fd(); }
  [[nodiscard]] bool signed_in() const { return signed_in_; }
  [[nodiscard]] bool lost() const { return lost_; }
  [[nodiscard]] std::size_t in_flight() const { return session_.in_flight(); }
  [[nodiscard]] bool has_window() const { return signed_in_ && !lost_ && session_.has_window(); }
  // The window has space, and no bytes wait for the socket.
  [[nodiscard]] bool may_publish() const { return has_window() && session_.output().empty(); }

  // All return kIo when the connection is gone (then lost() is true), kMalformed for bytes that are
  // not MQTT, kUnknownKey when the sign-in was refused, kNoPermission when all filters were,
  // kBadParams for a text that MQTT cannot carry.
  [[nodiscard]] Status sign_in(SignIn sign_in);
  // The message goes out with the next flush(). has_window() must hold, unless it has QoS 0.
  // kBadParams: it does not; the connection stays.
  [[nodiscard]] Status put(std::string_view topic, std::string_view payload,
                           const PublishOptions& options, Moment due) {
    return session_.publish(topic, payload, options, due);
  }
  void put_ping() { session_.ping(); }
  // The server does not publish the will of a client that said goodbye.
  void put_goodbye() { session_.disconnect(); }
  // Bytes that wait for flush(), or for the socket.
  [[nodiscard]] std::size_t unsent_bytes() const { return session_.output().size(); }
  [[nodiscard]] Status flush();
  // put() and flush().
  [[nodiscard]] Status publish(std::string_view topic, std::string_view payload,
                               const PublishOptions& options, Moment due);
  // The socket became readable or writable, with epoll's `events`. `buffer` is scratch for reading.
  [[nodiscard]] Status on_ready(std::uint32_t events, std::span<char> buffer);
  // Breaks the connection; lost() is true from now on, and nothing more is reported.
  void close();

 private:
  void on_accepted() override;
  void on_subscribed(std::span<const wire::mqtt::Reason> reasons) override;
  void on_acknowledged(Moment due) override { listener_.on_acknowledged(*this, due); }
  void on_message(const wire::mqtt::Publish& message) override { listener_.on_message(message); }
  void on_refused(wire::mqtt::PacketType answer, wire::mqtt::Reason reason) override;

  [[nodiscard]] Status receive(std::string_view bytes);
  void subscribe_to_some();
  void report_signed_in();
  Status lose(Error error);

  std::size_t number_;
  std::size_t most_unsent_;
  net::Stream stream_;
  Listener& listener_;
  MqttSession session_;
  std::vector<TopicFilter> filters_;  // of the sign-in
  std::size_t subscribed_ = 0;        // so many of them are answered
  std::vector<std::string> refused_;  // of these
  std::optional<Error> refusal_;
  bool signed_in_ = false;
  bool lost_ = false;
};

}  // namespace gridloom::client
