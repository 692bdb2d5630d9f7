// What is published of the devices of a real book: discovery, states, availability, removal.
#include "bridges/home_assistant/publisher.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bridges/home_assistant/test_families.h"
#include "testing/home.h"

namespace gridloom::bridges::home_assistant {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using wire::Json;
using namespace std::chrono_literals;

constexpr auto kSn = "HW52ZDH1RF3J0033";
constexpr auto kConfig = "homeassistant/device/gridloom_HW52ZDH1RF3J0033/config";
constexpr auto kMain = "gridloom/device/HW52ZDH1RF3J0033/state/main";
constexpr auto kAvailability = "gridloom/device/HW52ZDH1RF3J0033/availability";
constexpr auto kPublished = "gridloom/bridge/home/published/HW52ZDH1RF3J0033";

// A device's announcement has more members than what comes from outside may have.
Json parse(std::string_view text) {
  return wire::parse_json(text, {.bytes = 16'000'000, .keys = 100'000}).value();
}

// A broker that keeps what is retained, and plays it to a subscriber.
class Broker final : public Outlet {
 public:
  struct Message {
    std::string topic;
    std::string payload;
    bool retain = false;
  };
  void publish(std::string_view topic, std::string payload, bool retain) override {
    bytes += topic.size() + payload.size();
    if (retain) {
      if (payload.empty()) {
        retained.erase(std::string(topic));
      } else {
        retained.insert_or_assign(std::string(topic), payload);
      }
    }
    sent.push_back({std::string(topic), std::move(payload), retain});
  }
  [[nodiscard]] bool has_room() const override { return sent.size() < room; }

  [[nodiscard]] std::vector<std::string> topics() const {
    std::vector<std::string> all;
    for (const Message& each : sent) all.push_back(each.topic);
    return all;
  }
  [[nodiscard]] std::vector<std::string> payloads(std::string_view topic) const {
    std::vector<std::string> all;
    for (const Message& each : sent) {
      if (each.topic == topic) all.push_back(each.payload);
    }
    return all;
  }
  [[nodiscard]] Json json(const std::string& topic) const {
    const auto found = retained.find(topic);
    return found == retained.end() ? Json() : parse(found->second);
  }

  std::vector<Message> sent;
  std::map<std::string, std::string> retained;
  std::size_t room = 1'000'000;
  std::size_t bytes = 0;
};

class PublisherTest : public testing::Test, private DeviceBook::Listener {
 protected:
  PublisherTest() : ann(home.add_account("ann")), health(home.clock, "home") {
    home.add_device(kSn, "ann");
  }

  void open(const std::function<void(Publisher::Options&)>& change = {}) {
    Publisher::Options options{.topics = Topics("homeassistant", "gridloom", "home"),
                               .catalog = home.platform.catalog.get(),
                               .has_controls = true,
                               .outlet = &broker,
                               .health = &health};
    if (change) change(options);
    publisher = std::make_unique<Publisher>(std::move(options));
    book = std::make_unique<DeviceBook>(*home.hub, home.client_loop, ann,
                                        static_cast<DeviceBook::Listener&>(*this));
    home.settle();
    go_online();
  }
  // The broker plays what it has, and then the bridge's own message.
  void go_online() {
    for (const auto& [topic, payload] : std::map(broker.retained)) {
      std::ignore = publisher->on_message(topic, payload, true);
    }
    publisher->on_online(now);
    std::ignore = publisher->on_message("gridloom/bridge/home/published/.", "", false);
    work();
  }
  void work(std::chrono::milliseconds later = 0ms) {
    now += later;
    home.settle();
    book->tick();
    publisher->tick(now, {.find = [&](std::string_view sn) { return book->find(sn); },
                          .is_whole = book->is_whole()});
  }
  void connect() { device = home.connect_device(kSn); }
  void report(std::string_view params) {
    home.report(device, kSn, fmt::format(R"({{"cmdId":1,"cmdFunc":2,"param":{{{}}}}})", params));
  }
  [[nodiscard]] std::string state(std::string_view key) const {
    const Json json = broker.json(kMain);
    const Json* value = wire::member(json, key);
    return value == nullptr ? "nothing" : wire::to_text(*value);
  }

  void on_device(const BookDevice& each) override { publisher->on_device(each); }
  void on_removed(const std::string& sn) override { publisher->on_removed(sn); }
  void on_values(const BookDevice& each, std::span<const std::size_t> slots) override {
    publisher->on_values(each, slots);
  }
  void on_state(const BookDevice& each) override { publisher->on_state(each); }

  TestHome home;
  registry::AccountId ann;
  Health health;
  Broker broker;
  Moment now{1h};
  FakePtr device;
  std::unique_ptr<Publisher> publisher;
  std::unique_ptr<DeviceBook> book;
};

TEST_F(PublisherTest, ADeviceIsAnnouncedThenItsStatesThenThatItIsThere) {
  connect();
  report(R"("watts":1234,"switchSta":true)");
  open();
  const std::vector<std::string> topics = broker.topics();
  EXPECT_EQ(topics[0], "gridloom/bridge/home/status");
  EXPECT_EQ(topics[1], "gridloom/bridge/home/published/.");
  EXPECT_EQ(topics[2], kConfig);
  EXPECT_EQ(topics[3], kPublished);
  EXPECT_EQ(topics[4], kMain);
  EXPECT_EQ(topics.back(), kAvailability);
  EXPECT_EQ(broker.retained.at(kAvailability), "online");
  EXPECT_EQ(state("2_1_watts"), "123.4");
  EXPECT_EQ(state("problem"), "null") << "unknown is not zero";
  EXPECT_EQ(*wire::member(broker.json(kConfig), "avty_mode"), Json("all"));
}

TEST_F(PublisherTest, NothingIsSaidTwiceAndOnlyTheTopicOfWhatChanged) {
  connect();
  report(R"("watts":1234)");
  open();
  broker.sent.clear();
  work(10s);
  EXPECT_THAT(broker.sent, IsEmpty());
  report(R"("watts":1240)");
  work(10s);
  EXPECT_THAT(broker.topics(), ElementsAre(kMain));
  EXPECT_EQ(state("2_1_watts"), "124");
}

TEST_F(PublisherTest, ManyChangesAreOneInAPeriodAndTheLastIsNotLost) {
  connect();
  report(R"("watts":10)");
  open();
  broker.sent.clear();
  for (int k = 0; k < 25; ++k) {
    report(fmt::format(R"("watts":{})", 1000 + 10 * k));
    work(250ms);
  }
  EXPECT_THAT(broker.payloads(kMain), SizeIs(1)) << "5 s have passed once";
  work(5s);
  EXPECT_EQ(state("2_1_watts"), "124");
  EXPECT_THAT(broker.payloads(kMain), SizeIs(2));
}

TEST_F(PublisherTest, ADeviceThatIsAwayOrQuietIsNotAvailableAndItsStatesAreNotSentAgain) {
  connect();
  report(R"("watts":1234)");
  open();
  broker.sent.clear();
  home.pass(1h);
  work(10s);
  EXPECT_THAT(broker.topics(), ElementsAre(kAvailability)) << "it is quiet";
  EXPECT_EQ(broker.retained.at(kAvailability), "offline");
  report(R"("watts":10)");
  work(10s);
  EXPECT_THAT(broker.topics(), ElementsAre(kAvailability, kMain, kAvailability));
  broker.sent.clear();
  home.leave(device);
  work(10s);
  EXPECT_EQ(broker.payloads(kAvailability), std::vector<std::string>{"offline"});
}

TEST_F(PublisherTest, ADeviceThatNeverReportedIsAnnouncedAndNotAvailable) {
  open();
  EXPECT_TRUE(broker.retained.contains(kConfig));
  EXPECT_EQ(broker.retained.at(kAvailability), "offline");
  EXPECT_FALSE(broker.retained.contains(kMain));
}

TEST_F(PublisherTest, ABirthGetsTheDevicesAgain) {
  open();
  broker.sent.clear();
  std::ignore = publisher->on_message("homeassistant/status", "offline", false);
  std::ignore = publisher->on_message("homeassistant/status", "online", true);
  work();
  EXPECT_THAT(broker.sent, IsEmpty());
  std::ignore = publisher->on_message("homeassistant/status", "online", false);
  work();
  EXPECT_THAT(broker.topics(), ElementsAre(kConfig, kPublished));
}

TEST_F(PublisherTest, ADeviceWithAnotherNameIsAnnouncedUnderIt) {
  open();
  must(home.registry->rename_device({.sn = kSn, .name = "Büro"}));
  book->registry_changed();
  broker.sent.clear();
  work(10s);
  const Json config = broker.json(kConfig);
  EXPECT_EQ(wire::text_in(*wire::member(config, "dev"), "name"), "Büro");
  EXPECT_THAT(broker.retained.at(kConfig), HasSubstr("binary_sensor.buro_"));
}

// The family is named by another product of it.
TEST_F(PublisherTest, TheModelIsTheProductOfTheSerialNumber) {
  home.add_device("BK12ZTEST0000001", "ann");
  open();
  const Json config = broker.json("homeassistant/device/gridloom_BK12ZTEST0000001/config");
  EXPECT_EQ(wire::text_in(*wire::member(config, "dev"), "mdl"), "STREAM Pro");
}

TEST_F(PublisherTest, ADeviceThatComesLaterIsAnnouncedThen) {
  open();
  broker.sent.clear();
  home.add_device("HW52LATER", "ann");
  work(10s);
  EXPECT_THAT(broker.topics(), Contains("homeassistant/device/gridloom_HW52LATER/config"));
}

TEST_F(PublisherTest, ADeviceThatIsNoMoreLeavesNothingBehind) {
  connect();
  report(R"("watts":1234)");
  open();
  must(home.registry->remove_device(kSn));
  work(10s);
  EXPECT_THAT(broker.retained, SizeIs(1)) << "the bridge's own status";
  EXPECT_EQ(broker.payloads(kConfig).back(), "");
}

TEST_F(PublisherTest, ADeviceThatWentWhileTheBridgeWasAwayIsRemoved) {
  connect();
  report(R"("watts":1234)");
  open();
  publisher->on_offline();
  must(home.registry->remove_device(kSn));
  home.settle();
  open();  // another run of the bridge
  EXPECT_THAT(broker.retained, SizeIs(1));
}

TEST_F(PublisherTest, DevicesThatAreNotChosenAreNotThere) {
  home.add_device("HW52OTHER", "ann");
  open([](auto& options) { options.devices = Selection({"HW52OTHER"}, {}); });
  EXPECT_FALSE(broker.retained.contains(kConfig));
  EXPECT_TRUE(broker.retained.contains("homeassistant/device/gridloom_HW52OTHER/config"));
}

TEST_F(PublisherTest, AnEntityIsRemovedInTwoSteps) {
  open();
  publisher->on_offline();
  broker.sent.clear();
  open([](auto& options) { options.has_controls = false; });
  const auto configs = broker.payloads(kConfig);
  ASSERT_THAT(configs, SizeIs(2));
  const Json first = parse(configs[0]);
  const Json* removed = wire::member(*wire::member(first, "cmps"), "set_brightness_brightness");
  ASSERT_NE(removed, nullptr);
  EXPECT_EQ(wire::to_text(*removed), R"({"p":"number"})");
  EXPECT_THAT(configs[1], Not(HasSubstr("set_brightness_brightness")));
  EXPECT_THAT(broker.retained.at(kPublished), Not(HasSubstr("set_brightness_brightness")));
}

TEST_F(PublisherTest, DiscoveryWithAMessageForEachEntityIsTakenOver) {
  constexpr auto kOld = "homeassistant/sensor/gridloom_HW52ZDH1RF3J0033/2_1_watts/config";
  constexpr auto kForeign = "homeassistant/sensor/other/watts/config";
  broker.retained[kOld] = R"({"name":"Power"})";
  broker.retained[kForeign] = R"({"name":"Power"})";
  open([](auto& options) { options.migrates = true; });
  std::vector<std::string> order;
  for (const auto& each : broker.sent) {
    if (each.topic == kOld || each.topic == kConfig) {
      order.push_back(fmt::format("{} {} {}", each.topic == kOld ? "old" : "device",
                                  each.payload.substr(0, 28), each.retain));
    }
  }
  ASSERT_THAT(order, SizeIs(3));
  EXPECT_EQ(order[0], R"(old {"migrate_discovery": true} false)");
  EXPECT_THAT(order[1], HasSubstr("device {"));
  EXPECT_EQ(order[2], "old  true");
  EXPECT_TRUE(broker.retained.contains(kForeign));
}

TEST_F(PublisherTest, ASlowBrokerHoldsUpAndLosesNothing) {
  connect();
  report(R"("watts":10)");
  broker.room = 3;
  open();
  const std::size_t before = broker.sent.size();
  for (int k = 0; k < 50; ++k) {
    report(fmt::format(R"("watts":{})", 10 * k));
    work(5s);
  }
  EXPECT_EQ(broker.sent.size(), before) << "nothing is queued meanwhile";
  broker.room = 1'000'000;
  work(5s);
  EXPECT_EQ(state("2_1_watts"), "49");
  EXPECT_EQ(broker.retained.at(kAvailability), "online");
}

TEST_F(PublisherTest, ACounterThatFallsKeepsItsHighestValue) {
  constexpr auto kStation = "R331ZEB4ZEAL0528";
  home.add_device(kStation, "ann");
  device = home.connect_device(kStation);
  const auto count = [&](int wh) {
    home.report(device, kStation,
                fmt::format(R"({{"moduleType":1,"typeCode":"pdStatus","params":{}}})",
                            fmt::format(R"({{"chgSunPower":{}}})", wh)));
  };
  count(5000);
  open();
  const std::string topic = "gridloom/device/R331ZEB4ZEAL0528/state/main";
  for (const int wh : {5010, 0, 4000, 5020}) {
    count(wh);
    work(5s);
    EXPECT_EQ(*wire::member(broker.json(topic), "pd_chgSunPower"), Json(std::max(wh, 5010)));
  }
  EXPECT_EQ(health.report().figures.at("held_back"), 2);
}

TEST_F(PublisherTest, CountersAreEntitiesOnceTheyAreKnownAndOthersIfTheyBeginAnew) {
  connect();
  report(R"("watts":1234)");
  open();
  EXPECT_THAT(broker.retained.at(kConfig), Not(HasSubstr("counter_")));
  const auto count = [&](std::string_view epoch, double wh) {
    home::FlowCounters counted{};
    counted.at(static_cast<std::size_t>(history::EnergyFlow::kLoad)) = wh;
    publisher->on_counters({.epoch = std::string(epoch),
                            .devices = {{.sn = kSn, .number = 7, .wh = counted},
                                        {.sn = "OF-NOBODY", .number = 8, .wh = counted}}});
    work(5s);
  };
  count("e1", 1234.9);
  EXPECT_EQ(state("counter_load_e1_7"), "1234");
  const Json config = broker.json(kConfig);
  const Json* entity = wire::member(*wire::member(config, "cmps"), "counter_load_e1_7");
  ASSERT_NE(entity, nullptr);
  EXPECT_EQ(wire::text_in(*entity, "dev_cla"), "energy");
  EXPECT_EQ(wire::text_in(*entity, "stat_cla"), "total_increasing");
  EXPECT_THAT(broker.retained.at(kConfig), Not(HasSubstr("counter_pv")));
  count("e1", 1300);
  EXPECT_EQ(state("counter_load_e1_7"), "1300");
  broker.sent.clear();
  count("e2", 2);
  EXPECT_EQ(state("counter_load_e2_7"), "2");
  EXPECT_EQ(state("counter_load_e1_7"), "nothing");
  const auto configs = broker.payloads(kConfig);
  ASSERT_THAT(configs, SizeIs(2)) << "the earlier one goes in two steps";
  EXPECT_THAT(configs[0], HasSubstr(R"("counter_load_e1_7":{"p":"sensor"})"));
  EXPECT_THAT(configs[1], Not(HasSubstr("counter_load_e1_7")));
}

// --- sets

TEST_F(PublisherTest, ASetIsOneOfAKnownControlAndValue) {
  open();
  const std::string base = fmt::format("gridloom/device/{}/set/", kSn);
  const auto asked = publisher->on_message(base + "set_brightness_brightness", "512", false);
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->sn, kSn);
  EXPECT_EQ(wire::to_text(asked->params), R"({"brightness":512})");
  struct Row {
    std::string topic;
    std::string_view payload;
    bool retained;
    std::string_view why;
  };
  for (const Row& row : {Row{base + "set_brightness_brightness", "5000", false, "from 0 to 1023"},
                         Row{base + "set_brightness_brightness", "512", true, "retained"},
                         Row{base + "2_1_watts", "512", false, "no such control"},
                         Row{base + "nothing", "512", false, "no such control"}}) {
    EXPECT_FALSE(publisher->on_message(row.topic, row.payload, row.retained));
    EXPECT_THAT(health.report().last_error, HasSubstr(row.why));
  }
  EXPECT_EQ(health.report().figures.at("sets_refused"), 4);
  EXPECT_FALSE(publisher->on_message("gridloom/device/NOBODY/set/x", "1", false));
  EXPECT_EQ(health.report().figures.at("sets_refused"), 4) << "it may be another bridge's";
}

TEST_F(PublisherTest, MessagesThatAreNotOursChangeNothing) {
  open();
  broker.sent.clear();
  for (const std::string_view topic :
       {"", "/", "gridloom", "gridloom/device/", "gridloom/device/a/set", "homeassistant/status/x",
        "gridloom/bridge/home/published/X", "homeassistant/a/b/c/config"}) {
    for (const std::string_view payload : {"", "online", "{", R"({"entities":{},"topics":[1]})",
                                           R"({"entities":{"sensor":["a/b"]},"topics":[]})"}) {
      EXPECT_FALSE(publisher->on_message(topic, payload, true)) << topic;
    }
  }
  work(10s);
  EXPECT_THAT(broker.sent, IsEmpty());
}

// --- cost

// Counts, for docs/user/home-assistant.md: 2,000 devices of all families that report every two
// seconds.
TEST_F(PublisherTest, TwoThousandDevicesCostWhatTheGuideSays) {
  constexpr std::size_t kDevices = 2000;
  open();
  broker.sent.clear();
  broker.bytes = 0;
  std::size_t config_bytes = 0;
  std::size_t entities = 0;
  std::size_t topics = 0;
  for (const catalog::FamilyPtr& family : all_families().families()) {
    const auto all = entities_in(family, catalog::Language::kEnglish);
    const auto message =
        config_message(Topics("homeassistant", "gridloom", "home"),
                       {.sn = "HW52ZDH1RF3J0033", .name = "Balcony", .product = "Plug"}, *all);
    config_bytes += wire::to_text(message).size();
    entities += all->all.size();
    topics += plan_of(all, {})->topics.size();
  }
  const std::size_t families = all_families().families().size();
  const std::size_t of_device = config_bytes / families;
  RecordProperty("discovery_bytes_of_a_device", static_cast<int>(of_device));
  RecordProperty("entities_of_a_device", static_cast<int>(entities / families));
  RecordProperty("discovery_megabytes", static_cast<int>(of_device * kDevices / 1'000'000));
  EXPECT_LT(of_device, 200'000U);
  EXPECT_LT(config_bytes / entities, 520U) << "bytes of an entity";
  // All topics of a device change in each period of 5 s, which is the worst.
  const std::size_t publications = topics * kDevices / families / 5;
  RecordProperty("publications_a_second_at_most", static_cast<int>(publications));
  EXPECT_LT(publications, 10'000U);
}

}  // namespace
}  // namespace gridloom::bridges::home_assistant
