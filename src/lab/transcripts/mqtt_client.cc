#include "transcripts/mqtt_client.h"

#include <fmt/format.h>

#include <utility>

#include "wire/signing.h"

namespace gridloom::transcripts {

using wire::mqtt::Qos;

MqttClient::MqttClient(TestServer& server, const SignIn& sign_in, Hooks hooks)
    : ClientEnd(server), hooks_(std::move(hooks)), session_({.version = server.variant().version}) {
  connect(Interface::kMqtt);
  send_if(session_.sign_in({.client_id = sign_in.client_id,
                            .user = sign_in.user,
                            .password = sign_in.password.reveal()}));
}

void MqttClient::subscribe(const std::vector<std::string>& filters) {
  if (!may_send("a subscription")) return;
  std::vector<wire::mqtt::FilterEntry> entries;
  entries.reserve(filters.size());
  for (const std::string& filter : filters) {
    entries.push_back({.filter = filter, .qos = Qos::kAtLeastOnce});
  }
  send_if(session_.subscribe(std::move(entries)));
}

void MqttClient::publish(std::string_view topic, std::string_view payload) {
  if (!may_send(topic)) return;
  send_if(session_.publish(topic, payload, {.qos = Qos::kAtLeastOnce}, {}));
}

bool MqttClient::may_send(std::string_view what) {
  if (session_.has_window()) return true;
  refused_ = fmt::format("{}: {} messages await acknowledgement", what, session_.in_flight());
  return false;
}

void MqttClient::received(std::string_view bytes) {
  if (Status taken = session_.receive(bytes, *this); !taken) refused_ = taken.error().detail;
  flush();
}

void MqttClient::send_if(const Status& possible) {
  if (!possible) refused_ = possible.error().detail;
  flush();
}

void MqttClient::flush() {
  send(session_.output());
  session_.sent(session_.output().size());
}

void MqttClient::on_subscribed(std::span<const wire::mqtt::Reason> /*reasons*/) {
  if (hooks_.on_subscribed) hooks_.on_subscribed();
}

void MqttClient::on_message(const wire::mqtt::Publish& message) {
  hooks_.on_message({.topic = std::string(message.topic),
                     .payload = std::string(message.payload),
                     .retained = message.retain});
}

void MqttClient::on_refused(wire::mqtt::PacketType answer, wire::mqtt::Reason reason) {
  refused_ = fmt::format("{}: {}", name_of(answer), name_of(reason));
}

namespace {

constexpr std::string_view kHost = "localhost:8443";
constexpr std::string_view kNonce = "345164";

std::string signed_bytes(const client::HttpRequest& request, const registry::AccessKey& key,
                         TimePoint now) {
  const std::string timestamp = std::to_string(unix_ms(now));
  client::Signature signature{
      .access_key = key.access_key, .nonce = kNonce, .timestamp = timestamp};
  auto mac = wire::KeyedMac::make(key.secret_key);
  // A request that cannot be signed (not JSON, for example) is sent unsigned; the transcript sees
  // the answer.
  const std::string sign = mac ? client::sign(request, signature, *mac).value_or("0") : "0";
  signature.sign = sign;
  return client::encode(request, signature);
}

}  // namespace

HttpCall::HttpCall(TestServer& server, client::HttpRequest request, const registry::AccessKey& key)
    : ClientEnd(server) {
  request.host = kHost;
  connect(Interface::kHttp);
  session_.ask(signed_bytes(request, key, server.clock().now()));
  send(session_.output());
}

void HttpCall::received(std::string_view bytes) {
  const auto response = session_.receive(bytes);
  if (!response || !*response) return;
  answer_ = {.status = std::to_string((*response)->status), .body = std::string((*response)->body)};
}

}  // namespace gridloom::transcripts
