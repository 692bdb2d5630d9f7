// A home with devices that a test reports for, and meters on real sockets. The bridges' loop is
// turned by the test; each meter's own has its thread. Nothing here waits by time: an answer that
// does not come within kPatience fails the test.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "bridges/meter/meter.h"
#include "bridges/meter/meter_bridge.h"
#include "client/http_client.h"
#include "home/energy_counters.h"
#include "home/home_feed.h"
#include "home/set_tracker.h"
#include "parameters/arguments.h"
#include "testing/home.h"

namespace gridloom::bridges::meter {

inline constexpr std::chrono::seconds kPatience{30};

struct MeterHome {
  MeterHome() : account(home.add_account("ann")) {}

  // A device that is connected; reports with report().
  FakePtr add_device(const std::string& sn) {
    home.add_device(sn, "ann");
    return home.connect_device(sn, "client of " + sn);
  }
  void settle() {
    do {
      home.settle();
    } while (loop.turn());
  }

  TestHome home;
  registry::AccountId account;
  net::IoLoop loop;
  home::HomeFeed homes{{.hub = home.hub.get(), .steady = &home.clock, .members_of = {}}};
  home::EnergyCounters counters{{.hub = home.hub.get(), .steady = &home.clock}};
  home::SetTracker sets{{.hub = home.hub.get(), .loop = &loop}};
};

class TestMeter {
 public:
  // `settings` are the members of a JSON object, without "listen".
  TestMeter(MeterHome& home, std::string name, std::string_view settings)
      : home_(home), health_(home.home.clock, name) {
    given_ = must(wire::parse_json(fmt::format(R"({{"listen":"127.0.0.1:0",{}}})", settings)))
                 .as_object();
    const auto arguments = must(
        parameters::Arguments::check({.name = "meter", .declared = meter_kind().settings}, given_));
    EXPECT_TRUE(meter_kind().check(arguments));
    const std::filesystem::path folder = home.home.folder.data() / "bridges" / name;
    bridge_ = std::make_unique<MeterBridge>(
        Parts{.hub = *home.home.hub,
              .homes = home.homes,
              .counters = home.counters,
              .sets = home.sets,
              .registry = *home.home.registry,
              .loop = home.loop},
        Identity{
            .name = std::move(name), .account = home.account, .health = &health_, .folder = folder},
        must(parse_settings(arguments)));
    bridge_->start();
    home.settle();
  }
  TestMeter(const TestMeter&) = delete;
  TestMeter& operator=(const TestMeter&) = delete;
  ~TestMeter() { bridge_->stop(); }

  void tick() {
    home_.settle();
    bridge_->tick();
    home_.settle();
  }
  // Ticks until the condition holds.
  [[nodiscard]] bool until(const std::function<bool()>& holds) {
    const auto end = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > end) return false;
      tick();
      std::this_thread::yield();
    }
    return true;
  }

  [[nodiscard]] std::uint16_t port() const { return bridge_->server()->http().port; }
  [[nodiscard]] std::uint16_t udp_port() const { return bridge_->server()->udp().at(0).port; }
  [[nodiscard]] HealthReport health() const { return health_.report(); }
  [[nodiscard]] client::HttpReply ask(std::string_view path, std::string_view method = "GET",
                                      std::string_view body = {}) const {
    auto client =
        must(client::HttpClient::open({.server = fmt::format("http://127.0.0.1:{}", port())}));
    return must(client.ask({.method = method, .target = std::string(path), .body = body}));
  }
  // The member of the answer as text; "503" and the like for another status than 200.
  [[nodiscard]] std::string shows(std::string_view member,
                                  std::string_view path = "/v1/json") const {
    const client::HttpReply reply = ask(path);
    return reply.status == 200 ? member_of(reply.body, member) : std::to_string(reply.status);
  }

 private:
  MeterHome& home_;
  Health health_;
  wire::JsonObject given_;
  std::unique_ptr<MeterBridge> bridge_;
};

}  // namespace gridloom::bridges::meter
