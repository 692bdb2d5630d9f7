// Sets with an id in a cluster: one command whichever nodes are asked, and also after the node that
// has the device was started anew.
#include "home/set_tracker.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>

#include "hubs/test_cluster.h"

namespace gridloom::home {
namespace {

using hub::TestCluster;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";
constexpr std::string_view kCharge =
    R"({"moduleType":5,"operateType":"acChgCfg","params":{"chgWatts":600,"chgPauseFlag":255}})";
constexpr std::string_view kOther =
    R"({"moduleType":5,"operateType":"acChgCfg","params":{"chgWatts":700,"chgPauseFlag":255}})";

// The device's shard is at `a`, and the device is connected at `b`.
class SetTrackerTest : public testing::Test {
 protected:
  SetTrackerTest() {
    alice = cluster.home.add_account("alice");
    cluster.home.add_device(kSn, "alice");
    cluster.settle();
    cluster.place(partition_of(kSn), "a");
    cluster.settle();
    for (std::size_t i = 0; i < trackers.size(); ++i) start(i);
    device = cluster.connect_device(cluster[1], kSn);
  }
  void start(std::size_t node) {
    trackers.at(node) = std::make_unique<SetTracker>(
        SetTracker::Options{.hub = cluster[node].hub.get(), .loop = &cluster[node].client_loop});
  }
  // The node ends as by kill -9, and starts with what its log has.
  void restart(std::size_t node) {
    trackers.at(node).reset();
    cluster.kill(cluster[node]);
    cluster.settle();
    cluster.start(cluster[node]);
    start(node);
    SetRecovery recovery = trackers.at(node)->recovery();
    for (const hub::TestLog::Record& each : std::views::reverse(cluster[node].log.safe)) {
      if (each.kind == journal::RecordKind::kAudit && !recovery.take(each.payload)) break;
    }
    trackers.at(node)->restore(recovery.take_sets());
    cluster.link_all();
    pass(Millis(5'000));  // the owner that starts waits for the other nodes no longer
  }
  void pass(Millis time) {
    cluster.pass(time);
    for (const auto& each : trackers) each->tick();
    cluster.settle();
  }

  using Slot = std::shared_ptr<std::optional<Result<SetRecord>>>;
  hub::ReplyTo<SetRecord> into(std::size_t node, const Slot& slot) {
    return {.loop = &cluster[node].client_loop,
            .done = [slot](Result<SetRecord> record) { *slot = std::move(record); }};
  }
  Slot send(std::size_t node, std::string_view message = kCharge, std::string_view id = "one") {
    auto slot = std::make_shared<std::optional<Result<SetRecord>>>();
    trackers.at(node)->send(
        {.id = {.account = alice, .sn = std::string(kSn), .id = std::string(id)},
         .message = must(wire::parse_json(message)).as_object(),
         .origin = {.by = "token 7"}},
        into(node, slot));
    cluster.settle();
    return slot;
  }
  Slot get(std::size_t node, Millis wait = Millis(0)) {
    auto slot = std::make_shared<std::optional<Result<SetRecord>>>();
    trackers.at(node)->get({.account = alice, .sn = std::string(kSn), .id = "one"}, wait,
                           into(node, slot));
    cluster.settle();
    return slot;
  }
  // "answered...", "applied", "kConflict" and the like.
  static std::string shown(const Slot& slot) {
    if (!*slot) return "no answer yet";
    if (!**slot) return std::string(name_of((*slot)->error().code));
    const SetRecord& record = ***slot;
    return fmt::format("{}{}", name_of(record.state), record.is_final() ? "" : "...");
  }
  // The sets that the device got since the last call; it knows the id of the last one.
  std::size_t got() {
    std::size_t count = 0;
    for (const std::string& line : device->take()) {
      ++count;
      sent_id = member_of(payload_of(line), "id");
    }
    return count;
  }
  void reply() {
    cluster.publish(cluster[1], device,
                    {.topic = fmt::format("/device/{}/set_reply", kSn),
                     .payload = fmt::format(R"({{"id":{},"data":{{"ack":0}}}})", sent_id)});
  }
  void report(int watts, std::uint16_t packet_id = 7) {
    cluster.publish(cluster[1], device,
                    {.topic = fmt::format("/device/{}/quota", kSn),
                     .payload = fmt::format(R"({{"moduleType":5,"typeCode":"mpptStatus",)"
                                            R"("params":{{"cfgChgWatts":{}}}}})",
                                            watts),
                     .packet_id = packet_id});
  }

  TestCluster cluster{3};
  registry::AccountId alice{};
  std::array<std::unique_ptr<SetTracker>, 3> trackers;
  FakePtr device;
  std::string sent_id;
};

TEST_F(SetTrackerTest, OneIdIsOneCommandWhicheverNodesAreAsked) {
  const std::array asked = {send(2), send(1), send(0)};
  EXPECT_EQ(got(), 1U);
  EXPECT_EQ(shown(asked[0]), "no answer yet");
  EXPECT_EQ(shown(asked[1]), "sent...");
  EXPECT_EQ(shown(asked[2]), "sent...");
  reply();
  EXPECT_EQ(shown(asked[0]), "answered...");
  for (std::size_t node = 0; node < 3; ++node) {
    EXPECT_EQ(shown(send(node)), "answered...");
    EXPECT_EQ(shown(send(node, kOther)), "conflict");
  }
  EXPECT_EQ(got(), 0U);
}

TEST_F(SetTrackerTest, EachNodeTellsTheSameOfIt) {
  report(300);
  send(2);
  got();
  reply();
  report(600, 8);
  const Slot first = get(0);
  ASSERT_EQ(shown(first), "applied");
  EXPECT_EQ((***first).by, "token 7");
  EXPECT_EQ(std::string_view((***first).reply),
            fmt::format(R"({{"id":{},"data":{{"ack":0}}}})", sent_id));
  for (std::size_t node = 0; node < 3; ++node) {
    const Slot here = get(node);
    ASSERT_EQ(shown(here), "applied");
    EXPECT_EQ(text_of(std::span(&***here, 1)), text_of(std::span(&***first, 1)));
    std::vector<SetRecord> listed;
    trackers.at(node)->list(alice, std::string(kSn),
                            {.loop = &cluster[node].client_loop,
                             .done = [&](auto records) { listed = std::move(records.value()); }});
    cluster.settle();
    ASSERT_THAT(listed, SizeIs(1));
    EXPECT_EQ(text_of(listed), text_of(std::span(&***first, 1)));
  }
}

TEST_F(SetTrackerTest, ANodeWaitsForTheEndOfASetOfAnother) {
  send(1);
  got();
  const Slot waiting = get(2, Millis(30'000));
  reply();
  for (int second = 0; second < 9; ++second) pass(Millis(1'000));
  EXPECT_EQ(shown(waiting), "no answer yet");
  pass(Millis(2'000));
  EXPECT_EQ(shown(waiting), "not_applied");
  EXPECT_EQ(shown(get(2, Millis(1'000))), "not_applied");
  trackers[0].reset();
  cluster.kill(cluster[0]);
  EXPECT_EQ(shown(get(2)), "no_answer");
  EXPECT_EQ(shown(send(2)), "no_answer");
}

TEST_F(SetTrackerTest, TheNextStartKnowsASetThatWasAnswered) {
  send(2);
  EXPECT_EQ(got(), 1U);
  reply();
  restart(0);
  const Slot again = send(1);
  EXPECT_EQ(got(), 0U);
  ASSERT_EQ(shown(again), "answered...");
  EXPECT_THAT(std::string((***again).reply), testing::HasSubstr("ack"));
  EXPECT_EQ(shown(send(0, kOther)), "conflict");
  pass(SetBook::kReadBack);
  EXPECT_EQ(shown(get(2)), "answered") << "others may have set it since";
  EXPECT_EQ(shown(send(2, kCharge, "two")), "no answer yet");
  EXPECT_EQ(got(), 1U);
}

TEST_F(SetTrackerTest, TheNextStartKnowsASetWithoutAReplyAndReadsItBack) {
  report(300);
  send(0);
  EXPECT_EQ(got(), 1U);
  restart(0);
  EXPECT_EQ(shown(send(2)), "unanswered...");
  report(300, 8);
  report(600, 9);
  EXPECT_EQ(shown(get(1)), "applied");
  EXPECT_EQ(got(), 0U);
}

// It did not leave, as what the log does not have must not have happened.
TEST_F(SetTrackerTest, ASetThatTheLogHasNotIsSentByTheNextStart) {
  cluster[0].is_durable = false;
  send(2);
  EXPECT_EQ(got(), 0U);
  cluster[0].is_durable = true;
  restart(0);
  send(2);
  EXPECT_EQ(got(), 1U);
}

}  // namespace
}  // namespace gridloom::home
