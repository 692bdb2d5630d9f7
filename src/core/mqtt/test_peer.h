// Test client at the other end of an MQTT connection's bytes. Test-only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "mqtt/connection.h"
#include "testing/home.h"
#include "wire/mqtt/test_talk.h"

namespace gridloom::mqtt {

class Peer {
 public:
  Peer(TestHome& home, const ServerContext& server, wire::mqtt::Version version)
      : Peer(home, server, version, home.client_loop) {}
  Peer(TestHome& home, const ServerContext& server, wire::mqtt::Version version, Loop& loop)
      : home_(home), version_(version) {
    connection_ = std::make_shared<Connection>(
        server, net::ConnectionContext{
                    .loop = loop, .wake = [this] { ++wakes; }, .secure = false, .peer = "test"});
  }
  ~Peer() {
    connection_->lost();
    home_.settle();
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  Connection& connection() { return *connection_; }
  // The network connection breaks.
  void drop() {
    connection_->lost();
    home_.settle();
  }

  void bytes(std::string_view some) { connection_->receive(some, home_.clock.now()); }
  void send(const wire::mqtt::Packet& packet) { bytes(encoded(packet)); }
  [[nodiscard]] std::string encoded(const wire::mqtt::Packet& packet) const {
    std::string text;
    encode(text, packet, version_);
    return text;
  }
  void join(std::string_view user, const Secret& password, wire::mqtt::Connect connect = {}) {
    connect.version = version_;
    if (connect.client_id.empty()) connect.client_id = "c";
    connect.username = user;
    connect.password = password.reveal();
    send(connect);
    home_.settle();
  }
  void join_app(std::string_view name, const wire::mqtt::Connect& connect = {}) {
    const registry::Account of = home_.account(name);
    join(of.certificate_account, of.certificate_password, connect);
  }
  void join_device(std::string_view sn, const wire::mqtt::Connect& connect = {}) {
    join(sn, home_.device(sn).key, connect);
  }
  void publish(std::string_view topic, std::string_view payload, std::uint16_t id = 1) {
    send(wire::mqtt::Publish{
        .qos = id == 0 ? wire::mqtt::Qos::kAtMostOnce : wire::mqtt::Qos::kAtLeastOnce,
        .topic = topic,
        .packet_id = id,
        .payload = payload});
  }
  void subscribe(const std::vector<std::string>& filters,
                 wire::mqtt::Qos qos = wire::mqtt::Qos::kAtLeastOnce) {
    wire::mqtt::Subscribe packet{.packet_id = 9};
    for (const std::string& filter : filters)
      packet.entries.push_back({.filter = filter, .qos = qos});
    send(packet);
    home_.settle();
  }
  std::string output() {
    std::string out;
    connection_->take_output(out);
    return out;
  }
  // Everything that the server sends, including what it sends after the test home has settled.
  Lines said() {
    Lines all;
    for (std::string bytes = output(); !bytes.empty(); bytes = output()) {
      std::ranges::move(wire::mqtt::decoded_packets(bytes, version_), std::back_inserter(all));
      home_.settle();
    }
    return all;
  }

  int wakes = 0;

 private:
  TestHome& home_;
  wire::mqtt::Version version_;
  std::shared_ptr<Connection> connection_;
};

}  // namespace gridloom::mqtt
