// Traffic taps: the events that a tap receives for its devices, their order, and the events that it
// does not receive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = TrafficEvent::Kind;

constexpr std::string_view kOther = "HJ31ZDH2ZF690025";
constexpr std::string_view kReport =
    R"({"typeCode":"pdStatus","moduleType":1,"params":{"soc":61}})";
constexpr std::string_view kQuiet =
    R"({"sn":"R331ZEB4ZEAL0528","moduleType":5,"operateType":"quietMode","params":{"enabled":1}})";

class WrittenDown final : public TrafficTap {
 public:
  void on_traffic(std::vector<TrafficEvent> event) override {
    for (TrafficEvent& each : event) all.push_back(std::move(each));
  }
  // The events as lines: "device sends {...}", an error with its code.
  Lines take() {
    Lines lines;
    for (const TrafficEvent& each : std::exchange(all, {})) {
      lines.push_back(fmt::format("{} {}", name(each.kind), each.text));
      if (each.error) lines.back() += code_of(each.error->code).code;
    }
    return lines;
  }
  std::vector<TrafficEvent> all;

 private:
  static std::string_view name(Kind what) {
    switch (what) {
      case Kind::kInitialState:
        return "known";
      case Kind::kOnline:
        return "online";
      case Kind::kOffline:
        return "offline";
      case Kind::kDeviceSends:
        return "device sends";
      case Kind::kDeviceGets:
        return "device gets";
      case Kind::kAppSends:
        return "app sends";
      case Kind::kAppGets:
        return "app gets";
      case Kind::kReadsAll:
        return "reads all";
      case Kind::kReads:
        return "reads";
      case Kind::kSets:
        return "sets";
      case Kind::kAnswered:
        return "answered";
    }
    return "";
  }
};

class TrafficTapTest : public testing::Test {
 protected:
  TrafficTapTest() {
    alice = home.add_account("alice");
    bob = home.add_account("bob");
    for (const std::string_view sn : {std::string_view(kDelta2Sn), kOther})
      home.add_device(sn, "alice");
  }
  void add_tap() {
    home.hub->add_tap({.tap = tap, .sns = {std::string(kDelta2Sn)}});
    home.settle();
  }
  void remove_tap() {
    bool done = false;
    home.hub->remove_tap(tap, [&done] { done = true; });
    home.settle();
    EXPECT_TRUE(done);
  }
  Lines event() const { return tap->take(); }

  TestHome home;
  registry::AccountId alice{};
  registry::AccountId bob{};
  std::shared_ptr<WrittenDown> tap = std::make_shared<WrittenDown>();
};

TEST_F(TrafficTapTest, BeginsWithWhatIsKnown) {
  add_tap();
  EXPECT_THAT(event(), ElementsAre("known {}", "offline "));
  remove_tap();
  home.report(home.connect_device(kDelta2Sn), kDelta2Sn, std::string(kReport));
  EXPECT_THAT(event(), IsEmpty());
  add_tap();
  EXPECT_THAT(event(), ElementsAre(R"(known {"pd.soc":61})", "online "));
}

TEST_F(TrafficTapTest, HearsOneDeviceAndNoOther) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  const FakePtr other = home.connect_device(kOther);
  add_tap();
  event();
  home.report(other, kOther, R"({"params":{"bpSoc":40}})");
  home.read_all(alice, kOther);
  EXPECT_THAT(event(), IsEmpty());
  home.report(device, kDelta2Sn, std::string(kReport));
  EXPECT_THAT(event(), ElementsAre(fmt::format("device sends {}", kReport)));
  home.leave(device);
  EXPECT_THAT(event(), ElementsAre("offline ", HasSubstr(R"("status":0)")));
}

TEST_F(TrafficTapTest, HearsASetWithAllThatBelongsToIt) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  add_tap();
  event();
  const auto answer = home.set(alice, kDelta2Sn, kQuiet);
  ASSERT_EQ(tap->all.size(), 2U);
  const std::string id = member_of(tap->all[1].text, "id");
  EXPECT_EQ(tap->all[0].account, alice);
  const std::uint64_t request = tap->all[0].request;
  EXPECT_THAT(event(), ElementsAre(fmt::format("sets {}", kQuiet), HasSubstr("device gets")));
  const std::string reply = fmt::format(R"({{"id":{},"data":{{"ack":0}}}})", id);
  home.publish(device, fmt::format("/device/{}/set_reply", kDelta2Sn), reply);
  ASSERT_FALSE(tap->all.empty());
  EXPECT_EQ(tap->all.back().request, request);
  EXPECT_THAT(event(),
              ElementsAre("device sends " + reply, "app gets " + reply, "answered " + reply));
  EXPECT_EQ(answer.text(), reply);
}

TEST_F(TrafficTapTest, HearsWhatIsRefused) {
  add_tap();
  event();
  home.set(alice, kDelta2Sn, kQuiet);
  home.set(bob, kDelta2Sn, kQuiet);
  EXPECT_THAT(event(), ElementsAre(fmt::format("sets {}", kQuiet), "answered 6012",
                                   fmt::format("sets {}", kQuiet), "answered 8512"));
  home.read_all(bob, kDelta2Sn);
  EXPECT_THAT(event(), ElementsAre("reads all ", "answered 8512"));
}

TEST_F(TrafficTapTest, HearsReadsAndWhatAppsSendAndGetOverMqtt) {
  const FakePtr device = home.connect_device(kDelta2Sn);
  home.report(device, kDelta2Sn, std::string(kReport));
  const FakePtr app = home.subscriber("alice");
  add_tap();
  event();
  home.read(alice, kDelta2Sn, {"pd.soc"});
  EXPECT_THAT(
      event(),
      ElementsAre(fmt::format(R"(reads {{"sn":"{}","params":{{"quotas":["pd.soc"]}}}})", kDelta2Sn),
                  R"(answered {"pd.soc":61})"));
  const std::string get = R"({"id":5,"params":{"quotas":["pd.soc"]}})";
  home.publish(app, home.open("alice", fmt::format("{}/get", kDelta2Sn)), get);
  EXPECT_THAT(event(), ElementsAre("app sends " + get, HasSubstr(R"("data":{"pd.soc":61})")));
  home.publish(app, home.open("alice", fmt::format("{}/set", kDelta2Sn)), "no JSON");
  EXPECT_THAT(event(), ElementsAre("app sends no JSON", HasSubstr(R"("code":"1008")")));
}

TEST_F(TrafficTapTest, TellsConnectionsFromWhatADeviceSaysOfItself) {
  add_tap();
  event();
  const FakePtr gateway = home.connect_gateway("alice");
  const std::string away = R"({"params":{"status":0}})";
  home.report(gateway, kDelta2Sn, std::string(kReport));
  EXPECT_THAT(event(), ElementsAre(HasSubstr("device sends"), "online ", HasSubstr("app gets")));
  home.publish(gateway, fmt::format("/device/{}/status", kDelta2Sn), away);
  EXPECT_THAT(event(), ElementsAre("device sends " + away, HasSubstr("app gets")));
  remove_tap();
  add_tap();
  EXPECT_THAT(event(), ElementsAre(R"(known {"pd.soc":61})", "online ", "device sends " + away));
}

}  // namespace
}  // namespace gridloom::hub
