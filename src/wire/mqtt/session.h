// The server's side of one MQTT connection, without a socket: bytes and time go in, events and
// bytes come out. Every split of the same bytes has the same effects.
//
// The owner (a door) feeds what it reads to receive(), hands the events to the hub, gives the hub's
// answers back, and writes take_output() to the socket whenever its last write is done. Nothing
// calls back. An answer that comes after the end does nothing, so the hub need not know who is
// still there.
//
// Promises:
//  - PUBACK and PUBREC leave only after acknowledge(), and PUBCOMP, where releases are told, after
//    completed(): an ack means what the hub says it means.
//  - Between CONNECT and accept() or refuse() nothing else is processed; it is held, up to a limit.
//  - Exactly one Ended comes, as the last event, however the connection ends.
//  - Memory is bounded by Limits if the owner stops reading while wants_input() is false.
// What outlives the connection (SessionState) comes in with accept() and goes out with release().
// Not here: who may do what, routing, retained messages, where states are kept, publishing the
// will. Thread rule: one thread at a time. Ownership: events and messages belong to who takes them;
// the Limits must outlive the session.
#pragma once

#include <cstddef>
#include <cstdint>
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

struct Limits {
  std::size_t packet_bytes = std::size_t{256} * 1024;
  std::size_t held_bytes = std::size_t{256} * 1024;   // behind a CONNECT that is not yet answered
  std::size_t output_bytes = std::size_t{64} * 1024;  // encoded ahead of the socket
  std::size_t queue_messages = 1000;                  // waiting behind that
  std::size_t queue_bytes = std::size_t{4} * 1024 * 1024;
  std::size_t client_id_bytes = 1024;
  std::size_t topic_bytes = 1024;
  std::size_t topic_levels = 32;
  std::size_t filters_per_packet = 64;
  std::size_t properties = kMostProperties;    // of one packet of version 5
  std::uint16_t in_flight = 100;               // outgoing QoS 1 and 2, if the client allows as many
  std::uint16_t receive_maximum = 1000;        // incoming; told to a version 5 client
  std::uint16_t keepalive_s = 0;               // the longest, told to a version 5 client; 0: any
  std::uint16_t topic_alias_maximum = 32;      // incoming, of a connection
  std::uint16_t out_topic_alias_maximum = 32;  // outgoing, if the client allows as many
  Millis connect_timeout{10'000};
};

// A will as CONNECT described it: its expiry counts from the day it is published.
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
  std::string client_id = {};  // may be empty: assign one
  bool clean_start = true;
  std::uint16_t keepalive_s = 0;
  std::optional<std::string> username = {};
  std::optional<Secret> password = {};
  std::optional<Will> will = {};
  std::uint32_t session_expiry_s = 0;  // 3.1.1: kNeverExpires unless the session is to be clean
  UserProperties user_properties = {};
};

// What of a session outlives its connection.
struct SessionState {
  Outbox outbox = {};
  std::vector<std::uint16_t> received = {};  // QoS 2 messages of the client's whose PUBREL is owed
  // Likewise, but the hub has not yet said that it has them: for the session's next connection, not
  // for a disk, as they may be lost.
  std::vector<std::uint16_t> unanswered = {};

  // The hub has one of them.
  void answered(std::uint16_t packet_id);
};

// Says which message or request an answer is for; copy it freely.
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
// PUBREL: the packet id of a QoS 2 message is free again. Comes where ConnectAnswer asks for it;
// PUBCOMP then leaves with completed().
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
  WillFate will = WillFate::kDiscard;  // kPublish only if it was accepted with a will
  std::optional<std::uint32_t> session_expiry_s = {};  // as changed by the client's DISCONNECT
};
using Event = std::variant<ConnectRequested, PublishReceived, PublishReleased, SubscribeRequested,
                           UnsubscribeRequested, Ended>;

struct ConnectAnswer {
  bool session_present = false;
  std::string_view assigned_client_id = {};              // empty: the client's own
  std::optional<std::uint16_t> server_keepalive_s = {};  // version 5 only
  std::uint32_t session_expiry_s = 0;                    // what the hub will really keep
  bool tells_releases = false;                           // PublishReleased
};

class Session {
 public:
  Session(const Limits& limits, TimePoint now);
  Session(Limits&&, TimePoint) = delete;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session() = default;

  // Bytes from the peer, any number of them.
  void receive(std::string_view bytes, TimePoint now);
  // To be called at or after next_deadline().
  void tick(TimePoint now);
  [[nodiscard]] std::optional<TimePoint> next_deadline() const;
  // Its owner does not read from the peer: the silence up to now is not the peer's.
  void excuse(TimePoint now);
  // The socket is gone, or could not be written.
  void lost(std::string_view why);

  // Since the last call, in order.
  [[nodiscard]] std::vector<Event> take_events();
  // Bytes to write; encodes waiting messages up to Limits::output_bytes, so call it again when
  // these are written.
  [[nodiscard]] std::string take_output(TimePoint now);
  [[nodiscard]] bool has_output() const;
  // Back-pressure: false while a CONNECT awaits its answer, while Limits::receive_maximum answers
  // are owed, or while the peer does not read. receive() still works then.
  [[nodiscard]] bool wants_input() const;
  // The bytes of packets that are not complete, or wait behind a CONNECT.
  [[nodiscard]] std::size_t kept_bytes() const { return tail_.size(); }
  // Close the socket once take_output() is written.
  [[nodiscard]] bool finished() const { return stage_ == Stage::kFinished; }

  // Answers to ConnectRequested. `state` is that of the session's last connection, empty for a new
  // session. Reasons for refuse(): those of CONNACK; `why` goes into the log and, in version 5, to
  // the client.
  void accept(const ConnectAnswer& answer, TimePoint now, SessionState state = {});
  void refuse(Reason reason, std::string_view why = {});
  // Answer to PublishReceived, whatever its QoS. 3.1.1 cannot be told a refusal. Reasons: those of
  // PUBACK; `why` is for the client, in version 5.
  void acknowledge(AckToken token, Reason reason, std::string_view why = {});
  // Answer to PublishReleased.
  void completed(std::uint16_t packet_id);
  // One reason for each filter, in order. Reasons: those of SUBACK and UNSUBACK.
  void subscribed(RequestToken token, std::span<const Reason> reasons, std::string_view why = {});
  void unsubscribed(RequestToken token, std::span<const Reason> reasons);

  // A message for the client. Before accept() and after the end it is ignored.
  void deliver(MessagePtr message, const DeliverOptions& options, TimePoint now);
  // Ends the connection from our side; `why` goes into the log and, in version 5, to the client.
  void close(Reason reason, std::string_view why);

  // After the end: what the session's next connection goes on with. Once.
  [[nodiscard]] SessionState release();

  [[nodiscard]] const Outbox& outbox() const { return outbox_; }
  // Outbox::remove_if, on this connection.
  void remove_if(const std::function<bool(const Message&)>& unwanted) {
    outbox_.remove_if(unwanted, Outbox::Sending::kYes);
  }
  // As of the outbox, on this connection: see there.
  [[nodiscard]] std::vector<Outbox::Mark> take_marks() { return outbox_.take_marks(); }
  void marks_are_safe(std::uint64_t up_to) {
    outbox_.marks_are_safe(up_to);
    pump();
  }
  // Sorted, without a repetition; see SessionState::received.
  [[nodiscard]] std::vector<std::uint16_t> received() const;
  // Meaningful from ConnectRequested on.
  [[nodiscard]] Version version() const { return version_; }

 private:
  enum class Stage : std::uint8_t { kAwaitingConnect, kDeciding, kConnected, kFinished };

  // A QoS 2 message of the client's between its PUBLISH and its PUBREL.
  struct Received {
    std::uint16_t packet_id = 0;
    bool acknowledged = false;
    bool earlier = false;  // on an earlier connection: no part of this one's receive maximum
  };

  std::string_view complete_tail(std::string_view bytes);
  std::string_view consume(std::string_view bytes);
  void hold(std::string_view bytes);
  void keep(std::string_view rest);
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
  // What only a server sends, and AUTH, which needs a method that no CONNECT got through with.
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

  const Limits& limits_;
  Stage stage_ = Stage::kAwaitingConnect;
  Version version_ = Version::k311;
  bool has_will_ = false;
  TimePoint now_;         // of the call that is running
  TimePoint last_heard_;  // the last whole packet
  Millis keepalive_{0};   // 0: none
  std::uint16_t keepalive_s_ = 0;
  std::uint16_t client_window_ = 0xFFFF;
  std::size_t client_packet_bytes_ = kMaxRemainingBytes + 5;
  std::uint32_t asked_expiry_s_ = 0;
  std::uint16_t client_aliases_ = 0;
  bool tells_reasons_ = true;  // the client wants reason strings
  bool tells_releases_ = false;

  std::string tail_;  // an incomplete packet, or what is held behind CONNECT
  std::string output_;
  std::vector<Event> events_;
  Outbox outbox_;

  std::vector<std::string> aliases_;  // topic of alias n at n - 1; empty: none yet
  std::vector<Received> received_;    // by packet id
  std::size_t earlier_ = 0;           // entries of received_ that are
  std::size_t puback_owed_ = 0;
  std::size_t answers_owed_ = 0;  // tokens out, of every kind
};

}  // namespace gridloom::wire::mqtt
