#include "hub/delivery/retained_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Kind = RetainedStore::Kind;

constexpr registry::AccountId kAnna{1};
constexpr registry::AccountId kBob{2};
constexpr RetainedStore::Publisher kDevice{
    .kind = Kind::kDevice, .name = "R331A", .account = kAnna, .device = 5};
constexpr RetainedStore::Publisher kApps{.kind = Kind::kApps, .name = "open-a", .account = kAnna};

wire::mqtt::MessagePtr message(std::string topic, std::string payload) {
  return std::make_shared<const wire::mqtt::Message>(
      wire::mqtt::Message{.topic = std::move(topic), .payload = std::move(payload)});
}

class RetainedStoreTest : public testing::Test {
 protected:
  static Config config() {
    Config config;
    config.retained_bytes = 4096;
    config.account_retained_bytes = 2048;
    return config;
  }
  RetainedStoreTest() {
    home.platform.sessions = SessionKeeper{.take = [this](std::string_view all) {
      EXPECT_TRUE(each_change(all, [this](const SessionChange& change) {
        const auto& kept = std::get<RetainedKept>(change);
        recorded.push_back(
            fmt::format("{}{} {}", kept.packet.empty() ? "-" : "+", kept.topic, kept.device));
      }));
    }};
  }
  bool put(const RetainedStore::Publisher& by, std::string topic, std::string payload) {
    const bool kept =
        store.put(by, message(std::move(topic), std::move(payload)), Qos::kAtLeastOnce);
    writer.append();
    return kept;
  }
  Lines kept(Kind kind, std::string_view name) const {
    Lines lines;
    if (const auto* all = store.find(kind, name)) {
      for (const auto& [topic, retained] : *all)
        lines.push_back(fmt::format("{} {}", topic, retained.message->payload));
    }
    return lines;
  }

  TestHome home{1, config()};
  Lines recorded;
  TurnWriter writer{home.platform, [](std::uint64_t) {}};
  RetainedStore store{home.platform, writer};
};

TEST_F(RetainedStoreTest, TheLastMessageOfATopicIsKeptAndAnEmptyOneClearsIt) {
  EXPECT_TRUE(put(kDevice, "t", "1"));
  EXPECT_TRUE(put(kDevice, "t", "2"));
  EXPECT_TRUE(put(kDevice, "u", "3"));
  EXPECT_THAT(kept(Kind::kDevice, "R331A"), ElementsAre("t 2", "u 3"));
  EXPECT_TRUE(put(kDevice, "t", ""));
  EXPECT_TRUE(put(kDevice, "never", ""));
  EXPECT_THAT(kept(Kind::kDevice, "R331A"), ElementsAre("u 3"));
  EXPECT_THAT(recorded, ElementsAre("+t 5", "+t 5", "+u 5", "-t 5"));
  EXPECT_TRUE(put(kDevice, "u", ""));
  EXPECT_EQ(store.find(Kind::kDevice, "R331A"), nullptr);
}

TEST_F(RetainedStoreTest, AnAccountAndADeviceOfOneNameAreTwoPublishers) {
  EXPECT_TRUE(put({.kind = Kind::kApps, .name = "same", .account = kAnna}, "a", "1"));
  EXPECT_TRUE(put({.kind = Kind::kDevice, .name = "same", .account = kBob, .device = 2}, "b", "2"));
  EXPECT_THAT(kept(Kind::kApps, "same"), ElementsAre("a 1"));
  EXPECT_THAT(kept(Kind::kDevice, "same"), ElementsAre("b 2"));
}

TEST_F(RetainedStoreTest, AnAccountsBudgetIsForAllItsPublishers) {
  EXPECT_TRUE(put(kDevice, "t", std::string(800, 'x')));
  EXPECT_TRUE(put(kApps, "t", std::string(800, 'x')));
  EXPECT_FALSE(put(kApps, "u", std::string(800, 'x')));
  EXPECT_FALSE(put(kApps, "t", std::string(1800, 'y')));
  EXPECT_EQ(kept(Kind::kApps, "open-a").front(), "t " + std::string(800, 'x'));
  EXPECT_TRUE(
      put({.kind = Kind::kApps, .name = "open-b", .account = kBob}, "t", std::string(800, 'x')));
  EXPECT_TRUE(put(kDevice, "t", ""));
  EXPECT_TRUE(put(kApps, "u", std::string(800, 'x')));
}

TEST_F(RetainedStoreTest, EndedMessagesAreRemovedAndRefundTheirBytes) {
  EXPECT_TRUE(put(kDevice, "t", std::string(1500, 'x')));
  recorded.clear();
  store.remove_if([](const RetainedChange& change) { return change.device == 5; });
  writer.append();
  EXPECT_THAT(kept(Kind::kDevice, "R331A"), IsEmpty());
  EXPECT_THAT(recorded, ElementsAre("-t 0"));
  EXPECT_TRUE(put(kApps, "t", std::string(1500, 'x')));
}

TEST_F(RetainedStoreTest, RestoredMessagesAreNotRecordedAgain) {
  EXPECT_TRUE(store.restore(kDevice, message("t", "1"), Qos::kAtLeastOnce));
  EXPECT_FALSE(store.restore(kDevice, message("u", std::string(3000, 'x')), Qos::kAtLeastOnce));
  writer.append();
  EXPECT_THAT(recorded, IsEmpty());
  EXPECT_THAT(kept(Kind::kDevice, "R331A"), ElementsAre("t 1"));
}

}  // namespace
}  // namespace gridloom::hub
