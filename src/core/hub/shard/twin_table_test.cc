#include "hub/shard/twin_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class TwinTableTest : public testing::Test {
 protected:
  TwinTableTest() {
    home.add_account("anna");
    home.add_account("bob");
    home.add_device(kDelta2Sn, "anna");
    refresh();
  }
  void refresh() { table.use(home.registry->directory()); }
  FakePtr client(Role role = Role::kDevice) {
    return std::make_shared<FakeClient>(
        home.client_loop, Identity{.role = role, .account = home.account("anna").id, .name = "c"},
        "c");
  }
  static std::string text(TwinTable::PresenceChange change) {
    return fmt::format("{}{}", change.connection ? "connection " : "",
                       change.presence ? "presence" : "");
  }

  TestHome home{1};
  Lines replaced;
  TwinTable table{home.platform, [this](const registry::Device& by) { replaced.push_back(by.sn); }};
};

TEST_F(TwinTableTest, ATextIsKeptWhileItIsRead) {
  DeviceState& state = table.at(kDelta2Sn);
  state.twin.replay_value("pd.soc", "5");
  const auto read = [&] {
    const std::weak_ptr<const std::string> text = state.twin.all();
    table.mark_read(kDelta2Sn, state);
    return text;
  };
  const auto text = read();
  table.drop_unused_texts();
  EXPECT_FALSE(text.expired()) << "it was read since the last call";
  EXPECT_EQ(read().lock(), text.lock());
  table.drop_unused_texts();
  table.drop_unused_texts();
  EXPECT_TRUE(text.expired());
  const auto again = read();
  EXPECT_FALSE(again.expired());
  table.drop_unused_texts();
  table.drop_unused_texts();
  EXPECT_TRUE(again.expired()) << "the device is in the list again";
}

TEST_F(TwinTableTest, ADeviceIsMadeOnceAndFoundAgain) {
  EXPECT_EQ(table.find(kDelta2Sn).state, nullptr);
  EXPECT_EQ(table.find(kDelta2Sn).device->sn, kDelta2Sn);
  DeviceState& state = table.at(kDelta2Sn);
  EXPECT_EQ(state.number, home.device(kDelta2Sn).number);
  EXPECT_EQ(&table.at(kDelta2Sn), &state);
  EXPECT_EQ(table.find(kDelta2Sn).state, &state);
  EXPECT_EQ(table.find(kDelta2Sn).state, &state);
}

TEST_F(TwinTableTest, ADeviceThatWasAddedAgainHasNothingOfTheFormerOne) {
  const std::int64_t number = table.at(kDelta2Sn).number;
  must(home.registry->remove_device(kDelta2Sn));
  home.add_device(kDelta2Sn, "bob");
  refresh();
  EXPECT_EQ(table.find(kDelta2Sn).state, nullptr);
  EXPECT_THAT(replaced, ElementsAre(kDelta2Sn));
  EXPECT_NE(table.at(kDelta2Sn).number, number);
  must(table.restore({.sn = kDelta2Sn, .number = number, .text = R"({"a":1})"}));
  EXPECT_EQ(table.at(kDelta2Sn).twin.all(), nullptr);
}

// A client keeps where the state of its device is, but never the state of a former device.
TEST_F(TwinTableTest, AClientFindsItsOwnDeviceWhateverHappensToIt) {
  FakeClient one(home.client_loop,
                 Identity{.role = Role::kDevice, .account = {}, .name = std::string(kDelta2Sn)},
                 "one");
  EXPECT_EQ(table.find_own(one).state, nullptr) << "nothing is known of it yet";
  DeviceState& state = table.at(kDelta2Sn);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(table.find_own(one).state, &state);
    EXPECT_EQ(table.find_own(one).device, table.find(kDelta2Sn).device);
  }
  must(home.registry->rename_device({.sn = kDelta2Sn, .name = "another"}));
  refresh();
  EXPECT_EQ(table.find_own(one).device->name, "another");
  must(home.registry->remove_device(kDelta2Sn));
  home.add_device(kDelta2Sn, "bob");
  refresh();
  EXPECT_EQ(table.find_own(one).state, nullptr);
  EXPECT_EQ(table.find_own(one).device->owner, home.account("bob").id);
  EXPECT_EQ(table.find_own(one).state, nullptr) << "nor at the next time";
  DeviceState& fresh = table.at(kDelta2Sn);
  EXPECT_EQ(table.find_own(one).state, &fresh);
}

TEST_F(TwinTableTest, PresenceFollowsTheFirstAndTheLastConnection) {
  const FakePtr one = client();
  const FakePtr two = client(Role::kGateway);
  DeviceState& state = table.at(kDelta2Sn);
  EXPECT_EQ(text(table.use_transport(*one, kDelta2Sn, state)), "connection presence");
  EXPECT_EQ(text(table.use_transport(*one, kDelta2Sn, state)), "");
  EXPECT_EQ(text(table.use_transport(*two, kDelta2Sn, state)), "");
  EXPECT_EQ(text(table.left(*one, kDelta2Sn)), "");
  EXPECT_EQ(text(table.left(*two, kDelta2Sn)), "connection presence");
}

TEST_F(TwinTableTest, ADeviceThatSaysItIsOfflineIsBackWithItsNextMessage) {
  const FakePtr gateway = client(Role::kGateway);
  DeviceState& state = table.at(kDelta2Sn);
  table.use_transport(*gateway, kDelta2Sn, state);
  EXPECT_EQ(text(table.mark_offline(*gateway, kDelta2Sn, state)), "presence");
  EXPECT_EQ(text(table.mark_offline(*gateway, kDelta2Sn, state)), "");
  EXPECT_EQ(text(table.use_transport(*gateway, kDelta2Sn, state)), "presence");
  EXPECT_EQ(text(table.mark_offline(*gateway, kDelta2Sn, state)), "presence");
  EXPECT_EQ(text(table.left(*gateway, kDelta2Sn)), "connection ");
}

TEST_F(TwinTableTest, AConnectionKnowsWhatItCarried) {
  home.add_device("HW51A", "anna");
  refresh();
  const FakePtr gateway = client(Role::kGateway);
  for (const std::string& sn : {kDelta2Sn, std::string("HW51A")})
    table.use_transport(*gateway, sn, table.at(sn));
  EXPECT_THAT(table.take_devices_of(*gateway), UnorderedElementsAre(kDelta2Sn, "HW51A"));
  EXPECT_THAT(table.take_devices_of(*gateway), IsEmpty());
}

TEST_F(TwinTableTest, AGatewayLosesTheDevicesThatItsAccountNoLongerOwns) {
  home.add_device("HW51A", "anna");
  refresh();
  const FakePtr gateway = client(Role::kGateway);
  for (const std::string& sn : {kDelta2Sn, std::string("HW51A")})
    table.use_transport(*gateway, sn, table.at(sn));
  EXPECT_THAT(table.take_lost_by_gateways(), IsEmpty());
  must(home.registry->remove_device(kDelta2Sn));
  refresh();
  const auto lost = table.take_lost_by_gateways();
  ASSERT_EQ(lost.size(), 1U);
  EXPECT_EQ(lost.front().sn, kDelta2Sn);
  EXPECT_EQ(lost.front().client, gateway.get());
  EXPECT_THAT(table.take_devices_of(*gateway), UnorderedElementsAre("HW51A"));
}

TEST_F(TwinTableTest, AnUnknownDeviceIsRemovedOnceNothingHoldsIt) {
  const FakePtr one = client();
  table.use_transport(*one, kDelta2Sn, table.at(kDelta2Sn));
  must(home.registry->remove_device(kDelta2Sn));
  refresh();
  bool waits = true;
  const auto removable = [&](const std::string&) { return !waits; };
  table.remove_unknown(removable);
  EXPECT_NE(table.find(kDelta2Sn).state, nullptr);
  static_cast<void>(table.left(*one, kDelta2Sn));
  table.remove_unknown(removable);
  EXPECT_NE(table.find(kDelta2Sn).state, nullptr);
  waits = false;
  table.remove_unknown(removable);
  EXPECT_EQ(table.find(kDelta2Sn).state, nullptr);
}

TEST_F(TwinTableTest, OnlyTwinsThatChangedAreSaved) {
  table.at(kDelta2Sn).twin.replay_value("pd.soc", "50");
  EXPECT_EQ(table.save().size(), 1U);
  EXPECT_THAT(table.save(), IsEmpty());
  table.at(kDelta2Sn).twin.replay_value("pd.soc", "51");
  const std::vector<SavedTwin> saved = table.save();
  ASSERT_EQ(saved.size(), 1U);
  TwinTable other(home.platform, [](const registry::Device&) {});
  other.use(home.registry->directory());
  must(other.restore(saved.front()));
  EXPECT_EQ(other.at(kDelta2Sn).twin.value("pd.soc"), "51");
}

TEST_F(TwinTableTest, ValuesOfBeforeARestartHaveTheirAge) {
  const TimePoint now = home.platform.clock.now();
  DeviceState& state = table.at(kDelta2Sn);
  state.twin.replay_value("pd.soc", "50");
  state.last_report = now - Millis(7000);
  const auto restored = [&](const SavedTwin& saved) {
    TwinTable other(home.platform, [](const registry::Device&) {});
    other.use(home.registry->directory());
    must(other.restore(saved));
    return other.at(kDelta2Sn).last_report;
  };
  SavedTwin saved = table.save().front();
  EXPECT_EQ(restored(saved), now - Millis(7000));
  saved.newer_at = now - Millis(3000);
  EXPECT_EQ(restored(saved), now - Millis(3000));
  saved.text.clear();
  EXPECT_EQ(restored(saved), now - Millis(3000)) << "the log alone";
  saved.newer_at = now + Millis(1);
  EXPECT_EQ(restored(saved), TimePoint()) << "the clock was set back";
  state.last_report = now;
  EXPECT_EQ(table.save().size(), 1U) << "a report without news";
  EXPECT_EQ(table.save().size(), 0U);
}

TEST_F(TwinTableTest, APartitionThatGoesTakesItsDevicesAndNoOthers) {
  const FakePtr gateway = client(Role::kGateway);
  std::string other = "R331ZEB4ZEAL0600";
  while (partition_of(other) == partition_of(kDelta2Sn)) ++other.back();
  table.use_transport(*gateway, std::string(kDelta2Sn), table.at(kDelta2Sn));
  table.use_transport(*gateway, other, table.at(other));
  EXPECT_THAT(table.devices_of(partition_of(kDelta2Sn)),
              testing::ElementsAre(std::string(kDelta2Sn)));
  table.remove(partition_of(kDelta2Sn));
  EXPECT_EQ(table.find(kDelta2Sn).state, nullptr);
  EXPECT_NE(table.find(other).state, nullptr);
  EXPECT_THAT(table.take_devices_of(*gateway), testing::ElementsAre(other));
}

}  // namespace
}  // namespace gridloom::hub
