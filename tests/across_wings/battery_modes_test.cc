// Modes of batteries in a cluster: one lease of a battery, whichever nodes are asked, also when the
// node that has the leases has died. How modes begin and end is in api/evcc_test.cc.
#include "home/battery_modes.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "hubs/test_cluster.h"
#include "testing/temporary_folder.h"

namespace gridloom::home {
namespace {

using catalog::BatteryMode;
using hub::TestCluster;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";

// The leases are at `a`, the device's shard is at `b`, and the device is connected at `b`.
class BatteryModesTest : public testing::Test {
 protected:
  BatteryModesTest() {
    alice = cluster.home.add_account("alice");
    cluster.home.add_device(kSn, "alice");
    cluster.settle();
    cluster.place(BatteryModes::kPartition, "a");
    cluster.place(partition_of(kSn), "b");
    cluster.settle();
    for (std::size_t i = 0; i < nodes.size(); ++i) start(i);
    device = cluster.connect_device(cluster[1], kSn);
    report(R"("pd.soc":50,"pd.watchIsConfig":0,"pd.bpPowerSoc":20)");
  }
  ~BatteryModesTest() override {
    for (Node& each : nodes) each.modes.reset();
  }
  void start(std::size_t node) {
    nodes.at(node).modes.reset();
    nodes.at(node).sets.reset();
    nodes.at(node).sets = std::make_unique<SetTracker>(
        SetTracker::Options{.hub = cluster[node].hub.get(), .loop = &cluster[node].client_loop});
    nodes.at(node).modes =
        std::make_unique<BatteryModes>(BatteryModes::Options{.hub = cluster[node].hub.get(),
                                                             .sets = nodes.at(node).sets.get(),
                                                             .loop = &cluster[node].client_loop,
                                                             .data = folder.data()});
  }
  // Another node has the leases from now on, as the next owner of slot 0.
  void kill_the_node_of_the_leases() {
    nodes[0] = {};
    cluster.kill(cluster[0]);
    cluster.settle();
    start(2);
    for (std::size_t i = 0; i < kPartitions; ++i) {
      const auto partition = static_cast<Partition>(i);
      if (cluster.owner_at(partition) == "a") cluster.place(partition, "c");
    }
    pass(Millis(6'000));
  }
  void pass(Millis time) {
    for (Millis at{}; at < time; at += Millis(1'000)) {
      cluster.pass(Millis(1'000));
      for (const Node& each : nodes) {
        if (!each.modes) continue;
        each.sets->tick();
        each.modes->tick();
      }
      cluster.settle();
    }
  }
  void report(std::string_view params) {
    cluster.publish(cluster[1], device,
                    {.topic = fmt::format("/device/{}/quota", kSn),
                     .payload = fmt::format(R"({{"params":{{{}}}}})", params)});
  }
  // The code of the error, or the first lease: "hold applied 60000".
  static std::string shown(const std::optional<Result<BatteryModes::Leases>>& leases,
                           std::int64_t now_ms) {
    if (!leases) return "no answer yet";
    if (!*leases) return std::string(name_of(leases->error().code));
    if ((*leases)->empty()) return "none";
    const BatteryLease& lease = (*leases)->front();
    return fmt::format("{} {} {}", name_of(lease.mode), name_of(lease.state),
                       lease.until_ms - now_ms);
  }
  std::string ask(std::size_t node, BatteryMode mode) {
    const auto slot = std::make_shared<std::optional<Result<BatteryModes::Leases>>>();
    nodes.at(node).modes->set({.account = alice, .sn = std::string(kSn), .mode = mode},
                              into(node, slot));
    cluster.settle();
    obeyed = obey();
    return shown(*slot, now_ms());
  }
  std::string list(std::size_t node) {
    const auto slot = std::make_shared<std::optional<Result<BatteryModes::Leases>>>();
    nodes.at(node).modes->list(alice, into(node, slot));
    cluster.settle();
    return shown(*slot, now_ms());
  }
  template <typename Slot>
  hub::ReplyTo<BatteryModes::Leases> into(std::size_t node, const Slot& slot) {
    return {.loop = &cluster[node].client_loop,
            .done = [slot](Result<BatteryModes::Leases> leases) { *slot = std::move(leases); }};
  }
  [[nodiscard]] std::int64_t now_ms() const { return unix_ms(cluster.home.clock.now()); }
  // The device does what was sent to it, and says so: the energy management and the reserve of each
  // set, as "1 50;"; empty: none came.
  std::string obey() {
    std::string did;
    for (const std::string& line : device->take()) {
      const auto message = must(wire::parse_json(payload_of(line)));
      std::string shows;
      for (const auto& [param, field] :
           {std::pair{"isConfig", "pd.watchIsConfig"}, std::pair{"bpPowerSoc", "pd.bpPowerSoc"}}) {
        const wire::Json* value = message.at("params").as_object().if_contains(param);
        if (value == nullptr) continue;
        did += fmt::format("{} ", wire::to_text(*value));
        shows +=
            fmt::format(R"({}"{}":{})", shows.empty() ? "" : ",", field, wire::to_text(*value));
      }
      did.back() = ';';
      report(shows);
      cluster.publish(cluster[1], device,
                      {.topic = fmt::format("/device/{}/set_reply", kSn),
                       .payload = fmt::format(R"({{"id":{},"data":{{"ack":0}}}})",
                                              wire::to_text(message.at("id")))});
    }
    return did;
  }

  struct Node {
    std::unique_ptr<SetTracker> sets;
    std::unique_ptr<BatteryModes> modes;
  };
  TemporaryFolder folder;
  TestCluster cluster{3};
  registry::AccountId alice{};
  std::array<Node, 3> nodes;
  FakePtr device;
  std::string obeyed;
};

TEST_F(BatteryModesTest, ABatteryHasOneLeaseWhicheverNodesAreAsked) {
  ask(1, BatteryMode::kHold);
  EXPECT_EQ(obeyed, "1 50;");
  pass(Millis(1'000));
  for (std::size_t node = 0; node < nodes.size(); ++node) {
    EXPECT_EQ(list(node), "hold applied 59000") << node;
  }
  for (int round = 0; round < 3; ++round) {
    for (const std::size_t node : {2U, 0U, 1U}) {
      pass(Millis(30'000));
      EXPECT_EQ(ask(node, BatteryMode::kHold), "hold applied 60000") << node;
      EXPECT_EQ(obeyed, "") << "it is renewed";
    }
  }
  pass(BatteryModes::kLease + Millis(1'000));
  EXPECT_EQ(obey(), "0 20;") << "once";
  pass(BatteryModes::kRetry + Millis(2'000));
  EXPECT_EQ(obey(), "");
  for (std::size_t node = 0; node < nodes.size(); ++node) EXPECT_EQ(list(node), "none");
}

TEST_F(BatteryModesTest, ALeaseGoesOnAndEndsAlthoughTheNodeThatHadItHasDied) {
  ask(0, BatteryMode::kHold);
  EXPECT_EQ(obeyed, "1 50;");
  kill_the_node_of_the_leases();
  EXPECT_EQ(list(1).substr(0, 4), "hold");
  EXPECT_THAT(ask(1, BatteryMode::kHold), testing::EndsWith(" 60000"));
  EXPECT_EQ(obeyed, "") << "it is renewed";
  EXPECT_EQ(list(2), "hold applied 60000") << "the device's shard knows what became of the set";
  pass(BatteryModes::kLease + Millis(2'000));
  EXPECT_EQ(obey(), "0 20;") << "what was before the mode";
  pass(BatteryModes::kRetry + Millis(2'000));
  EXPECT_EQ(list(1), "none");
}

TEST_F(BatteryModesTest, WithoutTheServerOfTheLeasesNoModeIsTaken) {
  nodes[0] = {};
  cluster.kill(cluster[0]);
  cluster.settle();
  EXPECT_EQ(ask(1, BatteryMode::kHold), "no_answer");
  EXPECT_EQ(list(2), "no_answer");
  EXPECT_EQ(obeyed, "");
}

}  // namespace
}  // namespace gridloom::home
