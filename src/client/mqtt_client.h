// One MQTT 3.1.1 connection, as device, gateway or subscriber, over Stream and the project's own
// codec. Its owner waits for the socket and decides when to publish; events are reported through
// Listener. No call blocks. One thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/stream.h"
#include "wire/mqtt/packet.h"

namespace gridloom::client {

using Moment = std::chrono::steady_clock::time_point;

struct MqttSignIn {
  std::string client_id;
  std::string user;
  std::string password;
  std::uint16_t keepalive_s = 0;  // if not 0, the owner has to ping in time
  std::string filter;             // subscribed to once signed in; empty: nothing
  wire::mqtt::Qos filter_qos = wire::mqtt::Qos::kAtMostOnce;
};

class MqttClient {
 public:
  // The events of a connection; called within the functions that take a listener.
  class Listener {
   public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual ~Listener() = default;
    // Signed in, and subscribed if a filter was given.
    virtual void on_signed_in(MqttClient& client) = 0;
    // A message of QoS 1 or 2 has been acknowledged; it was due at `due`.
    virtual void on_taken(MqttClient& client, Moment due) = 0;
    // The bytes that waited for the socket have been sent.
    virtual void on_room(MqttClient& client) = 0;
    virtual void on_message(const wire::mqtt::Publish& message) = 0;
    virtual void on_bytes(std::size_t sent, std::size_t received) = 0;
  };

  // `number` is the owner's. `window`: messages of QoS 1 or 2 in flight, at most 10,000.
  MqttClient(std::size_t number, net::Stream stream, std::size_t window);

  [[nodiscard]] std::size_t number() const { return number_; }
  [[nodiscard]] int fd() const { return stream_.fd(); }
  [[nodiscard]] bool signed_in() const { return signed_in_; }
  [[nodiscard]] bool lost() const { return lost_; }
  [[nodiscard]] std::size_t in_flight() const { return window_ - free_ids_.size(); }
  [[nodiscard]] bool has_window() const { return signed_in_ && !lost_ && !free_ids_.empty(); }
  // The window has space, and no bytes wait for the socket.
  [[nodiscard]] bool may_publish() const { return has_window() && out_.empty(); }

  // All return kIo when the connection is gone (then lost() is true), kMalformed for bytes that are
  // not MQTT, kUnknownKey when the sign-in was refused, kNoPermission when the subscription was.
  [[nodiscard]] Status sign_in(const MqttSignIn& who, Listener& listener);
  // The message goes out with the next flush(). has_window() must hold.
  void put(std::string_view topic, std::string_view payload, wire::mqtt::Qos qos, Moment due);
  void put_ping();
  void put_goodbye();
  [[nodiscard]] Status flush(Listener& listener);
  // put() and flush().
  [[nodiscard]] Status publish(std::string_view topic, std::string_view payload,
                               wire::mqtt::Qos qos, Moment due, Listener& listener);
  // The socket became readable or writable, with epoll's `events`. `buffer` is scratch for reading.
  [[nodiscard]] Status on_ready(std::uint32_t events, std::span<char> buffer, Listener& listener);

 private:
  [[nodiscard]] Status receive(std::string_view bytes, Listener& listener);
  [[nodiscard]] Status take(const wire::mqtt::Packet& packet, Listener& listener);
  [[nodiscard]] Status on_connack(const wire::mqtt::Connack& connack, Listener& listener);
  void on_publish(const wire::mqtt::Publish& message, Listener& listener);
  [[nodiscard]] Status finish(std::uint16_t packet_id, Listener& listener);
  Status lose(Error fault);

  std::size_t number_;
  net::Stream stream_;
  std::size_t window_;
  std::vector<std::uint16_t> free_ids_;
  std::vector<Moment> due_;  // by packet id - 1
  std::string in_;           // an incomplete packet
  std::string out_;          // bytes that the socket did not accept
  std::string filter_;
  wire::mqtt::Qos filter_qos_ = wire::mqtt::Qos::kAtMostOnce;
  bool signed_in_ = false;
  bool lost_ = false;
};

}  // namespace gridloom::client
