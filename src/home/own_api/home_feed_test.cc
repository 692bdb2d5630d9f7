// The home of an account: what is read again when something changes, what a home costs that nobody
// watches, and how many homes are kept.
#include "home/home_feed.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "own_api/home/home_json.h"
#include "own_api/test_own_api.h"

namespace gridloom::api {
namespace {

using testing::HasSubstr;

class HomeFeedTest : public OwnRoutesTest {
 protected:
  Result<home::HomeFeed::Home> get(home::HomeFeed& from, AccountId account) {
    std::optional<Result<home::HomeFeed::Home>> answer;
    from.get(account,
             {.loop = &home.client_loop, .done = [&](Result<home::HomeFeed::Home> home_now) {
                answer = std::move(home_now);
              }});
    home.settle();
    return std::move(answer.value());
  }
  std::string text() { return std::string(must(get(homes, alice)).json); }
  void report(int soc) {
    home.report(
        device, kSn,
        fmt::format(R"({{"moduleType":1,"typeCode":"pdStatus","params":{{"soc":{}}}}})", soc));
  }
  [[nodiscard]] bool has_readers() {
    return home.hub->changes().has_readers(partition_of(kSn)) ||
           home.hub->changes().has_readers(partition_of(kOcean));
  }
  // A home at another time that is computed again if it may be.
  void wait() { steady.pass(home::HomeFeed::kFresh); }
};

TEST_F(HomeFeedTest, OnlyADeviceWithNewsIsReadAgain) {
  const home::HomeWatch watch = homes.watch(alice, home.client_loop);
  EXPECT_THAT(text(), HasSubstr(R"("charge_percent":5)"));
  EXPECT_EQ(homes.reads(), 2U);
  EXPECT_FALSE(watch.is_stale());
  wait();
  EXPECT_THAT(text(), HasSubstr(R"("charge_percent":5)"));
  EXPECT_EQ(homes.reads(), 2U) << "nothing happened";
  report(6);
  EXPECT_TRUE(watch.is_stale());
  EXPECT_THAT(text(), HasSubstr(R"("charge_percent":6)"));
  EXPECT_EQ(homes.reads(), 3U);
  EXPECT_FALSE(watch.is_stale());
}

TEST_F(HomeFeedTest, AHomeThatWasJustComputedIsNotComputedAgain) {
  const home::HomeWatch watch = homes.watch(alice, home.client_loop);
  text();
  report(6);
  EXPECT_THAT(text(), HasSubstr(R"("charge_percent":5)")) << "not older than kFresh";
  EXPECT_TRUE(watch.is_stale()) << "and it is known to be old";
  wait();
  EXPECT_THAT(text(), HasSubstr(R"("charge_percent":6)"));
}

TEST_F(HomeFeedTest, AHomeThatNobodyWatchesCostsNothing) {
  EXPECT_FALSE(has_readers());
  text();
  EXPECT_FALSE(has_readers()) << "somebody asked once";
  {
    const home::HomeWatch one = homes.watch(alice, home.client_loop);
    const home::HomeWatch two = homes.watch(alice, home.client_loop);
    EXPECT_TRUE(has_readers());
  }
  EXPECT_FALSE(has_readers());
  const std::uint64_t reads = homes.reads();
  report(6);
  home.pass(home::HomeFeed::kLedgerFresh);
  wait();
  EXPECT_EQ(homes.reads(), reads);
  EXPECT_THAT(text(), HasSubstr(R"("charge_percent":6)")) << "it is computed when it is asked for";
}

TEST_F(HomeFeedTest, AWatchedHomeGrowsOldByTimeAndByTheRegistry) {
  const home::HomeWatch watch = homes.watch(alice, home.client_loop);
  EXPECT_THAT(text(), HasSubstr(R"("state":"live")"));
  const Millis quiet = overview::quiet_after(*shipped_catalog()->of_serial(kSn));
  home.clock.pass(quiet);
  EXPECT_FALSE(watch.is_stale());
  home.clock.pass(Millis(1));
  EXPECT_TRUE(watch.is_stale()) << "it is quiet from now on";
  wait();
  EXPECT_THAT(text(), HasSubstr(R"("state":"quiet")"));
  EXPECT_FALSE(watch.is_stale());
  must(home.registry->rename_device({.sn = kSn, .name = "Cellar"}));
  home.settle();
  EXPECT_TRUE(watch.is_stale());
  wait();
  EXPECT_THAT(text(), HasSubstr(R"("name":"Cellar")"));
  EXPECT_FALSE(watch.is_stale());
}

TEST_F(HomeFeedTest, EnergiesAreAddedWhenTheirTimeHasCome) {
  const home::HomeWatch watch = homes.watch(alice, home.client_loop);
  text();
  EXPECT_FALSE(watch.is_stale());
  steady.pass(home::HomeFeed::kLedgerFresh);
  EXPECT_FALSE(watch.is_stale()) << "there is nothing to add";
  text();
  report(6);
  text();
  wait();
  report(7);
  text();
  EXPECT_FALSE(watch.is_stale());
  steady.pass(home::HomeFeed::kLedgerFresh);
  EXPECT_TRUE(watch.is_stale()) << "the last report came after they were added";
}

// Reads that wait behind those of others.
TEST_F(HomeFeedTest, OnlyTheFirstAnswerOfASmallHomeWaitsForEnergies) {
  std::vector<history::Query> held;
  home::HomeFeed feed({.hub = home.hub.get(),
                       .steady = &steady,
                       .members_of = home_members,
                       .reads = [&](history::Query query) {
                         held.push_back(std::move(query));
                         return true;
                       }});
  bool is_answered = false;
  feed.get(alice, {.loop = &home.client_loop, .done = [&](const auto&) { is_answered = true; }});
  home.settle();
  EXPECT_FALSE(is_answered);
  for (std::size_t i = 0; i <= home::HomeFeed::kMaxAwaited; ++i) {
    home.add_device(fmt::format("SN-{}", 100 + i), "bob");
  }
  EXPECT_TRUE(must(get(feed, home.account("bob").id)).picture);
  EXPECT_EQ(held.size(), 2U) << "one for each home";
}

TEST_F(HomeFeedTest, AHomeHasTheNumbersThatItsTextWasWrittenFrom) {
  const home::HomeWatch watch = homes.watch(alice, home.client_loop);
  const home::HomeFeed::Home before = must(get(homes, alice));
  ASSERT_EQ(before.state->devices.size(), 2U);
  const auto place_of = [&](std::string_view sn) {
    return before.state->devices[0]->sn == sn ? 0U : 1U;
  };
  const std::size_t station = place_of(kSn);
  const std::size_t ocean = place_of(kOcean);
  EXPECT_EQ(before.state->devices[station]->figures.charge_percent, 5);
  EXPECT_EQ(before.picture->charge_percent, 5);
  report(6);
  wait();
  const home::HomeFeed::Home after = must(get(homes, alice));
  EXPECT_EQ(after.state->devices[station]->figures.charge_percent, 6);
  EXPECT_EQ(after.picture->charge_percent, 6);
  EXPECT_EQ(before.state->devices[station]->figures.charge_percent, 5) << "it never changes";
  EXPECT_EQ(before.state->devices[ocean], after.state->devices[ocean]) << "shared, not copied";
}

TEST_F(HomeFeedTest, AHomeThatIsStillFreshHasItsNumbers) {
  ASSERT_TRUE(must(get(homes, alice)).picture);
  EXPECT_TRUE(must(get(homes, alice)).picture) << "answered as it was computed";
  EXPECT_TRUE(must(get(homes, alice)).state);
  wait();
  EXPECT_TRUE(must(get(homes, home.account("bob").id)).state->devices.empty());
  EXPECT_TRUE(must(get(homes, alice)).state) << "computed again";
}

TEST_F(HomeFeedTest, ADeviceThatIsAddedAppears) {
  const home::HomeWatch watch = homes.watch(alice, home.client_loop);
  text();
  home.add_device("SN-3", "alice");
  EXPECT_TRUE(watch.is_stale());
  wait();
  EXPECT_THAT(text(), HasSubstr(R"("sn":"SN-3")"));
}

TEST_F(HomeFeedTest, SoManyHomesAreKept) {
  home::HomeFeed small(
      {.hub = home.hub.get(), .steady = &steady, .members_of = home_members, .max_homes = 2});
  const AccountId carl = home.add_account("carl");
  const AccountId bob = home.account("bob").id;
  for (const AccountId account : {alice, bob, carl, alice}) {
    EXPECT_TRUE(get(small, account));
    EXPECT_LE(small.homes(), 2U) << "the oldest makes room";
  }
  EXPECT_EQ(small.homes(), 2U);
  const home::HomeWatch one = small.watch(alice, home.client_loop);
  EXPECT_TRUE(get(small, bob));
  EXPECT_TRUE(get(small, carl)) << "there is one place";
  const home::HomeWatch two = small.watch(bob, home.client_loop);
  const auto refused = get(small, carl);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(get(small, alice)) << "those that are watched are answered";
}

TEST_F(HomeFeedTest, HomesThatAreComputedMakeNoRoom) {
  home::HomeFeed small(
      {.hub = home.hub.get(), .steady = &steady, .members_of = home_members, .max_homes = 1});
  bool is_answered = false;
  small.get(alice,
            {.loop = &home.client_loop, .done = [&](const Result<home::HomeFeed::Home>& answer) {
               is_answered = answer.has_value();
             }});
  std::optional<bool> bobs;
  small.get(home.account("bob").id,
            {.loop = &home.client_loop, .done = [&](const Result<home::HomeFeed::Home>& answer) {
               bobs = answer.has_value();
             }});
  home.settle();
  EXPECT_TRUE(is_answered);
  EXPECT_EQ(bobs, false);
  EXPECT_TRUE(get(small, home.account("bob").id)) << "alice's is computed";
}

}  // namespace
}  // namespace gridloom::api
