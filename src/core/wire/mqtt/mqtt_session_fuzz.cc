// Fuzzes a session with a client that sends any bytes and a hub that answers everything: the
// effects must not depend on how the bytes were split, all output must be packets that fit the
// client, and the Ended event must come exactly once.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wire/mqtt/session.h"

namespace {

using namespace gridloom;
using namespace gridloom::wire::mqtt;

constexpr TimePoint kNow{Millis(1'700'000'000'000)};
constexpr MqttLimits kLimits{.packet_bytes = 2048,
                             .held_bytes = 1U << 20U,
                             .output_bytes = 1U << 20U,
                             .queue_messages = 20,
                             .queue_bytes = 4096,
                             .in_flight = 3,
                             .receive_maximum = 5,
                             .topic_alias_maximum = 4};

void expect(bool holds) {
  if (!holds) std::abort();
}

struct Effects {
  std::string output;
  std::string events;
  bool finished = false;

  friend bool operator==(const Effects&, const Effects&) = default;
};

// Accepts every client, and gives the other answers when all bytes are in, so that the order of
// answers is the same for every split. A message is delivered back to its sender.
class Hub {
 public:
  Hub() : session_(kLimits, kNow) {}

  void deliver_some() {
    for (std::uint8_t i = 0; i < 9; ++i) {
      auto message = std::make_shared<Message>();
      message->topic = "t";
      message->payload = std::string(i, 'x');
      session_.deliver(std::move(message), {.qos = static_cast<Qos>(i % 3), .number = 100 + i},
                       kNow);
    }
  }

  void feed(std::string_view bytes) {
    session_.receive(bytes, kNow);
    // An answer may cause further events: accept() processes the held bytes.
    for (auto events = session_.take_events(); !events.empty(); events = session_.take_events()) {
      for (const Event& event : events) note(event);
    }
  }

  Effects finish() {
    // The log has all delivery steps: messages that waited for them are sent.
    static_cast<void>(session_.take_steps());
    session_.steps_are_logged(session_.outbox().steps_taken());
    for (const PublishReleased& release : releases_) session_.completed(release.packet_id);
    for (const RequestToken token : subscribes_) session_.subscribed(token, {});
    for (const RequestToken token : unsubscribes_) session_.unsubscribed(token, {});
    for (const PublishReceived& publish : publishes_) {
      session_.acknowledge(publish.token, publish.message->payload.size() % 2 == 0
                                              ? Reason::kSuccess
                                              : Reason::kNotAuthorized);
      session_.deliver(publish.message, {.qos = publish.qos, .retain = publish.retain}, kNow);
    }
    expect(session_.outbox().waiting() <= kLimits.queue_messages);
    session_.tick(kNow + Millis(200'000'000));
    session_.lost("over");
    feed({});
    expect(session_.finished() && ended_ == 1);
    effects_.output.clear();
    session_.take_output(effects_.output, kNow);
    effects_.finished = session_.finished();
    check_output(effects_.output);
    check_what_is_left();
    return std::move(effects_);
  }

 private:
  // The session state of an earlier connection: a message in each stage, and an owed PUBREL.
  static SessionState from_before() {
    SessionState state{.outbox = {}, .received = {7}};
    auto message = std::make_shared<Message>();
    message->topic = "before";
    std::uint16_t number = 0;
    for (const auto stage : {Outbox::DeliveryState::kReleased, Outbox::DeliveryState::kSent,
                             Outbox::DeliveryState::kWaiting}) {
      ++number;
      const std::uint16_t id = stage == Outbox::DeliveryState::kWaiting ? std::uint16_t{0} : number;
      state.outbox.restore(
          {.stage = stage,
           .packet_id = id,
           .entry = {.message = stage == Outbox::DeliveryState::kReleased ? nullptr : message,
                     .qos = Qos::kExactlyOnce,
                     .number = number}});
    }
    return state;
  }

  // The final state can be stored and restored.
  void check_what_is_left() {
    const SessionState left = session_.release();
    Outbox again;
    for (Outbox::Kept& kept : left.outbox.kept()) again.restore(std::move(kept));
    const auto before = left.outbox.kept();
    const auto after = again.kept();
    expect(before.size() == after.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
      expect(before[i].stage == after[i].stage && before[i].packet_id == after[i].packet_id &&
             before[i].entry.number == after[i].entry.number);
    }
  }

  void note(const Event& event) {
    expect(ended_ == 0);
    effects_.events += static_cast<char>('0' + event.index());
    if (std::holds_alternative<ConnectRequested>(event)) {
      session_.accept(
          {.session_present = true, .assigned_client_id = "assigned", .emits_releases = true}, kNow,
          from_before());
    } else if (const auto* publish = std::get_if<PublishReceived>(&event)) {
      effects_.events.append(publish->message->topic).append(1, '\n');
      effects_.events.append(publish->message->payload).append(1, '\n');
      publishes_.push_back(*publish);
    } else if (const auto* released = std::get_if<PublishReleased>(&event)) {
      releases_.push_back(*released);
    } else if (const auto* subscribe = std::get_if<SubscribeRequested>(&event)) {
      for (const Subscription& one : subscribe->subscriptions) {
        effects_.events += one.filter + '\n';
      }
      subscribes_.push_back(subscribe->token);
    } else if (const auto* unsubscribe = std::get_if<UnsubscribeRequested>(&event)) {
      unsubscribes_.push_back(unsubscribe->token);
    } else if (const auto* ended = std::get_if<Ended>(&event)) {
      ++ended_;
      effects_.events += ended->why;
    }
  }

  void check_output(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto header = peek_header(bytes);
      expect(header && *header && (*header)->total_bytes() <= bytes.size());
      expect(decode(bytes.substr(0, (*header)->total_bytes()), session_.version()).has_value());
      bytes.remove_prefix((*header)->total_bytes());
    }
  }

  Session session_;
  Effects effects_;
  std::vector<PublishReceived> publishes_;
  std::vector<PublishReleased> releases_;
  std::vector<RequestToken> subscribes_;
  std::vector<RequestToken> unsubscribes_;
  int ended_ = 0;
};

std::string connect_bytes(std::uint8_t choice) {
  const Version version = (choice & 1U) != 0 ? Version::k5 : Version::k311;
  Connect packet{.version = version, .keepalive_s = 60, .client_id = "c"};
  if ((choice & 2U) != 0) packet.will = LastWill{.topic = "w", .payload = "gone"};
  std::string bytes;
  if ((choice & 4U) == 0) encode(bytes, packet);
  return bytes;
}

}  // namespace

// The first byte selects the initial CONNECT, the second seeds the split.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string connect = connect_bytes(data[0]);
  const std::string all(reinterpret_cast<const char*>(data) + 2, size - 2);
  Hub whole;
  Hub split;
  for (Hub* hub : {&whole, &split}) {
    hub->feed(connect);
    hub->deliver_some();
  }
  whole.feed(all);
  std::uint32_t state = data[1];
  for (std::string_view rest = all; !rest.empty();) {
    state = state * 1'664'525U + 1'013'904'223U;
    const std::string piece(rest.substr(0, 1 + (state >> 24U) % (1U + data[1])));
    split.feed(piece);
    rest.remove_prefix(piece.size());
  }
  expect(whole.finish() == split.finish());
  return 0;
}
