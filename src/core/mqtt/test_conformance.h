// Fixture of the conformance tests above the session: a home with one device and one account, whose
// clients use the MQTT version that is the test's parameter.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "mqtt/session_table.h"
#include "mqtt/test_peer.h"
#include "testing/home.h"

namespace gridloom::mqtt {

using std::chrono::seconds;
using wire::mqtt::Connect;
using wire::mqtt::LastWill;
using wire::mqtt::PropertyId;
using wire::mqtt::Publish;
using wire::mqtt::Qos;
using wire::mqtt::Version;

inline constexpr std::string_view kSn = "R331ZEB4ZEAL0528";

class MqttStandard : public testing::TestWithParam<Version> {
 protected:
  MqttStandard() {
    home.add_account("alice");
    home.add_device(kSn, "alice");
    quota_ = home.open("alice", fmt::format("{}/quota", kSn));
    set_ = home.open("alice", fmt::format("{}/set", kSn));
    sender_ = connected_device();
  }

  [[nodiscard]] static bool is_5() { return GetParam() == Version::k5; }
  // The app's topics for the device's reports, and for commands to it.
  [[nodiscard]] const std::string& quota() const { return quota_; }
  [[nodiscard]] const std::string& set() const { return set_; }

  // A CONNECT for a session that outlives its connection (keeping), or does not (clean).
  [[nodiscard]] static Connect keeping(std::string_view id = "phone",
                                       std::uint32_t expiry_s = 1000) {
    Connect connect{.clean_start = false, .client_id = id};
    if (is_5()) connect.properties.add(PropertyId::kSessionExpiryS, expiry_s);
    return connect;
  }
  [[nodiscard]] static Connect clean(std::string_view id = "phone") {
    return {.clean_start = true, .client_id = id};
  }

  std::unique_ptr<Peer> app(const Connect& connect) {
    auto peer = std::make_unique<Peer>(home, server, GetParam());
    peer->join_app("alice", connect);
    return peer;
  }
  // A subscriber whose CONNACK has been read.
  std::unique_ptr<Peer> watcher(const std::string& filter, Qos qos = Qos::kExactlyOnce,
                                std::string_view id = "watcher") {
    auto peer = app(clean(id));
    peer->subscribe({filter}, qos);
    static_cast<void>(peer->said());
    return peer;
  }
  std::unique_ptr<Peer> connected_device() {
    auto peer = std::make_unique<Peer>(home, server, GetParam());
    peer->join_device(kSn, clean("device"));
    return peer;
  }

  // The device sends a report; QoS 2 is completed.
  void report(std::string_view payload, Qos qos = Qos::kAtLeastOnce, bool retain = false) {
    const std::string topic = fmt::format("/device/{}/quota", kSn);
    const std::uint16_t id = qos == Qos::kAtMostOnce ? std::uint16_t{0} : std::uint16_t{1};
    sender_->send(
        Publish{.qos = qos, .retain = retain, .topic = topic, .packet_id = id, .payload = payload});
    home.settle();
    if (qos == Qos::kExactlyOnce) sender_->send(wire::mqtt::Pubrel{1, {}, {}});
    static_cast<void>(sender_->said());
  }
  void pass(seconds time) {
    home.pass(Millis(time));
    table.sweep(home.client_loop, home.clock.now());
    home.settle();
  }
  // The messages that a peer received, without CONNACK, acknowledgements and topics: "q1 id1
  // payload".
  [[nodiscard]] static Lines published(Peer& to) {
    Lines lines;
    for (const std::string& line : to.said()) {
      if (!line.starts_with("PUBLISH ")) continue;
      lines.push_back(line.substr(line.find(' ', 8) + 1));
    }
    return lines;
  }

  TestHome home;
  SessionTable table;
  ServerContext server{.hub = home.hub.get(), .clock = &home.clock, .sessions = &table};
  std::string quota_;
  std::string set_;
  std::unique_ptr<Peer> sender_;
};

inline std::string version_name(const testing::TestParamInfo<Version>& info) {
  return info.param == Version::k5 ? "v5" : "v311";
}

}  // namespace gridloom::mqtt
