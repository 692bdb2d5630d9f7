// The server's side of one MQTT connection, without a socket: bytes and time go in, events and
// bytes come out. Every split of the same bytes has the same effects.
//
// The owner (a connection of a listener) passes the bytes it reads to receive(), passes the events
// to the hub and the hub's answers back, and writes take_output() to the socket whenever its last
// write is done. There are no callbacks. An answer after the end has no effect, so the hub need not
// know which connections still exist.
//
// Guarantees:
//  - PUBACK and PUBREC are sent only after acknowledge(), and PUBCOMP only after completed() if
//    ConnectAnswer::emits_releases is set: the hub decides what an acknowledgement means.
//  - Between CONNECT and accept() or refuse() no other packet is processed; the bytes are held, up
//    to a limit.
//  - There is exactly one Ended event, the last one, however the connection ends.
//  - Memory is bounded by MqttLimits if the owner stops reading while wants_input() is false.
// The state that outlives the connection (SessionState) is passed in with accept() and returned by
// release(). Not here: authorisation, routing, retained messages, storage of session states,
// publishing the will. Thread rule: one thread at a time. Ownership: events and messages belong to
// the code that takes them; the MqttLimits must outlive the session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/secret.h"
#include "wire/mqtt/message.h"
#include "wire/mqtt/outbox.h"
#include "wire/mqtt/packet.h"

namespace gridloom::wire::mqtt {

struct MqttLimits {
  std::size_t packet_bytes = std::size_t{256} * 1024;
  std::size_t held_bytes = std::size_t{256} * 1024;   // received after an unanswered CONNECT
  std::size_t output_bytes = std::size_t{64} * 1024;  // encoded but not yet written to the socket
  std::size_t queue_messages = 1000;                  // waiting to be encoded
  std::size_t queue_bytes = std::size_t{4} * 1024 * 1024;
  std::size_t client_id_bytes = 1024;
  std::size_t topic_bytes = 1024;
  std::size_t topic_levels = 32;
  std::size_t filters_per_packet = 64;
  std::size_t properties = kMaxProperties;     // of one packet of version 5
  std::uint16_t in_flight = 100;               // outgoing QoS 1 and 2, if the client allows as many
  std::uint16_t receive_maximum = 1000;        // incoming; sent to a version 5 client
  std::uint16_t keepalive_s = 0;               // maximum, sent to a version 5 client; 0: no limit
  std::uint16_t topic_alias_maximum = 32;      // incoming, per connection
  std::uint16_t out_topic_alias_maximum = 32;  // outgoing, if the client allows as many
  Millis connect_timeout{10'000};
};

// A will as given in CONNECT; its expiry interval counts from the time it is published.
struct Will {
  Message message = {};
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  std::uint32_t delay_s = 0;
  std::optional<std::uint32_t> expiry_s = {};
};
[[nodiscard]] MessagePtr publishable(const Will& will, TimePoint now);

inline constexpr std::uint32_t kNeverExpires = 0xFFFF'FFFF;

struct ConnectRequest {
  Version version = Version::k311;
  std::string client_id = {};  // may be empty: the hub assigns one
  bool clean_start = true;
  std::uint16_t keepalive_s = 0;
  std::optional<std::string> username = {};
  std::optional<Secret> password = {};
  std::optional<Will> will = {};
  std::uint32_t session_expiry_s = 0;  // 3.1.1: kNeverExpires unless clean session is set
  UserProperties user_properties = {};
};

// The state of a session that outlives its connection.
struct SessionState {
  Outbox outbox = {};
  std::vector<std::uint16_t> received = {};  // QoS 2 messages from the client that await PUBREL
  // QoS 2 messages that await PUBREL and that the hub has not yet acknowledged: for the session's
  // next connection, not for storage on disk, as they may be lost.
  std::vector<std::uint16_t> unanswered = {};

  // The hub has acknowledged one of `unanswered`.
  void answered(std::uint16_t packet_id);
};

// Identifies the message or request that an answer is for; copyable.
struct AckToken {
  std::uint16_t packet_id = 0;
  Qos qos = Qos::kAtMostOnce;
};
struct RequestToken {
  std::uint16_t packet_id = 0;
  std::uint16_t filters = 0;
};

struct Subscription {
  std::string filter = {};
  Qos qos = Qos::kAtMostOnce;
  bool no_local = false;
  bool retain_as_published = false;
  RetainHandling retain_handling = RetainHandling::kSend;
};

enum class WillFate : std::uint8_t { kDiscard, kPublish };

struct ConnectRequested {
  std::unique_ptr<ConnectRequest> request = {};
};
struct PublishReceived {
  MessagePtr message = {};
  Qos qos = Qos::kAtMostOnce;
  bool retain = false;
  bool dup = false;
  AckToken token = {};
};
// A publication that consists of its topic and payload: it is not retained, and has no properties
// that a receiver would get. The views are valid during the call.
struct PlainPublication {
  std::string_view topic = {};
  std::string_view payload = {};
  Qos qos = Qos::kAtMostOnce;
  bool dup = false;
  AckToken token = {};
};
// Takes plain publications while receive() runs, in order with the events, so that a message which
// nobody keeps is never copied.
class PlainPublicationTaker {
 public:
  PlainPublicationTaker() = default;
  PlainPublicationTaker(const PlainPublicationTaker&) = delete;
  PlainPublicationTaker& operator=(const PlainPublicationTaker&) = delete;
  virtual ~PlainPublicationTaker() = default;
  // False: the publication becomes a PublishReceived event. True: acknowledge() answers it, at once
  // or later.
  virtual bool take(const PlainPublication& publication) = 0;
};
// PUBREL: the packet id of a QoS 2 message is free again. This event is emitted only if
// ConnectAnswer::emits_releases is set; completed() then sends PUBCOMP.
struct PublishReleased {
  std::uint16_t packet_id = 0;
};
struct SubscribeRequested {
  RequestToken token = {};
  std::vector<Subscription> subscriptions = {};
  std::optional<std::uint32_t> subscription_id = {};
};
struct UnsubscribeRequested {
  RequestToken token = {};
  std::vector<std::string> filters = {};
};
struct Ended {
  Reason reason = Reason::kSuccess;
  std::string why = {};                // for the log
  WillFate will = WillFate::kDiscard;  // kPublish only if the CONNECT had a will and was accepted
  std::optional<std::uint32_t> session_expiry_s = {};  // if the client's DISCONNECT changed it
};
using Event = std::variant<ConnectRequested, PublishReceived, PublishReleased, SubscribeRequested,
                           UnsubscribeRequested, Ended>;

struct ConnectAnswer {
  bool session_present = false;
  std::string_view assigned_client_id = {};              // empty: the client sent its own id
  std::optional<std::uint16_t> server_keepalive_s = {};  // version 5 only
  std::uint32_t session_expiry_s = 0;                    // as granted by the hub
  bool emits_releases = false;                           // emit PublishReleased events
};

class Session {
 public:
  Session(const MqttLimits& limits, TimePoint now);
  Session(MqttLimits&&, TimePoint) = delete;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() = default;

  // Processes any number of bytes from the peer. `taker` is offered each plain publication that no
  // event precedes; null: all become events.
  void receive(std::string_view bytes, TimePoint now, PlainPublicationTaker* taker = nullptr);
  // To be called at or after next_deadline().
  void tick(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  // To be called when the owner did not read from the peer: restarts the timeout at `now`, as the
  // silence was not the peer's.
  void excuse(TimePoint now);
  // The socket was closed, or a write to it failed.
  void lost(std::string_view why);

  // The events since the last call, in order.
  [[nodiscard]] std::vector<Event> take_events();
  // Appends the bytes to write. Encodes waiting messages up to MqttLimits::output_bytes, so call it
  // again when these bytes are written.
  void take_output(std::string& out, TimePoint now);
  [[nodiscard]] bool has_output() const;
  // Backpressure: false while a CONNECT awaits its answer, while MqttLimits::receive_maximum
  // answers are owed, or while the peer does not read. receive() still works in that case.
  [[nodiscard]] bool wants_input() const;
  // Bytes of incomplete packets and of packets held after a CONNECT.
  [[nodiscard]] std::size_t kept_bytes() const { return tail_.size(); }
  // If true, the owner closes the socket once take_output() is written.
  [[nodiscard]] bool finished() const { return connection_state_ == ConnectionState::kFinished; }

  // Answer ConnectRequested. `state` is the state from the session's last connection, empty for a
  // new session. Reasons for refuse(): those of CONNACK; `why` is logged and, in version 5, sent to
  // the client.
  void accept(const ConnectAnswer& answer, TimePoint now, SessionState state = {});
  void refuse(Reason reason, std::string_view why = {});
  // Answers PublishReceived, whatever its QoS. A 3.1.1 client gets no refusal. Reasons:
  // those of PUBACK; `why` is sent to a version 5 client.
  void acknowledge(AckToken token, Reason reason, std::string_view why = {});
  // Answers PublishReleased.
  void completed(std::uint16_t packet_id);
  // One reason for each filter, in order. Reasons: those of SUBACK and UNSUBACK.
  void subscribed(RequestToken token, std::span<const Reason> reasons, std::string_view why = {});
  void unsubscribed(RequestToken token, std::span<const Reason> reasons);

  // A message for the client. Before accept() and after the end it is ignored.
  void deliver(MessagePtr message, const DeliverOptions& options, TimePoint now);
  // Ends the connection from the server's side; `why` is logged and, in version 5, sent to the
  // client.
  void close(Reason reason, std::string_view why);

  // The state for the session's next connection. To be called once, after the end.
  [[nodiscard]] SessionState release();

  [[nodiscard]] const Outbox& outbox() const { return outbox_; }
  // Outbox::remove_if, on this connection.
  void remove_if(const std::function<bool(const Message&)>& unwanted) {
    outbox_.remove_if(unwanted, Outbox::Sending::kYes);
  }
  // Forwarded to the outbox: see Outbox::take_steps() and Outbox::steps_are_logged().
  [[nodiscard]] std::vector<Outbox::DeliveryStep> take_steps() { return outbox_.take_steps(); }
  void steps_are_logged(std::uint64_t up_to) {
    outbox_.steps_are_logged(up_to);
    pump();
  }
  // Sorted, without duplicates; see SessionState::received.
  [[nodiscard]] std::vector<std::uint16_t> received() const;
  // Valid from ConnectRequested on.
  [[nodiscard]] Version version() const { return version_; }

 private:
  enum class ConnectionState : std::uint8_t { kAwaitingConnect, kDeciding, kConnected, kFinished };

  // A QoS 2 message from the client between its PUBLISH and its PUBREL.
  struct Received {
    std::uint16_t packet_id = 0;
    bool acknowledged = false;
    bool earlier = false;  // from an earlier connection: not counted in the receive maximum
  };

  std::string_view complete_tail(std::string_view bytes);
  std::string_view consume(std::string_view bytes);
  void hold(std::string_view bytes);
  void keep_tail(std::string_view rest);
  [[nodiscard]] Decoded<std::optional<Header>> peek(std::string_view bytes) const;
  void handle(const Header& header, std::string_view body);

  void dispatch(const Packet& packet);
  void on(const Connect& packet);
  void on(const Publish& packet);
  void on(const Puback& packet);
  void on(const Pubrec& packet);
  void on(const Pubrel& packet);
  void on(const Pubcomp& packet);
  void on(const Subscribe& packet);
  void on(const Unsubscribe& packet);
  void on(const Pingreq& packet);
  void on(const Disconnect& packet);
  // Packets that only a server sends, and AUTH, which is always refused: no CONNECT with an
  // authentication method is accepted.
  template <typename Other>
  void on(const Other& packet);

  [[nodiscard]] std::optional<Violation> unacceptable(const Connect& packet) const;
  [[nodiscard]] std::unique_ptr<ConnectRequest> request_of(const Connect& packet) const;
  [[nodiscard]] Decoded<std::string_view> topic_of(const Publish& packet);
  [[nodiscard]] bool has_room_for(const Publish& packet) const;
  void check(const Decoded<void>& outcome, PacketType type);
  [[nodiscard]] bool within_limits(std::string_view topic) const;
  [[nodiscard]] std::string beyond_limits(std::string_view what) const;
  [[nodiscard]] std::vector<Received>::iterator find_received(std::uint16_t packet_id);
  void forget(std::vector<Received>::iterator received);

  void send(const Packet& packet);
  template <typename Answer>
  void send_answer(Answer answer, std::string_view why);
  void pump();
  [[nodiscard]] std::uint16_t granted_keepalive_s(const ConnectAnswer& answer) const;
  void send_connack(const ConnectAnswer& answer, std::uint16_t asked_keepalive_s);
  void send_refusal(Reason reason, std::string_view why);
  void send_disconnect(Reason reason, std::string_view why);
  void end(Reason reason, std::string why);
  void finish(Reason reason, std::string why, WillFate will);
  [[nodiscard]] WillFate fate_of_will() const;

  const MqttLimits& limits_;
  ConnectionState connection_state_ = ConnectionState::kAwaitingConnect;
  Version version_ = Version::k311;
  bool has_will_ = false;
  TimePoint now_;         // time of the current call
  TimePoint last_heard_;  // time of the last whole packet
  Millis keepalive_{0};   // 0: none
  std::uint16_t keepalive_s_ = 0;
  std::uint16_t client_window_ = 0xFFFF;
  std::size_t client_packet_bytes_ = kMaxRemainingBytes + 5;
  std::uint32_t asked_expiry_s_ = 0;
  std::uint16_t client_aliases_ = 0;
  bool tells_reasons_ = true;  // the client wants reason strings
  bool emits_releases_ = false;

  std::string tail_;  // an incomplete packet, or bytes held after CONNECT
  std::string output_;
  std::vector<Event> events_;
  PlainPublicationTaker* taker_ = nullptr;  // during receive()
  Outbox outbox_;

  std::vector<std::string> aliases_;  // topic of alias n at n - 1; empty: not yet defined
  std::vector<Received> received_;    // sorted by packet id
  std::size_t earlier_ = 0;           // number of entries of received_ with `earlier`
  std::size_t puback_owed_ = 0;
  std::size_t answers_owed_ = 0;  // tokens of any kind that await an answer
};

}  // namespace gridloom::wire::mqtt
