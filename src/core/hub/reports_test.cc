// Reports of devices whose connections are on the loops of their shards: they are processed without
// a task, with the same effects as others, and never before what the device did earlier.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kOther = "R331ZEB4ZEAL0529";
constexpr std::string_view kReport = R"({"params":{"bmsMaster.soc":12}})";

class OwnReports : public testing::Test {
 protected:
  OwnReports() {
    home.add_account("alice");
    home.add_device(kDelta2Sn, "alice");
    home.add_device(kOther, "alice");
    app = home.subscriber("alice");
    device = connect(kDelta2Sn, home.hub->loop_of(kDelta2Sn));
  }
  FakePtr connect(std::string_view sn, Loop& loop) {
    auto client = std::make_shared<FakeClient>(
        loop, must(home.hub->access().sign_in(sn, home.device(sn).key)), std::string(sn));
    home.hub->connected(client);
    home.settle();
    return client;
  }
  void report(std::string_view payload = kReport, std::uint16_t packet_id = 1) {
    home.hub->shards().report(
        device, payload,
        {.qos = Qos::kAtLeastOnce, .token = {.packet_id = packet_id, .qos = Qos::kAtLeastOnce}});
  }
  [[nodiscard]] std::string all() { return home.read_all(home.account("alice").id, kDelta2Sn); }

  TestHome home{2};
  FakePtr app;
  FakePtr device;
};

TEST_F(OwnReports, AReportHasItsEffectsAtOnce) {
  app->take();
  ASSERT_TRUE(home.hub->shards().takes_report(*device));
  report();
  ASSERT_THAT(device->acks, SizeIs(1)) << "there is no journal to wait for";
  EXPECT_EQ(device->acks[0].reason, wire::mqtt::Reason::kSuccess);
  home.settle();
  EXPECT_EQ(app->take(),
            Lines{fmt::format("q1 {} {}", home.open("alice", "R331ZEB4ZEAL0528/quota"), kReport)});
  EXPECT_EQ(all(), R"({"bmsMaster.soc":12})");
}

TEST_F(OwnReports, AReportOfARotatedKeyIsRefused) {
  static_cast<void>(must(home.registry->rotate_device(kDelta2Sn)));
  home.settle();
  report();
  ASSERT_THAT(device->acks, SizeIs(1));
  EXPECT_EQ(device->acks[0].reason, wire::mqtt::Reason::kNotAuthorized);
  EXPECT_EQ(all(), "{}");
}

TEST_F(OwnReports, OnlyADeviceOnItsShardsLoopReportsSo) {
  Loop& own = home.hub->loop_of(kDelta2Sn);
  Loop& other = &own == home.loops()[0] ? *home.loops()[1] : *home.loops()[0];
  EXPECT_FALSE(home.hub->shards().takes_report(*connect(kDelta2Sn, other)));
  EXPECT_FALSE(home.hub->shards().takes_report(*home.connect_app("alice", "second")));
  EXPECT_FALSE(home.hub->shards().takes_report(*home.connect_gateway("alice")));
  EXPECT_TRUE(home.hub->shards().takes_report(*connect(kOther, home.hub->loop_of(kOther))));
}

// What the device published by a task has to come before.
TEST_F(OwnReports, NoReportOvertakesTheDevicesEarlierWork) {
  hub::Hub::Batch batch(*home.hub);
  ASSERT_TRUE(batch.add(
      device,
      std::make_shared<const wire::mqtt::Message>(wire::mqtt::Message{
          .topic = fmt::format("/device/{}/quota", kDelta2Sn), .payload = std::string(kReport)}),
      {.qos = Qos::kAtMostOnce}));
  batch.post(device);
  EXPECT_FALSE(home.hub->shards().takes_report(*device));
  home.settle();
  EXPECT_TRUE(home.hub->shards().takes_report(*device));
  static_cast<void>(home.hub->subscribe(
      device, {.filter = fmt::format("/device/{}/set", kDelta2Sn), .qos = Qos::kAtLeastOnce}));
  EXPECT_FALSE(home.hub->shards().takes_report(*device));
  home.settle();
  EXPECT_TRUE(home.hub->shards().takes_report(*device));
}

// What a report costs grows with its bytes and with the number of its values.
TEST_F(OwnReports, ManyValuesAreMoreEffortThanFew) {
  ManualLoop loop;
  Shard shard(
      home.platform, loop, [](std::string_view) { return true; }, [](auto) {}, [](const Reply&) {});
  const auto client = std::make_shared<FakeClient>(
      loop, must(home.hub->access().sign_in(kDelta2Sn, home.device(kDelta2Sn).key)),
      std::string(kDelta2Sn));
  const auto effort_of = [&](std::string_view payload) {
    const std::int64_t before = shard.effort();
    shard.publications().report(client, payload, {.qos = Qos::kAtMostOnce});
    return shard.effort() - before;
  };
  std::string many;
  for (int i = 0; i < 100; ++i) many += fmt::format(R"(,"name{}":1)", i);
  const std::string few =
      fmt::format(R"({{"params":{{"a":"{}"}}}})", std::string(many.size(), 'x'));
  EXPECT_LE(effort_of(kReport), 5);
  EXPECT_GE(effort_of(fmt::format(R"({{"params":{{"a":1{}}}}})", many)), effort_of(few) + 10);
  EXPECT_GE(effort_of(fmt::format(R"({{"params":{{"a":"{}"}}}})", std::string(40'000, 'x'))), 100);
}

// A device's reports are taken at once, beside the queue in which others wait, and count there.
TEST_F(OwnReports, ReportsCountInTheirAccountsTurns) {
  home.add_account("bob");
  home.add_device("R331OTHER", "bob");
  Loop& loop = home.hub->loop_of(kDelta2Sn);
  std::string many;
  for (int i = 0; i < 1000; ++i) many += fmt::format(R"(,"name{}":1)", i);
  const std::string big =
      fmt::format(R"({{"params":{{"a":"{}"{}}}}})", std::string(40'000, 'x'), many);
  // More twins than are read at once: the others wait in the inbox.
  std::vector<std::string> sns;
  for (int i = 0; sns.size() < 2000; ++i) {
    const std::string sn = fmt::format("X{}", i);
    if (&home.hub->loop_of(sn) == &loop) sns.push_back(sn);
  }
  sns.emplace_back("R331OTHER");
  ASSERT_TRUE(home.hub->shards().takes_report(*device));
  std::vector<bool> takes;
  home.hub->read_twins(home.account("bob").id, sns,
                       {.loop = &home.client_loop, .done = [](auto) {}});
  loop.post([&] {
    loop.post([&] {
      takes.push_back(home.hub->shards().takes_report(*device));
      report(kReport);
      takes.push_back(home.hub->shards().takes_report(*device));
      report(big);
      takes.push_back(home.hub->shards().takes_report(*device));
    });
  });
  home.settle();
  EXPECT_THAT(takes, ElementsAre(true, true, false));
  EXPECT_TRUE(home.hub->shards().takes_report(*device)) << "nobody waits any more";
}

TEST_F(OwnReports, ReadingTwinsCountsInItsAccountsTurns) {
  home.add_account("bob");
  report(fmt::format(R"({{"params":{{"a":"{}"}}}})", std::string(40'000, 'x')));
  std::string order;
  const auto read = [&](std::string_view account, char letter, std::size_t twins) {
    home.hub->read_twins(
        home.account(account).id, std::vector<std::string>(twins, std::string(kDelta2Sn)),
        {.loop = &home.client_loop, .done = [&order, letter](auto) { order += letter; }});
  };
  read("bob", 'B', 16);
  read("bob", 'b', 1);
  for (int i = 0; i < 20; ++i) read("alice", '.', 2);
  home.settle();
  EXPECT_EQ(order.size(), 22U);
  EXPECT_EQ(order.front(), 'B');
  EXPECT_GE(order.find('b'), 5U) << order;
}

}  // namespace
}  // namespace gridloom::hub
