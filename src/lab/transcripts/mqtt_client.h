// An MQTT client for apps and devices, a client::MqttSession on a ClientEnd: connects, subscribes,
// publishes with QoS 1, and acknowledges the messages it receives.
//
// Destroying the client drops the connection without DISCONNECT.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/secret.h"
#include "client/http_request.h"
#include "client/http_session.h"
#include "client/mqtt_session.h"
#include "registry/directory.h"
#include "transcripts/server.h"
#include "wire/mqtt/packet.h"

namespace gridloom::transcripts {

// A client for one signed HTTP request on a connection of its own: a client::HttpSession on a
// ClientEnd.
struct HttpAnswer {
  std::string status;  // "200"
  std::string body;
};

class HttpCall final : public ClientEnd {
 public:
  // The request's host is set here.
  HttpCall(TestServer& server, client::HttpRequest request, const registry::AccessKey& key);

  // No value: the answer has not arrived, or not completely.
  [[nodiscard]] const std::optional<HttpAnswer>& answer() const { return answer_; }

 private:
  void received(std::string_view bytes) override;

  client::HttpSession session_;
  std::optional<HttpAnswer> answer_;
};

class MqttClient final : public ClientEnd, private client::MqttSession::Listener {
 public:
  struct SignIn {
    std::string_view user;
    const Secret& password;
    std::string_view client_id;
  };
  struct Message {
    std::string topic;
    std::string payload;
    bool retained = false;
  };
  struct Hooks {
    std::function<void(const Message&)> on_message;
    std::function<void()> on_subscribed;
  };
  MqttClient(TestServer& server, const SignIn& sign_in, Hooks hooks);

  // Neither function waits: drain() delivers the acknowledgements.
  void subscribe(const std::vector<std::string>& filters);
  void publish(std::string_view topic, std::string_view payload);

  // The sign-in, topic filter or message that the server refused. Empty: nothing was refused.
  [[nodiscard]] std::string take_refused() { return std::exchange(refused_, {}); }

 private:
  void received(std::string_view bytes) override;
  void on_accepted() override {}
  void on_subscribed(std::span<const wire::mqtt::Reason> reasons) override;
  void on_acknowledged(client::Moment /*due*/) override {}
  void on_message(const wire::mqtt::Publish& message) override;
  void on_refused(wire::mqtt::PacketType answer, wire::mqtt::Reason reason) override;
  [[nodiscard]] bool may_send(std::string_view what);
  // Sends what waits, or notes why a packet is not possible.
  void send_if(const Status& possible);
  void flush();

  Hooks hooks_;
  client::MqttSession session_;
  std::string refused_;
};

}  // namespace gridloom::transcripts
