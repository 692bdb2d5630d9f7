#include "hub/platform/fault_injector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>

#include "testing/home.h"

namespace gridloom::hub {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kOther = "R331ZEB4ZEAL0529";

std::string report(int soc) {
  return fmt::format(R"({{"moduleType":1,"typeCode":"pdStatus","params":{{"soc":{}}}}})", soc);
}

class InjectedFaults : public testing::TestWithParam<std::size_t> {
 protected:
  InjectedFaults() : home(GetParam()) {
    alice = home.add_account("alice");
    bob = home.add_account("bob");
    home.add_device(kDelta2Sn, "alice");
    home.add_device(kOther, "alice");
    home.share(kDelta2Sn, "bob", registry::Rights::kFull);
    device = home.connect_device(kDelta2Sn);
    other = home.connect_device(kOther, "other");
    must(home.report(device, kDelta2Sn, report(5)));
    must(home.report(other, kOther, report(5)));
  }
  static void must(bool good) { EXPECT_TRUE(good); }

  void set_rules(const std::vector<FaultRule>& rules) {
    home.hub->lay_faults({}, rules);
    home.pass(Millis(250));
  }
  // The lines about a verb among those that a client got.
  static Lines about(const FakePtr& client, std::string_view verb) {
    Lines lines = client->take();
    std::erase_if(
        lines, [&](const std::string& line) { return !line.contains(fmt::format("/{} ", verb)); });
    return lines;
  }

  TestHome home;
  registry::AccountId alice{};
  registry::AccountId bob{};
  FakePtr device;
  FakePtr other;
};

INSTANTIATE_TEST_SUITE_P(Shards, InjectedFaults, testing::Values(1, 3));

TEST_P(InjectedFaults, AFrozenSnapshotIsReadWhilePushesContinue) {
  const FakePtr app = home.subscriber("alice");
  set_rules({{.fault = "frozen_snapshot"}});
  must(home.report(device, kDelta2Sn, report(6)));
  EXPECT_EQ(about(app, "quota").size(), 1U);
  EXPECT_EQ(home.read_all(alice, kDelta2Sn), R"({"pd.soc":5})");
  EXPECT_EQ(home.read(alice, kDelta2Sn, {"pd.soc"}), R"({"pd.soc":5})");
  EXPECT_EQ(home.read_all(bob, kDelta2Sn), R"({"pd.soc":5})");
  set_rules({});
  EXPECT_EQ(home.read_all(alice, kDelta2Sn), R"({"pd.soc":6})");
  set_rules({{.fault = "frozen_snapshot"}});
  EXPECT_EQ(home.read_all(alice, kDelta2Sn), R"({"pd.soc":6})")
      << "what was so at its second beginning";
}

TEST_P(InjectedFaults, StaleAndOfflineForOneDeviceOrOneAccountOnly) {
  const FakePtr app = home.subscriber("alice");
  const FakePtr guest = home.subscriber("bob");
  set_rules({{.fault = "stale_offline", .sn = std::string(kDelta2Sn), .account = "alice"}});
  EXPECT_THAT(about(app, "status"), ElementsAre(HasSubstr(R"("status":0)")));
  EXPECT_THAT(about(guest, "status"), IsEmpty());
  must(home.report(device, kDelta2Sn, report(7)));
  must(home.report(other, kOther, report(7)));
  EXPECT_THAT(about(app, "quota"), ElementsAre(HasSubstr(kOther)));
  EXPECT_EQ(about(guest, "quota").size(), 1U);
  EXPECT_EQ(home.read_all(alice, kDelta2Sn), R"({"pd.soc":5})");
  EXPECT_EQ(home.read_all(bob, kDelta2Sn), R"({"pd.soc":7})");
  EXPECT_EQ(home.read_all(alice, kOther), R"({"pd.soc":7})");
  EXPECT_FALSE(home.hub->online(alice, kDelta2Sn));
  EXPECT_TRUE(home.hub->online(bob, kDelta2Sn));
  EXPECT_THAT(home.set(alice, kDelta2Sn,
                       R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})")
                  .text(),
              HasSubstr("6012"));
  set_rules({});
  EXPECT_THAT(about(app, "status"), ElementsAre(HasSubstr(R"("status":1)")));
  EXPECT_EQ(home.read_all(alice, kDelta2Sn), R"({"pd.soc":7})");
}

TEST_P(InjectedFaults, OnlineFlapsAndSaysSo) {
  const FakePtr app = home.subscriber("alice");
  set_rules({{.fault = "flapping_online", .sn = std::string(kDelta2Sn), .value = 10}});
  app->take();
  int online = 0;
  for (int second = 0; second < 60; ++second) {
    home.pass(Millis(1000));
    if (home.hub->online(alice, kDelta2Sn)) ++online;
  }
  EXPECT_EQ(online, 30);
  EXPECT_EQ(about(app, "status").size(), 6U);
  set_rules({});
  EXPECT_TRUE(home.hub->online(alice, kDelta2Sn));
}

TEST_P(InjectedFaults, PushesPauseUntilAllQuotasAreRead) {
  const FakePtr app = home.subscriber("alice");
  set_rules({{.fault = "sleepy_push", .value = 60}});
  const auto pushed = [&] {
    must(home.report(device, kDelta2Sn, report(8)));
    return about(app, "quota").size();
  };
  EXPECT_EQ(pushed(), 0U);
  EXPECT_EQ(home.read_all(alice, kDelta2Sn), R"({"pd.soc":8})");
  EXPECT_EQ(pushed(), 1U);
  home.pass(Millis(59'000));
  EXPECT_EQ(pushed(), 1U);
  home.pass(Millis(1000));
  EXPECT_EQ(pushed(), 0U);
  set_rules({});
  EXPECT_EQ(pushed(), 1U);
}

TEST_P(InjectedFaults, ASetIsCarriedOutAndItsReplyIsDropped) {
  const FakePtr app = home.subscriber("alice");
  set_rules({{.fault = "unanswered_set"}});
  device->take();
  const auto answer = home.set(
      alice, kDelta2Sn, R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})");
  must(
      home.publish(app, home.open("alice", fmt::format("{}/set", kDelta2Sn)),
                   R"({"id":77,"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})"));
  const Lines sets = device->take();
  ASSERT_EQ(sets.size(), 2U);
  app->take();
  for (const std::string& set : sets) {
    must(home.publish(
        device, fmt::format("/device/{}/set_reply", kDelta2Sn),
        fmt::format(R"({{"id":{},"data":{{"ack":0}}}})", member_of(payload_of(set), "id"))));
  }
  EXPECT_FALSE(answer.here());
  home.pass(Millis(8000));
  EXPECT_THAT(answer.text(), HasSubstr("6012"));
  EXPECT_THAT(about(app, "set_reply"), IsEmpty());
}

TEST_P(InjectedFaults, ACertificateIsRefusedAndDevicesAreNot) {
  const registry::Account account = home.account("alice");
  const auto sign_in = [&] {
    return home.hub->access()
        .sign_in(account.certificate_account, account.certificate_password)
        .has_value();
  };
  EXPECT_TRUE(sign_in());
  set_rules({{.fault = "refused_certificate", .account = "alice"}});
  EXPECT_FALSE(sign_in());
  EXPECT_TRUE(home.hub->access().sign_in(kDelta2Sn, home.device(kDelta2Sn).key));
  EXPECT_TRUE(home.hub->access().sign_in(home.account("bob").certificate_account,
                                         home.account("bob").certificate_password));
  set_rules({});
  EXPECT_TRUE(sign_in());
}

TEST_P(InjectedFaults, FewClientIdsAndNoWildcards) {
  const FakePtr app = home.connect_app("alice");
  set_rules({{.fault = "few_client_ids", .value = 2}, {.fault = "no_wildcards"}});
  EXPECT_TRUE(home.hub->access().admit(app->identity(), "one"));
  EXPECT_TRUE(home.hub->access().admit(app->identity(), "two"));
  EXPECT_TRUE(home.hub->access().admit(app->identity(), "one"));
  EXPECT_FALSE(home.hub->access().admit(app->identity(), "three"));
  EXPECT_FALSE(home.subscribe(app, {.filter = home.open("alice", "+/quota")}));
  EXPECT_TRUE(
      home.subscribe(app, {.filter = home.open("alice", fmt::format("{}/quota", kDelta2Sn))}));
  set_rules({});
  EXPECT_TRUE(home.hub->access().admit(app->identity(), "three"));
  EXPECT_TRUE(home.subscribe(app, {.filter = home.open("alice", "+/quota")}));
}

TEST_P(InjectedFaults, AppsLoseTheirConnectionsAndDevicesKeepTheirs) {
  const FakePtr app = home.connect_app("alice");
  set_rules({{.fault = "dropped_connection"}});
  EXPECT_THAT(app->kicked, ElementsAre(KickReason::kDropped));
  EXPECT_THAT(device->kicked, IsEmpty());
  home.pass(Millis(250));
  EXPECT_EQ(app->kicked.size(), 1U) << "drawn once a minute";
  home.pass(Millis(60'000));
  EXPECT_EQ(app->kicked.size(), 2U);
}

TEST(FaultInjector, RulesThatABridgeLaysLastBesideThoseOfTheCommandLine) {
  FaultInjector faults;
  const auto happens = [&](PlatformFault fault) {
    return faults.happens(fault, {.account = "alice", .sn = kDelta2Sn, .now = {}}).has_value();
  };
  faults.lay("bridge a", {{.fault = "null_data"}, {.fault = "no_such_fault"}});
  EXPECT_TRUE(happens(PlatformFault::kNullData));
  faults.set({{.fault = "slow_answer"}});
  faults.set({});
  EXPECT_TRUE(happens(PlatformFault::kNullData));
  EXPECT_FALSE(happens(PlatformFault::kSlowAnswer));
  faults.lay("bridge b", {{.fault = "text_values"}});
  faults.lay("bridge a", {});
  EXPECT_FALSE(happens(PlatformFault::kNullData));
  EXPECT_TRUE(happens(PlatformFault::kTextValues));
  faults.lay("bridge b", {});
  EXPECT_FALSE(faults.any());
}

TEST(FaultInjector, HappenInTheirShareOfCasesUntilTheyEnd) {
  FaultInjector fault_injector;
  const TimePoint now = kTestStart;
  const auto happens = [&](TimePoint at) {
    return fault_injector
        .happens(PlatformFault::kRefusedSign, {.account = "a", .sn = "b", .now = at})
        .has_value();
  };
  EXPECT_FALSE(fault_injector.any());
  EXPECT_FALSE(happens(now));
  fault_injector.set({{.fault = "refused_sign", .probability = 0.25, .until = now + Millis(1000)}});
  int times = 0;
  for (int k = 0; k < 4000; ++k) times += happens(now) ? 1 : 0;
  EXPECT_NEAR(times, 1000, 100);
  for (int k = 0; k < 100; ++k) EXPECT_FALSE(happens(now + Millis(1000)));
  fault_injector.set({{.fault = "disconnect"}});
  EXPECT_FALSE(fault_injector.any()) << "a fault of devices";
}

TEST(FaultInjector, EachHasANameOfItsOwnAndIsFoundByIt) {
  std::set<std::string_view> names;
  for (const PlatformFaultInfo& info : platform_faults()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_EQ(find_platform_fault(info.name)->fault, info.fault);
    EXPECT_FALSE(info.description.empty());
    EXPECT_EQ(info.description.contains("value"), info.value != 0) << info.name;
  }
  EXPECT_EQ(find_platform_fault("rain"), nullptr);
}

}  // namespace
}  // namespace gridloom::hub
