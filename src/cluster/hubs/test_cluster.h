// Nodes of a cluster in one thread: each has a platform, loops, a log and a hub of its own; they
// share the registry and the clock of a TestHome, and a MemoryBus joins them.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/clients/test_log.h"
#include "hubs/cluster.h"
#include "hubs/test_memory_bus.h"
#include "testing/home.h"

namespace gridloom::hub {

class TestCluster {
 public:
  struct Member {
    Member(TestCluster& cluster, std::string name, std::size_t shards)
        : name(std::move(name)),
          platform{.clock = cluster.home.clock,
                   .catalog = shipped_catalog(),
                   .registry = *cluster.home.registry} {
      platform.journal = &log;
      for (std::size_t i = 0; i < shards; ++i) loops.push_back(std::make_unique<ManualLoop>());
    }
    bool run() {
      bool again = client_loop.run();
      for (const auto& loop : loops) again = loop->run() || again;
      if (!is_durable) return again;
      for (TestLog::Record& each : std::exchange(log.waiting, {})) {
        if (on_durable) on_durable(each);
        if (each.durable) std::exchange(each.durable, nullptr)();
        log.safe.push_back(std::move(each));
        again = true;
      }
      return again;
    }

    const std::string name;
    TestLog log;
    std::function<void(const TestLog::Record&)> on_durable;
    bool is_durable = true;  // what is appended; false: it waits in `log`
    Platform platform;
    ManualLoop client_loop;
    std::vector<std::unique_ptr<ManualLoop>> loops;
    std::unique_ptr<Hub> hub;
    Cluster* cluster = nullptr;
    std::set<std::string> introduced;  // nodes, since its start
  };

  explicit TestCluster(std::size_t nodes, std::uint64_t seed = 1, std::size_t shards = 2)
      : bus(seed) {
    for (std::size_t i = 0; i < nodes; ++i) {
      members.push_back(
          std::make_unique<Member>(*this, std::string(1, static_cast<char>('a' + i)), shards));
      start(*members.back());
    }
    link_all();
    home.registry->on_change([this] {
      for (const auto& member : members) {
        if (member->hub) member->hub->registry_changed();
      }
    });
    for (std::size_t i = 0; i < kPartitions; ++i) {
      place(static_cast<Partition>(i), members[i % nodes]->name);
    }
    settle();
  }
  ~TestCluster() {
    for (const auto& member : members) member->hub.reset();
  }
  TestCluster(const TestCluster&) = delete;
  TestCluster& operator=(const TestCluster&) = delete;

  // A new process of the node, with nothing of the one before.
  void start(Member& member) {
    start_without_owners(member);
    for (std::size_t i = 0; i < kPartitions; ++i) {
      const auto& [owner, revision] = owners_.at(i);
      if (revision != 0) member.cluster->place(static_cast<Partition>(i), owner, revision);
    }
  }
  void start_without_owners(Member& member) {
    std::vector<Loop*> all;
    for (const auto& loop : member.loops) all.push_back(loop.get());
    member.hub = std::make_unique<Hub>(member.platform, all);
    member.cluster = &Cluster::join(
        *member.hub,
        {.peers = &bus.end(member.name),
         .self = member.name,
         .run = ++runs_,
         .link = link_limits,
         .on_introduced = [&member](const std::string& node) { member.introduced.insert(node); }});
  }
  void link_all() {
    link_all_without_settling();
    settle();
  }
  void link_all_without_settling() {
    for (const auto& one : members) {
      for (const auto& other : members) {
        if (one->name < other->name && one->hub && other->hub) bus.link(one->name, other->name);
      }
    }
  }
  // The node's process ends, with all that it has not written; others do not hear it any more.
  void kill(Member& member) {
    for (const auto& other : members) {
      if (other.get() != &member) bus.cut(member.name, other->name, MemoryBus::Told::kYes);
    }
    member.hub.reset();
    member.cluster = nullptr;
    member.introduced.clear();
    member.log.waiting.clear();
    // Tasks of what is gone.
    member.client_loop.drop();
    for (const auto& loop : member.loops) loop->drop();
  }
  // All nodes learn of it; call settle().
  void place(Partition partition, const std::string& owner) {
    auto& known = owners_.at(number_of(partition));
    known.first = owner;
    ++known.second;
    for (const auto& member : members) {
      if (member->hub) member->cluster->place(partition, owner, known.second);
    }
  }
  [[nodiscard]] const std::string& owner_of(std::string_view sn) const {
    return owners_.at(number_of(partition_of(sn))).first;
  }
  [[nodiscard]] const std::string& owner_at(Partition partition) const {
    return owners_.at(number_of(partition)).first;
  }
  Member& operator[](std::size_t index) { return *members.at(index); }

  // One round of everything that has work. False: there was none.
  bool step() {
    bool again = bus.turn();
    for (const auto& member : members) again = member->run() || again;
    return again;
  }
  void settle() {
    while (step()) {
    }
  }
  void pass(Millis time) {
    home.clock.pass(time);
    for (const auto& member : members) {
      if (member->hub) member->hub->tick();
    }
    settle();
  }

  // --- clients, at a node
  FakePtr connect(Member& at, std::string_view user, const Secret& password, std::string id) {
    auto client = std::make_shared<FakeClient>(
        at.client_loop, must(at.hub->access().sign_in(user, password)), std::move(id));
    at.hub->connected(client);
    settle();
    return client;
  }
  FakePtr connect_device(Member& at, std::string_view sn) {
    FakePtr client = connect(at, sn, home.device(sn).key, "device");
    EXPECT_TRUE(at.hub->subscribe(
        client, {.filter = fmt::format("/device/{}/set", sn), .qos = Qos::kAtLeastOnce}));
    settle();
    return client;
  }
  FakePtr connect_app(Member& at, std::string_view account, std::string id = "app") {
    const registry::Account of = home.account(account);
    return connect(at, of.certificate_account, of.certificate_password, std::move(id));
  }
  FakePtr subscriber(Member& at, std::string_view account, std::string id = "app") {
    FakePtr client = connect_app(at, account, std::move(id));
    EXPECT_TRUE(at.hub->subscribe(
        client,
        {.filter = home.open(account, "#"), .qos = Qos::kExactlyOnce, .send_retained = false}));
    settle();
    return client;
  }
  // Does not settle.
  struct Sent {
    std::string topic;
    std::string payload;
    Qos qos = Qos::kAtLeastOnce;
    std::uint16_t packet_id = 1;
    bool retain = false;
    bool resent = false;
  };
  void post(Member& at, const FakePtr& client, Sent sent) {
    Hub::Batch batch(*at.hub);
    EXPECT_TRUE(batch.add(client,
                          std::make_shared<const wire::mqtt::Message>(wire::mqtt::Message{
                              .topic = std::move(sent.topic), .payload = std::move(sent.payload)}),
                          {.qos = sent.qos,
                           .retain = sent.retain,
                           .resent = sent.resent,
                           .token = {.packet_id = sent.packet_id, .qos = sent.qos}}));
    batch.post(client);
  }
  void publish(Member& at, const FakePtr& client, Sent sent) {
    post(at, client, std::move(sent));
    settle();
  }
  TestHome::Answer read_all(Member& at, std::string_view account, std::string_view sn) {
    TestHome::Answer answer;
    at.hub->read_all(home.account(account).id, {.sn = std::string(sn)}, reply_at(at, answer));
    settle();
    return answer;
  }
  TestHome::Answer set(Member& at, std::string_view account, std::string_view sn,
                       std::string_view message) {
    TestHome::Answer answer;
    at.hub->set(home.account(account).id, std::string(sn),
                must(wire::parse_json(message)).as_object(), reply_at(at, answer));
    settle();
    return answer;
  }

  TestHome home{1};
  MemoryBus bus;
  NodeLink::Limits link_limits{.resend_after = Millis(250)};
  std::vector<std::unique_ptr<Member>> members;

 private:
  static ReplyTo<DeviceAnswer> reply_at(Member& at, const TestHome::Answer& answer) {
    return {.loop = &at.client_loop, .done = [slot = answer.slot](Result<DeviceAnswer> result) {
              if (result) {
                *slot = std::move(result->text);
              } else {
                *slot = std::unexpected(std::move(result.error()));
              }
            }};
  }

  std::uint64_t runs_ = 0;
  std::array<std::pair<std::string, std::uint64_t>, kPartitions> owners_{};
};

}  // namespace gridloom::hub
