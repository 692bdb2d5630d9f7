// The client's side of one MQTT connection, 3.1.1 or 5, without a socket: calls and received bytes
// go in, events and bytes to send come out.
//
// The session starts clean, so neither side repeats a message and nothing outlives the connection.
// Not here: sockets (mqtt_connection.h), time, unsubscribing, authentication exchanges.
// One thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "wire/mqtt/packet.h"

namespace gridloom::client {

using Moment = std::chrono::steady_clock::time_point;

struct PublishOptions {
  wire::mqtt::Qos qos = wire::mqtt::Qos::kAtLeastOnce;
  bool retain = false;  // the server keeps the message as the last one of its topic
};

class MqttSession {
 public:
  static constexpr std::size_t kMaxWindow = 65'535;  // packet ids
  static constexpr std::size_t kMaxPacketBytes = std::size_t{16} * 1024 * 1024;

  struct Options {
    wire::mqtt::Version version = wire::mqtt::Version::k311;
    // Messages of QoS 1 or 2 and subscriptions that await their answers; at most kMaxWindow.
    std::size_t window = kMaxWindow;
    std::size_t packet_bytes = kMaxPacketBytes;  // of a received packet
  };
  struct SignIn {
    std::string_view client_id;
    std::string_view user;  // empty: no user name and no password
    std::string_view password;
    std::uint16_t keepalive_s = 0;  // if not 0, the owner has to ping in time
    // Published by the server when the connection ends without disconnect().
    std::optional<wire::mqtt::LastWill> will{};
  };

  // Called within receive(). A listener may call the session, but must not destroy it.
  class Listener {
   public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    virtual ~Listener() = default;
    // The server accepted the sign-in.
    virtual void on_accepted() = 0;
    // The server answered subscribe() with one reason for each filter, in the order of the filters.
    // Those that it refused were reported by on_refused() before.
    virtual void on_subscribed(std::span<const wire::mqtt::Reason> reasons) = 0;
    // The server answered a message of QoS 1 or 2, which was due at `due`.
    virtual void on_acknowledged(Moment due) = 0;
    virtual void on_message(const wire::mqtt::Publish& message) = 0;
    // The server refused the sign-in (CONNACK), a filter (SUBACK) or a message (PUBACK, PUBREC), or
    // ended the connection (DISCONNECT). CONNACK and DISCONNECT end the session.
    virtual void on_refused(wire::mqtt::PacketType answer, wire::mqtt::Reason reason) = 0;
  };

  explicit MqttSession(const Options& options);

  // These three return kBadParams for a text that MQTT cannot carry, and send nothing then.
  [[nodiscard]] Status sign_in(const SignIn& sign_in);
  // has_window() must hold.
  [[nodiscard]] Status subscribe(std::vector<wire::mqtt::FilterEntry> filters);
  // has_window() must hold, unless the message has QoS 0.
  [[nodiscard]] Status publish(std::string_view topic, std::string_view payload,
                               const PublishOptions& options, Moment due);
  void ping();
  void disconnect();

  // kMalformed: the bytes are not what a server may send now; the session is over.
  [[nodiscard]] Status receive(std::string_view bytes, Listener& listener);
  // Ends the session: no further events, not even for the rest of the bytes that are being
  // received.
  void stop() { over_ = true; }

  // Packets that await an acknowledgement.
  [[nodiscard]] std::size_t in_flight() const { return slots_.size() - free_ids_.size(); }
  // A version 5 server can make the window smaller.
  [[nodiscard]] bool has_window() const { return in_flight() < window_; }

  // Bytes for the server, valid until the next call of another function.
  [[nodiscard]] std::string_view output() const { return out_; }
  // The first `bytes` bytes of output() are on their way.
  void sent(std::size_t bytes) { out_.erase(0, bytes); }

 private:
  enum class Awaits : std::uint8_t { kNothing, kPuback, kPubrec, kPubcomp, kSuback };
  // A packet id.
  struct Slot {
    Moment due{};
    std::uint16_t filters = 0;  // of a subscription
    Awaits awaits = Awaits::kNothing;
  };

  [[nodiscard]] std::uint16_t take_id(const Slot& slot);
  // nullptr: no packet with that id awaits such an answer.
  [[nodiscard]] Slot* find(std::uint16_t packet_id, Awaits awaits);
  // The size of the packet that was taken; 0: it is incomplete.
  [[nodiscard]] Result<std::size_t> take_first(std::string_view bytes, Listener& listener);
  [[nodiscard]] Status take(const wire::mqtt::Packet& packet, Listener& listener);
  [[nodiscard]] Status take_answer(const wire::mqtt::Packet& packet, Listener& listener);
  [[nodiscard]] Status on_connack(const wire::mqtt::Connack& connack, Listener& listener);
  [[nodiscard]] Status on_suback(const wire::mqtt::Suback& suback, Listener& listener);
  [[nodiscard]] Status on_publish(const wire::mqtt::Publish& message, Listener& listener);
  [[nodiscard]] Status on_pubrec(const wire::mqtt::Pubrec& pubrec, Listener& listener);
  template <wire::mqtt::PacketType kType>
  [[nodiscard]] Status finish(const wire::mqtt::PublishAnswer<kType>& answer, Awaits awaits,
                              Listener& listener);
  void free_id(std::uint16_t packet_id);

  wire::mqtt::Version version_;
  std::size_t window_;
  std::size_t packet_bytes_;
  std::vector<Slot> slots_;              // by packet id - 1
  std::vector<std::uint16_t> free_ids_;  // of slots_
  std::string in_;                       // an incomplete packet
  std::string out_;
  bool accepted_ = false;
  bool over_ = false;
};

}  // namespace gridloom::client
