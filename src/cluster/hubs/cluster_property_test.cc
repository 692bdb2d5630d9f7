// Properties that hold whatever happens: partitions move under traffic, links break, nodes end and
// come back, and the bus loses, repeats and delays. Each acknowledged publication is in a log, and
// those of a device are there in its order.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "hubs/test_cluster.h"
#include "testing/dice.h"

namespace gridloom::hub {
namespace {

// A device that publishes numbers in order, a few at a time, and sends again what was not
// acknowledged when its connection ended.
struct Device {
  std::string sn;
  std::size_t node = 0;
  FakePtr client;
  std::deque<int> unacknowledged;
  int last = 0;
};

class World {
 public:
  explicit World(std::uint64_t seed) : dice_(seed), cluster_(3, seed) {
    cluster_.home.add_account("alice");
    for (int i = 0; i < 5; ++i) {
      devices_.push_back(
          {.sn = fmt::format("R331ZEB4ZEAL05{:02}", i), .client = nullptr, .unacknowledged = {}});
      cluster_.home.add_device(devices_.back().sn, "alice");
    }
    cluster_.settle();
    for (const auto& member : cluster_.members) {
      member->on_durable = [this](const TestLog::Record& record) { store(record); };
    }
    app_ = cluster_.subscriber(cluster_[0], "alice");
    for (Device& device : devices_) connect(device);
    app_->take();
  }

  TestCluster& cluster() { return cluster_; }
  Dice& dice() { return dice_; }

  void send_one() {
    Device& device = devices_[dice_.below(devices_.size())];
    if (device.unacknowledged.size() >= 6 || !cluster_[device.node].hub) return;
    device.unacknowledged.push_back(++device.last);
    post(device, device.last, false);
  }
  void move_one() {
    const Device& device = devices_[dice_.below(devices_.size())];
    std::vector<std::string> there;
    for (const auto& member : cluster_.members) {
      if (member->hub) there.push_back(member->name);
    }
    cluster_.place(partition_of(device.sn), dice_.one_of(there));
  }
  // The bus and the loops go on for a moment; clients learn what they were told.
  void go_on() {
    for (std::size_t left = dice_.below(6); left != 0; --left) cluster_.step();
    if (dice_.once_in(4)) tick();
    for (Device& device : devices_) hear(device);
  }
  void tick() {
    cluster_.home.clock.pass(Millis(250));
    for (const auto& member : cluster_.members) {
      if (member->hub) member->hub->tick();
    }
  }
  void break_link() {
    const auto [one, other] = two_nodes();
    cluster_.bus.cut(one, other, MemoryBus::Told::kYes);
    for (std::size_t left = dice_.below(4); left != 0; --left) cluster_.step();
    if (alive(one) && alive(other)) cluster_.bus.link(one, other);
  }
  // The first node stays: the app is there.
  void end_node() {
    TestCluster::Member& member = cluster_[1 + dice_.below(2)];
    if (!member.hub) return;
    cluster_.kill(member);
    for (std::size_t i = 0; i < kPartitions; ++i) {
      const auto partition = static_cast<Partition>(i);
      if (cluster_.owner_at(partition) == member.name) cluster_.place(partition, "a");
    }
    for (Device& device : devices_) {
      if (&cluster_[device.node] == &member) connect(device);
    }
  }
  void start_nodes() {
    for (const auto& member : cluster_.members) {
      if (!member->hub) cluster_.start(*member);
    }
    cluster_.link_all_without_settling();
  }
  // All is well again, for long enough.
  void heal() {
    cluster_.bus.chances = {};
    start_nodes();
    for (int i = 0; i < 40; ++i) {
      cluster_.settle();
      tick();
      cluster_.settle();
      for (Device& device : devices_) hear(device);
    }
  }

  void expect_all_stored(std::uint64_t seed) {
    for (const Device& device : devices_) {
      EXPECT_TRUE(device.unacknowledged.empty()) << seed << ' ' << device.sn;
      EXPECT_TRUE(device.client->is_settled()) << seed << ' ' << device.sn;
      std::vector<int> first;  // each number as it came first
      std::set<int> seen;
      for (const int number : stored_[device.sn]) {
        if (seen.insert(number).second) first.push_back(number);
      }
      EXPECT_EQ(static_cast<int>(seen.size()), device.last) << seed << ' ' << device.sn;
      EXPECT_TRUE(std::ranges::is_sorted(first)) << seed << ' ' << device.sn;
    }
  }
  void expect_each_once(std::uint64_t seed) {
    std::map<std::string, std::vector<int>> got;
    for (const std::string& line : app_->take()) {
      if (!line.contains("/quota ")) continue;
      for (const Device& device : devices_) {
        if (!line.contains(device.sn)) continue;
        const std::string params = member_of(payload_of(line), "params");
        got[device.sn].push_back(std::stoi(member_of(params, "soc")));
      }
    }
    for (const Device& device : devices_) {
      std::vector<int> all(static_cast<std::size_t>(device.last));
      for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<int>(i) + 1;
      EXPECT_EQ(stored_[device.sn], all) << seed << ' ' << device.sn;
      EXPECT_EQ(got[device.sn], all) << seed << ' ' << device.sn;
    }
  }

 private:
  void connect(Device& device) {
    do device.node = dice_.below(3);
    while (!cluster_[device.node].hub);
    TestCluster::Member& at = cluster_[device.node];
    device.client = std::make_shared<FakeClient>(
        at.client_loop,
        must(at.hub->access().sign_in(device.sn, cluster_.home.device(device.sn).key)), "device");
    at.hub->connected(device.client);
    for (const int number : device.unacknowledged) post(device, number, true);
  }
  void post(const Device& device, int number, bool resent) {
    cluster_.post(cluster_[device.node], device.client,
                  {.topic = fmt::format("/device/{}/quota", device.sn),
                   .payload = fmt::format(
                       R"({{"moduleType":1,"typeCode":"pdStatus","params":{{"soc":{}}}}})", number),
                   .qos = number % 2 == 0 ? Qos::kExactlyOnce : Qos::kAtLeastOnce,
                   .packet_id = static_cast<std::uint16_t>(number),
                   .resent = resent});
  }
  void hear(Device& device) {
    for (const Ack& ack : std::exchange(device.client->acks, {})) {
      std::erase(device.unacknowledged, static_cast<int>(ack.token.packet_id));
    }
  }
  void store(const TestLog::Record& record) {
    journal::BatchReader reader(journal::batch_of(record.kind, record.payload));
    while (const auto* row = reader.next()) {
      for (const auto& sample : reader.fields()) {
        if (reader.names()[sample.name] != "pd.soc") continue;
        for (const Device& device : devices_) {
          if (cluster_.home.device(device.sn).number == row->device) {
            stored_[device.sn].push_back(std::stoi(text_of(sample.value)));
          }
        }
      }
    }
  }
  [[nodiscard]] bool alive(const std::string& name) {
    return std::ranges::any_of(cluster_.members,
                               [&](const auto& each) { return each->name == name && each->hub; });
  }
  std::pair<std::string, std::string> two_nodes() {
    const std::size_t one = dice_.below(3);
    const std::size_t other = (one + 1 + dice_.below(2)) % 3;
    return {cluster_[one].name, cluster_[other].name};
  }

  Dice dice_;
  std::map<std::string, std::vector<int>> stored_;  // numbers in the logs, by serial number
  TestCluster cluster_;
  std::vector<Device> devices_;
  FakePtr app_;
};

TEST(ClusterProperty, MovesUnderTrafficLoseDoubleAndReorderNothing) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    World world(seed);
    world.cluster().bus.chances = {.lost = 12, .repeated = 12, .delayed = 8, .refused = 15};
    for (int step = 0; step < 300; ++step) {
      world.send_one();
      if (world.dice().once_in(12)) world.move_one();
      world.go_on();
    }
    world.heal();
    world.expect_all_stored(seed);
    world.expect_each_once(seed);
  }
}

TEST(ClusterProperty, LossOfLinksAndNodesLosesNoAcknowledgedPublicationAndKeepsTheOrder) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    World world(seed);
    world.cluster().bus.chances = {.lost = 20, .repeated = 20, .delayed = 10, .refused = 20};
    for (int step = 0; step < 300; ++step) {
      world.send_one();
      if (world.dice().once_in(20)) world.move_one();
      if (world.dice().once_in(25)) world.break_link();
      if (world.dice().once_in(60)) world.end_node();
      if (world.dice().once_in(30)) world.start_nodes();
      world.go_on();
    }
    world.heal();
    world.expect_all_stored(seed);
  }
}

}  // namespace
}  // namespace gridloom::hub
