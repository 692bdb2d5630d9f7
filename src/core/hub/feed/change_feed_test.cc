// The feed of changes: what readers of devices, accounts and everything are told, in which numbers,
// and what becomes of readers that are slow, leave, or lose their devices.
#include "hub/feed/change_feed.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hub/clients/test_journal.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

using registry::Rights;
using testing::ElementsAre;
using testing::IsEmpty;
using Scope = ChangeReaderOptions::Scope;

constexpr std::string_view kOther = "R331ZEB4ZEAL0529";

class FakeReader final : public ChangeReader {
 public:
  void on_changes(ChangeBatch batch) override { batches.push_back(std::move(batch)); }

  // "SN soc=5 +fault=inv.errCode online set=answered added", a line a device, without numbers.
  Lines take() {
    Lines lines;
    for (const ChangeBatch& batch : std::exchange(batches, {})) {
      if (batch.is_lost) lines.emplace_back("lost");
      for (const DeviceChanges& device : batch.devices) lines.push_back(shown(device));
    }
    return lines;
  }

  std::vector<ChangeBatch> batches;

 private:
  static std::string shown(const DeviceChanges& device) {
    std::string line = device.sn;
    for (const ValueChange& value : device.values) line += fmt::format(" {}", value.text);
    for (const FaultChange& fault : device.faults) line += fault.is_active ? " +fault" : " -fault";
    for (const ShownPresence& each : device.presence) {
      line += each.online ? " online" : " offline";
      if (each.account != registry::AccountId{}) {
        line += fmt::format("@{}", std::to_underlying(each.account));
      }
    }
    for (const SetOutcome& set : device.sets) {
      constexpr std::array<std::string_view, 3> kKinds = {" answered", " refused", " unanswered"};
      line += kKinds.at(static_cast<std::size_t>(set.kind));
    }
    if (device.membership == Membership::kAdded) line += " added";
    if (device.membership == Membership::kRemoved) line += " removed";
    return line;
  }
};

class ChangeFeedTest : public testing::Test {
 protected:
  ChangeFeedTest() {
    alice = home.add_account("alice");
    bob = home.add_account("bob");
    home.add_device(kDelta2Sn, "alice");
    home.add_device(kOther, "alice");
  }
  ChangeSubscription subscribe(const std::shared_ptr<FakeReader>& by,
                               ChangeReaderOptions options = {}) {
    options.reader = by;
    options.loop = &reading;
    return home.hub->changes().subscribe(std::move(options));
  }
  // A reader of the device.
  ChangeSubscription read_device(std::string_view sn, ChangeReaderOptions options = {}) {
    ChangeSubscription subscription = subscribe(reader, std::move(options));
    subscription.add(std::string(sn));
    return subscription;
  }
  void report(const FakePtr& device, std::string_view sn, std::string_view params) {
    home.report(device, sn, fmt::format(R"({{"params":{{{}}}}})", params));
  }
  Lines told() {
    reading.run();
    return reader->take();
  }
  static std::string line(std::string_view rest, std::string_view sn = kDelta2Sn) {
    return fmt::format("{}{}{}", sn, rest.empty() ? "" : " ", rest);
  }
  TwinSnapshot snapshot(std::string_view sn) {
    TwinSnapshot found;
    home.hub->read_twins(
        alice, {std::string(sn)},
        {.loop = &home.client_loop, .done = [&](Result<std::vector<TwinSnapshot>> twins) {
           if (!must(twins).empty()) found = twins->front();
         }});
    home.settle();
    return found;
  }

  ManualLoop reading;
  TestHome home;
  registry::AccountId alice{};
  registry::AccountId bob{};
  std::shared_ptr<FakeReader> reader = std::make_shared<FakeReader>();
};

TEST_F(ChangeFeedTest, AValueIsToldWhenItDiffers) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const ChangeSubscription subscription = read_device(kDelta2Sn);
  report(device, kDelta2Sn, R"("pd.soc":5,"pd.brandNew":"x")");
  reading.run();
  ASSERT_EQ(reader->batches.size(), 1U);
  const DeviceChanges changes = reader->batches[0].devices.at(0);
  ASSERT_EQ(changes.values.size(), 2U);
  EXPECT_EQ(changes.values[0].text, "5");
  EXPECT_EQ(changes.values[0].name, "") << "its slot says which it is";
  EXPECT_EQ(changes.values[0].at, home.clock.now());
  EXPECT_EQ(changes.values[1].name, "pd.brandNew");
  const TwinSnapshot twin = snapshot(kDelta2Sn);
  EXPECT_EQ(twin.name_of(changes.values[0].slot), "pd.soc");
  EXPECT_EQ(twin.name_of(changes.values[1].slot), "pd.brandNew");
  EXPECT_THAT(told(), ElementsAre(line("5 \"x\"")));
  report(device, kDelta2Sn, R"("pd.soc":5)");
  EXPECT_THAT(told(), ElementsAre(line(""))) << "it reported, and nothing changed";
  report(device, kDelta2Sn, R"("pd.soc":6,"pd.brandNew":"x")");
  EXPECT_THAT(told(), ElementsAre(line("6")));
}

TEST_F(ChangeFeedTest, NumbersOfAPartitionHaveNoHoles) {
  const ChangeSubscription all = subscribe(reader, {.scope = Scope::kAll});
  std::vector<FakePtr> devices;
  std::vector<std::string> sns;
  for (int i = 0; i < 20; ++i) {
    sns.push_back(fmt::format("SN-{}", i));
    home.add_device(sns.back(), "alice");
    devices.push_back(home.connect_device(sns.back(), sns.back()));
    reading.run();
  }
  for (int soc = 0; soc < 5; ++soc) {
    for (std::size_t i = 0; i < sns.size(); ++i) {
      report(devices[i], sns[i], fmt::format(R"("soc":{},"x":{})", soc, soc));
      report(devices[i], sns[i], fmt::format(R"("soc":{})", soc));
      if (soc % 2 == 0) reading.run();
    }
  }
  home.leave(devices[3]);
  must(home.registry->remove_device(sns[4]));
  home.settle();
  reading.run();

  std::map<Partition, std::uint64_t> through;
  for (const ChangeBatch& batch : reader->batches) {
    ASSERT_FALSE(batch.is_lost);
    std::map<Partition, ChangeBatch::Covered> covered;
    for (const ChangeBatch::Covered& each : batch.covered) {
      EXPECT_EQ(each.after, through[each.partition]);
      EXPECT_GT(each.through, each.after);
      through[each.partition] = each.through;
      covered[each.partition] = each;
    }
    for (const DeviceChanges& device : batch.devices) {
      if (device.number == 0) continue;
      const Partition partition = partition_of(device.sn);
      ASSERT_TRUE(covered.contains(partition)) << device.sn;
      std::set<std::uint64_t> numbers = {device.number};
      for (const ValueChange& value : device.values) numbers.insert(value.number);
      for (const ShownPresence& each : device.presence) numbers.insert(each.number);
      for (const std::uint64_t number : numbers) {
        EXPECT_GT(number, covered[partition].after);
        EXPECT_LE(number, covered[partition].through);
      }
    }
  }
  EXPECT_GT(through.size(), 3U) << "several partitions";
}

TEST_F(ChangeFeedTest, EachChangeThatIsTakenAtOnceHasTheNextNumber) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const ChangeSubscription subscription = read_device(kDelta2Sn);
  std::vector<std::uint64_t> numbers;
  for (int soc = 1; soc <= 5; ++soc) {
    report(device, kDelta2Sn, fmt::format(R"("pd.soc":{},"pd.x":{})", soc, soc));
    reading.run();
    const ChangeBatch batch = std::exchange(reader->batches, {}).at(0);
    numbers.push_back(batch.devices.at(0).number);
    EXPECT_EQ(batch.covered.at(0).partition, partition_of(kDelta2Sn));
    EXPECT_EQ(batch.covered.at(0).through, numbers.back());
    EXPECT_EQ(batch.devices[0].values.at(1).number, numbers.back()) << "one for a report";
    report(device, kDelta2Sn, fmt::format(R"("pd.soc":{})", soc));  // changes nothing, and has none
    static_cast<void>(told());
  }
  const std::uint64_t first = numbers.front();
  EXPECT_THAT(numbers, ElementsAre(first, first + 1, first + 2, first + 3, first + 4));
}

TEST_F(ChangeFeedTest, NumbersGoOnWithoutReaders) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  report(device, kDelta2Sn, R"("pd.soc":5)");
  const std::uint64_t before = snapshot(kDelta2Sn).number;
  EXPECT_EQ(snapshot(kDelta2Sn).number, before) << "a reader that returns has missed nothing";
  report(device, kDelta2Sn, R"("pd.soc":6)");
  EXPECT_EQ(snapshot(kDelta2Sn).number, before + 1) << "and now it has";
}

TEST_F(ChangeFeedTest, ASnapshotAndWhatFollowsMissNothingAndRepeatNothing) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  report(device, kDelta2Sn, R"("pd.soc":5)");
  const ChangeSubscription subscription = read_device(kDelta2Sn);
  report(device, kDelta2Sn, R"("pd.soc":6)");
  const TwinSnapshot twin = snapshot(kDelta2Sn);
  report(device, kDelta2Sn, R"("pd.soc":7)");
  reading.run();
  std::string values;
  twin.values.for_each([&](std::size_t /*slot*/, std::string_view text) { values += text; });
  EXPECT_EQ(values, "6");
  for (const ChangeBatch& batch : reader->batches) {
    for (const ValueChange& value : batch.devices.at(0).values) {
      if (value.number > twin.number) values += value.text;
    }
  }
  EXPECT_EQ(values, "67");
}

TEST_F(ChangeFeedTest, AValueThatChangesManyTimesIsThereOnce) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const ChangeSubscription subscription = read_device(kDelta2Sn);
  for (int soc = 1; soc <= 10; ++soc) report(device, kDelta2Sn, fmt::format(R"("pd.soc":{})", soc));
  EXPECT_TRUE(reading.step());
  EXPECT_FALSE(reading.step()) << "one task, however many turns had news";
  EXPECT_THAT(reader->take(), ElementsAre(line("10")));
}

TEST_F(ChangeFeedTest, ASlowReaderLosesTheThreadAndIsToldOnce) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const ChangeSubscription subscription = read_device(kDelta2Sn, {.most_bytes = 1000});
  report(device, kDelta2Sn, R"("pd.soc":1)");
  reading.run();
  const std::uint64_t known = reader->batches.at(0).covered.at(0).through;
  reader->batches.clear();
  for (int i = 0; i < 50; ++i)
    report(device, kDelta2Sn, fmt::format(R"("pd.x{}":1,"pd.soc":{})", i, i));
  reading.run();
  ASSERT_EQ(reader->batches.size(), 1U);
  EXPECT_TRUE(reader->batches[0].is_lost);
  EXPECT_THAT(reader->batches[0].devices, IsEmpty());
  EXPECT_EQ(reader->batches[0].covered.at(0).after, known);
  EXPECT_EQ(reader->batches[0].covered.at(0).through, snapshot(kDelta2Sn).number)
      << "it reads again from here";
  reader->batches.clear();
  report(device, kDelta2Sn, R"("pd.soc":77)");
  EXPECT_THAT(told(), ElementsAre(line("77")));
}

TEST_F(ChangeFeedTest, TheLimitOfAReaderHoldsAtItsValue) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  // A device and a change cost 96 bytes each beside their texts.
  const std::size_t bytes = 96 + kDelta2Sn.size() + 96 + 1;
  for (const bool fits : {true, false}) {
    const ChangeSubscription subscription =
        read_device(kDelta2Sn, {.most_bytes = fits ? bytes : bytes - 1});
    report(device, kDelta2Sn, fits ? R"("pd.soc":5)" : R"("pd.soc":6)");
    EXPECT_THAT(told(), ElementsAre(fits ? line("5") : std::string("lost")));
  }
}

TEST_F(ChangeFeedTest, PresenceIsToldAsItIsAndAsAnAccountSeesIt) {
  const ChangeSubscription subscription = read_device(kDelta2Sn);
  const FakePtr device = home.connect_device(kDelta2Sn);
  EXPECT_THAT(told(), ElementsAre(line("online")));
  home.hub->lay_faults({}, {{.fault = "stale_offline", .account = "alice"}});
  home.pass(Millis(250));
  const std::string of_alice = fmt::format("@{}", std::to_underlying(alice));
  EXPECT_THAT(told(), ElementsAre(line("offline" + of_alice)));
  home.platform.fault_injector.set({});
  home.pass(Millis(250));
  EXPECT_THAT(told(), ElementsAre(line("online" + of_alice)));
  home.leave(device);
  EXPECT_THAT(told(), ElementsAre(line("offline")));
}

TEST_F(ChangeFeedTest, AFieldThatReportsAnErrorIsAFault) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  report(device, kDelta2Sn, R"("inv.errCode":3)");
  const ChangeSubscription subscription = read_device(kDelta2Sn);
  const auto said = [&](std::string_view params) {
    report(device, kDelta2Sn, params);
    return told();
  };
  EXPECT_THAT(said(R"("inv.errCode":3,"pd.soc":5)"), ElementsAre(line("5"))) << "it was known";
  EXPECT_THAT(said(R"("inv.errCode":4)"), ElementsAre(line("4"))) << "another error of the field";
  EXPECT_THAT(said(R"("inv.errCode":0)"), ElementsAre(line("0 -fault")));
  EXPECT_THAT(said(R"("inv.errCode":1,"pd.errCode":2)"), ElementsAre(line("2 1 +fault +fault")));
}

TEST_F(ChangeFeedTest, ASetIsToldWithItsOutcomeOnceThatIsDurable) {
  constexpr std::string_view kQuietMode =
      R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})";
  FakeJournal journal;
  home.platform.journal = &journal;
  const auto make_durable = [&] {
    for (FakeJournal::Record& record : std::exchange(journal.records, {})) {
      if (record.durable) record.durable();
    }
    home.settle();
  };
  const ChangeSubscription subscription = read_device(kDelta2Sn);
  static_cast<void>(home.set(alice, kDelta2Sn, kQuietMode));
  EXPECT_THAT(told(), ElementsAre(line("refused"))) << "it is offline";

  const FakePtr device = home.connect_device(kDelta2Sn);
  make_durable();
  static_cast<void>(told());
  device->take();
  static_cast<void>(home.set(alice, kDelta2Sn, kQuietMode));
  const Lines asked = device->take();
  ASSERT_EQ(asked.size(), 1U);
  home.publish(
      device, fmt::format("/device/{}/set_reply", kDelta2Sn),
      fmt::format(R"({{"id":{},"data":{{"ack":0}}}})", member_of(payload_of(asked[0]), "id")));
  EXPECT_THAT(told(), IsEmpty());
  make_durable();
  EXPECT_THAT(told(), ElementsAre(line("answered")));

  static_cast<void>(home.set(alice, kDelta2Sn, kQuietMode));
  home.pass(home.platform.config.set_deadline + Millis(1));
  make_durable();
  EXPECT_THAT(told(), ElementsAre(line("unanswered")));
  home.platform.journal = nullptr;
}

TEST_F(ChangeFeedTest, AnAccountsReaderFollowsItsDevices) {
  const ChangeSubscription of_bob = subscribe(reader, {.scope = Scope::kAccount, .account = bob});
  const auto of_alice = std::make_shared<FakeReader>();
  const ChangeSubscription alices =
      subscribe(of_alice, {.scope = Scope::kAccount, .account = alice});
  FakePtr device = home.connect_device(kDelta2Sn);
  report(device, kDelta2Sn, R"("pd.soc":1)");
  EXPECT_THAT(told(), IsEmpty());
  home.share(kDelta2Sn, "bob", Rights::kMonitor);
  EXPECT_THAT(told(), ElementsAre(line("added")));
  report(device, kDelta2Sn, R"("pd.soc":2)");
  EXPECT_THAT(told(), ElementsAre(line("2")));
  home.share(kDelta2Sn, "bob", Rights::kNone);
  EXPECT_THAT(told(), ElementsAre(line("removed")));
  report(device, kDelta2Sn, R"("pd.soc":3)");
  EXPECT_THAT(told(), IsEmpty());
  home.leave(device);
  reading.run();
  of_alice->take();

  must(home.registry->move_device({.sn = kDelta2Sn, .owner = "bob"}));
  home.settle();
  Lines lines = told();
  EXPECT_EQ(std::ranges::count(lines, line("added")), 1) << testing::PrintToString(lines);
  lines = of_alice->take();
  EXPECT_EQ(std::ranges::count(lines, line("removed")), 1) << testing::PrintToString(lines);
  device = home.connect_device(kDelta2Sn, "again");
  static_cast<void>(told());
  of_alice->take();
  report(device, kDelta2Sn, R"("pd.soc":4)");
  EXPECT_THAT(told(), ElementsAre(line("4")));
  EXPECT_THAT(of_alice->take(), IsEmpty());
}

TEST_F(ChangeFeedTest, AReaderOfADeviceIsToldOfThatOneAlone) {
  const FakePtr one = home.connect_device(kDelta2Sn);
  const FakePtr two = home.connect_device(kOther, "other");
  ChangeSubscription subscription = read_device(kDelta2Sn);
  report(two, kOther, R"("pd.soc":1)");
  EXPECT_THAT(told(), IsEmpty());
  subscription.add(std::string(kOther));
  report(two, kOther, R"("pd.soc":2)");
  EXPECT_THAT(told(), ElementsAre(line("2", kOther)));
  subscription.remove(std::string(kOther));
  report(two, kOther, R"("pd.soc":3)");
  report(one, kDelta2Sn, R"("pd.soc":3)");
  EXPECT_THAT(told(), ElementsAre(line("3")));
  must(home.registry->remove_device(kDelta2Sn));
  home.settle();
  const Lines lines = told();
  EXPECT_EQ(std::ranges::count(lines, line("removed")), 1) << testing::PrintToString(lines);
}

TEST_F(ChangeFeedTest, AReaderOfWhichDevicesHaveNewsGetsNoValues) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const ChangeSubscription subscription =
      read_device(kDelta2Sn, {.detail = ChangeReaderOptions::Detail::kDevicesOnly});
  report(device, kDelta2Sn, R"("pd.soc":5)");
  EXPECT_THAT(told(), ElementsAre(line("")));
}

TEST_F(ChangeFeedTest, WhoHasGoneIsToldNothing) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  {
    const ChangeSubscription subscription = read_device(kDelta2Sn);
    report(device, kDelta2Sn, R"("pd.soc":5)");
  }
  EXPECT_THAT(told(), IsEmpty()) << "not even what waited";
  EXPECT_FALSE(home.hub->changes().has_readers(partition_of(kDelta2Sn)));
  report(device, kDelta2Sn, R"("pd.soc":6)");
  EXPECT_THAT(told(), IsEmpty());
}

TEST_F(ChangeFeedTest, TwinsOfManyDevicesAreReadFromAllShards) {
  std::vector<std::string> sns;
  for (int i = 0; i < 100; ++i) {
    sns.push_back(fmt::format("SN-{}", i));
    home.add_device(sns.back(), "alice");
    const FakePtr device = home.connect_device(sns.back(), sns.back());
    report(device, sns.back(), fmt::format(R"("soc":{})", i));
  }
  sns.emplace_back("SN-nobody");
  std::set<std::string> found;
  const auto read = [&](const std::vector<std::string>& which) {
    found.clear();
    bool is_done = false;
    home.hub->read_twins(
        alice, which,
        {.loop = &home.client_loop, .done = [&](Result<std::vector<TwinSnapshot>> twins) {
           is_done = true;
           for (const TwinSnapshot& twin : must(std::move(twins))) {
             found.insert(twin.sn);
           }
         }});
    home.settle();
    EXPECT_TRUE(is_done);
  };
  read(sns);
  EXPECT_EQ(found.size(), 100U) << "the hub knows nothing of the last one";
  read({});
  EXPECT_THAT(found, IsEmpty());
}

// --- events

class EventReaderTest : public ChangeFeedTest {
 protected:
  ChangeSubscription read_events(const std::shared_ptr<FakeReader>& by) {
    return subscribe(by, {.scope = ChangeReaderOptions::Scope::kAll,
                          .detail = ChangeReaderOptions::Detail::kEvents});
  }
  // The fields and texts of the faults that the reader was told, in order.
  static Lines faults(FakeReader& of) {
    Lines lines;
    for (const ChangeBatch& batch : std::exchange(of.batches, {})) {
      for (const DeviceChanges& device : batch.devices) {
        if (device.has_all_faults) lines.emplace_back("all");
        for (const FaultChange& each : device.faults) {
          lines.push_back(
              fmt::format("{}{}={}", each.is_active ? "+" : "-", each.field, each.text));
        }
      }
    }
    return lines;
  }
};

TEST_F(EventReaderTest, IsToldOfNoReports) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const ChangeSubscription events = read_events(reader);
  report(device, kDelta2Sn, R"("pd.soc":50,"inv.errCode":0)");
  EXPECT_THAT(told(), ElementsAre(line(""))) << "that it has no faults";
  report(device, kDelta2Sn, R"("pd.soc":51)");
  report(device, kDelta2Sn, R"("pd.soc":51)");
  reading.run();
  EXPECT_TRUE(reader->batches.empty());
  home.leave(device);
  EXPECT_THAT(told(), ElementsAre(line("offline")));
}

TEST_F(EventReaderTest, IsToldAllFaultsOnceAndThenEachChangeInOrder) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  report(device, kDelta2Sn, R"("inv.errCode":1,"pd.errCode":0)");
  const ChangeSubscription events = read_events(reader);
  report(device, kDelta2Sn, R"("pd.soc":50)");
  reading.run();
  EXPECT_THAT(faults(*reader), ElementsAre("all", "+inv.errCode=1"));
  for (const std::string_view params :
       {R"("pd.errCode":2)", R"("pd.errCode":0)", R"("pd.errCode":2)", R"("pd.errCode":3)"}) {
    report(device, kDelta2Sn, params);
  }
  reading.run();
  EXPECT_THAT(faults(*reader), ElementsAre("+pd.errCode=2", "-pd.errCode=0", "+pd.errCode=2"));
  const auto second = std::make_shared<FakeReader>();
  const ChangeSubscription again = read_events(second);
  report(device, kDelta2Sn, R"("inv.errCode":0)");
  reading.run();
  EXPECT_THAT(faults(*second), ElementsAre("all", "+pd.errCode=3"));
}

TEST_F(EventReaderTest, IsToldOfTheFaultsOfModules) {
  constexpr std::string_view kKit = "M106ZAB4Z000001F";  // of a family with modules
  home.add_device(kKit, "alice");
  const FakePtr kit = home.connect_device(kKit, "kit");
  const ChangeSubscription events = read_events(reader);
  report(kit, kKit, R"("bp2000.BP1.errCode":61000,"bp2000.BP1.soc":50)");
  reading.run();
  EXPECT_THAT(faults(*reader), ElementsAre("all"));
  report(kit, kKit, R"("bp2000.BP1.errCode":61001)");
  report(kit, kKit, R"("bp2000.BP1.errCode":61000)");
  reading.run();
  EXPECT_THAT(faults(*reader),
              ElementsAre("+bp2000.BP1.errCode=61001", "-bp2000.BP1.errCode=61000"));
}

TEST_F(EventReaderTest, TakesNothingFromAReaderOfReports) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const auto other = std::make_shared<FakeReader>();
  const ChangeSubscription events = read_events(other);
  const ChangeSubscription values = read_device(kDelta2Sn);
  report(device, kDelta2Sn, R"("pd.soc":50)");
  EXPECT_THAT(told(), ElementsAre(line("50")));
  report(device, kDelta2Sn, R"("pd.soc":51)");
  EXPECT_THAT(told(), ElementsAre(line("51")));
}

// --- other nodes

TEST_F(ChangeFeedTest, OtherNodesLearnOfTheFirstReaderWithAnInterestAndOfTheLast) {
  Lines told;
  ChangeFeed& feed = home.platform.changes;
  feed.on_interest([&](const ChangeInterest& interest, bool wanted) {
    told.push_back(fmt::format("{}{} {}", wanted ? '+' : '-', std::to_underlying(interest.account),
                               interest.sn));
  });
  const auto reader = std::make_shared<FakeReader>();
  const auto add = [&](ChangeReaderOptions options) {
    options.reader = reader;
    options.loop = &home.client_loop;
    return feed.subscribe(std::move(options));
  };
  {
    const ChangeSubscription one = add({.scope = Scope::kAccount, .account = alice});
    const ChangeSubscription two = add({.scope = Scope::kAccount, .account = alice});
    ChangeSubscription devices = add({});
    devices.add(std::string(kDelta2Sn));
    devices.remove(std::string(kDelta2Sn));
    devices.add(std::string(kOther));
    const ChangeSubscription node = add({.scope = Scope::kAll, .for_node = true});
    EXPECT_THAT(told, ElementsAre("+1 ", fmt::format("+0 {}", kDelta2Sn),
                                  fmt::format("-0 {}", kDelta2Sn), fmt::format("+0 {}", kOther)));
    Lines all;
    feed.for_each_interest([&](const ChangeInterest& each) { all.push_back(each.sn); });
    EXPECT_THAT(all, ElementsAre(std::string(kOther), ""));
    told.clear();
  }
  EXPECT_THAT(told, ElementsAre(fmt::format("-0 {}", kOther), "-1 "));
  feed.on_interest({});
}

TEST_F(ChangeFeedTest, ABatchOfAnotherNodeIsForReadersWithItsInterestOnly) {
  ChangeFeed& feed = home.platform.changes;
  const auto make = [&](ChangeReaderOptions options) {
    const auto reader = std::make_shared<FakeReader>();
    options.reader = reader;
    options.loop = &home.client_loop;
    return std::pair(reader, feed.subscribe(std::move(options)));
  };
  const auto of_alice = make({.scope = Scope::kAccount, .account = alice});
  const auto of_bob = make({.scope = Scope::kAccount, .account = bob});
  const auto of_node = make({.scope = Scope::kAccount, .account = alice, .for_node = true});
  auto of_device = make({});
  of_device.second.add(std::string(kDelta2Sn));
  ChangeBatch batch;
  batch.covered = {{.partition = partition_of(kDelta2Sn), .after = 4, .through = 9}};
  batch.devices = {
      {.sn = std::string(kDelta2Sn), .number = 9, .presence = {{.online = true, .at = {}}}}};
  feed.tell({.scope = Scope::kAccount, .account = alice}, batch);
  home.settle();
  ASSERT_EQ(of_alice.first->batches.size(), 1U);
  EXPECT_EQ(of_alice.first->batches[0].covered.at(0).through, 9U);
  EXPECT_THAT(of_alice.first->take(), ElementsAre(fmt::format("{} online", kDelta2Sn)));
  feed.tell({.scope = Scope::kDevices}, batch);
  home.settle();
  EXPECT_THAT(of_device.first->take(), ElementsAre(fmt::format("{} online", kDelta2Sn)));
  EXPECT_THAT(of_alice.first->take(), IsEmpty());
  EXPECT_THAT(of_bob.first->take(), IsEmpty());
  EXPECT_THAT(of_node.first->take(), IsEmpty());
  feed.lose_all();
  home.settle();
  EXPECT_THAT(of_alice.first->take(), ElementsAre("lost"));
  EXPECT_THAT(of_node.first->take(), IsEmpty());
}

}  // namespace
}  // namespace gridloom::hub
