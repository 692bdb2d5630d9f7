#include "transcripts/mqtt_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <variant>

namespace gridloom::transcripts {
namespace {

using wire::mqtt::Qos;
using wire::mqtt::Reason;

}  // namespace

template <typename T>
void MqttClient::put(const T& packet) {
  std::string bytes;
  encode(bytes, packet, server().variant().version);
  send(bytes);
}

MqttClient::MqttClient(TestServer& server, const SignIn& sign_in, Hooks hooks)
    : ClientEnd(server), hooks_(std::move(hooks)) {
  connect(Interface::kMqtt);
  std::string bytes;
  encode(bytes, wire::mqtt::Connect{.version = server.variant().version,
                                    .client_id = sign_in.client_id,
                                    .username = sign_in.user,
                                    .password = sign_in.password.reveal()});
  send(bytes);
}

void MqttClient::subscribe(const std::vector<std::string>& filters) {
  wire::mqtt::Subscribe packet{.packet_id = ++last_id_};
  for (const std::string& filter : filters) {
    packet.entries.push_back({.filter = filter, .qos = Qos::kAtLeastOnce});
  }
  put(packet);
}

void MqttClient::publish(std::string_view topic, std::string_view payload) {
  put(wire::mqtt::Publish{
      .qos = Qos::kAtLeastOnce, .topic = topic, .packet_id = ++last_id_, .payload = payload});
}

void MqttClient::received(std::string_view bytes) {
  in_ += bytes;
  for (;;) {
    const auto header = wire::mqtt::peek_header(in_);
    if (!header) {
      refused_ = header.error().detail;
      return;
    }
    if (!*header || in_.size() < (*header)->total_bytes()) return;
    const std::string whole = in_.substr(0, (*header)->total_bytes());
    in_.erase(0, whole.size());
    const auto packet = wire::mqtt::decode(whole, server().variant().version);
    if (!packet) {
      refused_ = packet.error().detail;
      return;
    }
    on_packet(*packet);
  }
}

void MqttClient::on_packet(const wire::mqtt::Packet& packet) {
  const auto refuse = [this](std::string_view what, Reason reason) {
    if (is_refusal(reason)) refused_ = fmt::format("{}: {}", what, name_of(reason));
  };
  if (const auto* connack = std::get_if<wire::mqtt::Connack>(&packet)) {
    refuse("CONNACK", connack->reason);
  } else if (const auto* suback = std::get_if<wire::mqtt::Suback>(&packet)) {
    for (const Reason reason : suback->reasons) refuse("SUBACK", reason);
    if (hooks_.on_subscribed) hooks_.on_subscribed();
  } else if (const auto* puback = std::get_if<wire::mqtt::Puback>(&packet)) {
    refuse("PUBACK", puback->reason);
  } else if (const auto* end = std::get_if<wire::mqtt::Disconnect>(&packet)) {
    refuse("DISCONNECT", end->reason);
  } else if (const auto* publish = std::get_if<wire::mqtt::Publish>(&packet)) {
    const Message message{.topic = std::string(publish->topic),
                          .payload = std::string(publish->payload),
                          .retained = publish->retain};
    if (publish->qos == Qos::kAtLeastOnce) {
      put(wire::mqtt::Puback{.packet_id = publish->packet_id});
    }
    hooks_.on_message(message);
  }
}

}  // namespace gridloom::transcripts
