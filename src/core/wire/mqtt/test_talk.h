// For the session's tests: a client, and a hub that answers only when told to, with a clock that
// does not advance. Output and events become short texts ("PUBACK 7 success"), so that a test can
// compare a conversation as a value.
#pragma once

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "wire/mqtt/session.h"

namespace gridloom::wire::mqtt {

using Lines = std::vector<std::string>;

inline constexpr TimePoint kStart{Millis(1'700'000'000'000)};

inline std::string reason_list(const std::vector<Reason>& reasons) {
  Lines names;
  for (const Reason reason : reasons) names.emplace_back(name_of(reason));
  return fmt::format("{}", fmt::join(names, ", "));
}

inline std::string properties_text(const Properties& properties) {
  std::string text;
  for (const Property& p : properties.items()) {
    text += fmt::format(" {}:{}{}{}", static_cast<int>(p.id), p.text, p.value,
                        p.text.empty() ? fmt::format("{}", p.number) : "");
  }
  return text;
}

struct LineFormatter {
  std::string operator()(const Connack& p) const {
    return fmt::format("CONNACK {}{}{}", name_of(p.reason), p.session_present ? " present" : "",
                       properties_text(p.properties));
  }
  std::string operator()(const Publish& p) const {
    return fmt::format("PUBLISH {} q{}{}{}{} {}{}", p.topic, static_cast<int>(p.qos),
                       p.packet_id != 0 ? fmt::format(" id{}", p.packet_id) : "",
                       p.retain ? " retained" : "", p.dup ? " dup" : "", p.payload,
                       properties_text(p.properties));
  }
  template <PacketType kType>
  std::string operator()(const PublishAnswer<kType>& p) const {
    return fmt::format("{} {} {}", name_of(kType), p.packet_id, name_of(p.reason));
  }
  std::string operator()(const Suback& p) const {
    return fmt::format("SUBACK {} {}", p.packet_id, reason_list(p.reasons));
  }
  std::string operator()(const Unsuback& p) const {
    return fmt::format("UNSUBACK {} {}", p.packet_id, reason_list(p.reasons));
  }
  std::string operator()(const Pingresp& /*p*/) const { return "PINGRESP"; }
  std::string operator()(const Disconnect& p) const {
    return fmt::format("DISCONNECT {}", name_of(p.reason));
  }
  template <typename Other>
  std::string operator()(const Other& /*p*/) const {
    return "a packet that no server sends";
  }

  std::string operator()(const ConnectRequested& e) const {
    const ConnectRequest& r = *e.request;
    return fmt::format("connect {} id={} user={} password={}{}", static_cast<int>(r.version),
                       r.client_id, r.username.value_or("-"),
                       r.password ? r.password->reveal() : "-",
                       r.will ? fmt::format(" will={}", r.will->message.topic) : "");
  }
  std::string operator()(const PublishReceived& e) const {
    return fmt::format("publish {} q{} id{}{}{} {}", e.message->topic, static_cast<int>(e.qos),
                       e.token.packet_id, e.retain ? " retain" : "", e.dup ? " dup" : "",
                       e.message->payload);
  }
  std::string operator()(const PublishReleased& e) const {
    return fmt::format("released {}", e.packet_id);
  }
  std::string operator()(const SubscribeRequested& e) const {
    std::string text = fmt::format("subscribe {}", e.token.packet_id);
    for (const Subscription& s : e.subscriptions) {
      text += fmt::format(" {}@{}", s.filter, static_cast<int>(s.qos));
    }
    return e.subscription_id ? text + fmt::format(" #{}", *e.subscription_id) : text;
  }
  std::string operator()(const UnsubscribeRequested& e) const {
    return fmt::format("unsubscribe {} {}", e.token.packet_id, fmt::join(e.filters, " "));
  }
  std::string operator()(const Ended& e) const {
    return fmt::format("ended ({}){}", e.why, e.will == WillFate::kPublish ? " will" : "");
  }
};

inline Lines decoded_packets(std::string_view bytes, Version version) {
  Lines lines;
  while (!bytes.empty()) {
    const auto header = peek_header(bytes);
    if (!header || !*header || (*header)->total_bytes() > bytes.size()) return {"not a packet"};
    const auto packet = decode(bytes.substr(0, (*header)->total_bytes()), version);
    if (!packet) return {std::string(packet.error().detail)};
    lines.push_back(std::visit(LineFormatter{}, *packet));
    bytes.remove_prefix((*header)->total_bytes());
  }
  return lines;
}

inline Connect plain_connect(Version version) {
  return {.version = version, .keepalive_s = 60, .client_id = "c"};
}

inline MessagePtr message(std::string topic, std::string payload) {
  auto made = std::make_shared<Message>();
  made->topic = std::move(topic);
  made->payload = std::move(payload);
  return made;
}

// A client, and a hub that answers only when told to.
class TestClient {
 public:
  explicit TestClient(Version version, MqttLimits limits = {})
      : version_(version), limits_(limits) {}

  void bytes(std::string_view some) { session.receive(some, now); }
  void send(const Packet& packet) {
    std::string encoded;
    encode(encoded, packet, version_);
    bytes(encoded);
  }
  // Connects: CONNECT and CONNACK.
  void join() { join(plain_connect(version_)); }
  void join(const Connect& packet) {
    send(packet);
    (void)session.take_events();
    session.accept({}, now);
    (void)output(now);
  }
  void publish(std::uint16_t id, Qos qos, std::string_view payload = "x") {
    send(Publish{.qos = qos, .topic = "t", .packet_id = id, .payload = payload});
  }
  void deliver(std::string_view payload, Qos qos, std::int64_t number = 0) {
    session.deliver(message("t", std::string(payload)), {.qos = qos, .number = number}, now);
  }

  std::string output(TimePoint at) {
    std::string bytes;
    session.take_output(bytes, at);
    return bytes;
  }
  Lines said() { return decoded_packets(output(now), version_); }
  Lines events() {
    Lines lines;
    for (const Event& event : session.take_events()) {
      lines.push_back(std::visit(LineFormatter{}, event));
    }
    return lines;
  }

 private:
  Version version_;
  MqttLimits limits_;

 public:
  TimePoint now = kStart;
  Session session{limits_, kStart};
};

}  // namespace gridloom::wire::mqtt
