// The live stream's looks at devices: an account that is busy delays nobody else, also where it
// watches the same device, and telling watchers of news counts as work of their account.
#include "api/live/live_feed.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/immediate_loop.h"
#include "testing/home.h"
#include "testing/loop.h"

namespace gridloom::api {
namespace {

using registry::Rights;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";    // Alice's
constexpr std::string_view kBobs = "R331ZEB4ZEAL0529";  // Bob's
constexpr int kPieces = 10'000;
constexpr int kFew = 100;

class CountingWatcher final : public LiveWatcher {
 public:
  void on_news(const std::vector<LiveDevicePtr>& devices) override { news += devices.size(); }
  std::size_t news = 0;
};
using WatcherPtr = std::shared_ptr<CountingWatcher>;

class LiveFeedTest : public testing::Test {
 protected:
  LiveFeedTest() {
    alice = home.add_account("alice");
    bob = home.add_account("bob");
    carl = home.add_account("carl");
    home.add_device(kSn, "alice");
    home.add_device(kBobs, "bob");
    device = home.connect_device(kSn);
    run_all();
  }

  // The home's hub from now on, whose shards do one task at a time.
  hub::Hub* step_hub() {
    home.hub = std::make_unique<hub::Hub>(home.platform,
                                          std::vector<Loop*>{&shards.front(), &shards.back()});
    return home.hub.get();
  }
  // A task of each shard. False: there was none.
  bool step() {
    bool any = false;
    for (ManualLoop& shard : shards) any = shard.step() || any;
    home.settle();
    return any;
  }
  void run_all() {
    while (step()) {
    }
  }
  void share(std::string_view sn) {
    home.share(sn, "bob", Rights::kMonitor);
    home.share(sn, "carl", Rights::kMonitor);
    run_all();
  }
  LiveWatch watch(std::string_view sn, AccountId account, const WatcherPtr& by) {
    return must(feed.watch(std::string(sn),
                           {.account = feed.account(account), .watcher = by, .loop = &at_once}));
  }
  void report() {
    home.report(device, kSn, fmt::format(R"({{"params":{{"bmsMaster.soc":{}}}}})", ++soc));
  }
  // A piece of the account's work on the shard of `sn`; appends the letter to `order`.
  void add(AccountId account, std::string_view sn, char letter, std::int64_t effort) {
    home.hub->visit_twins(
        account, {std::string(sn)}, [](const hub::TwinView&) { return 0; },
        [this, letter, effort] {
          order += letter;
          return effort;
        });
  }
  // The account has much to do on the shard of `sn`.
  void jam(AccountId account, std::string_view sn) {
    for (int i = 0; i < kPieces; ++i) add(account, sn, '.', hub::Inbox::kTurnEffort / 4);
  }
  // How many of these pieces are done before the watcher has news, with sweeps all the time.
  std::size_t pieces_before_news(const CountingWatcher& watcher) {
    const std::size_t before = watcher.news;
    while (watcher.news == before && order.size() < kPieces) {
      feed.sweep();
      step();
    }
    return order.size();
  }

  std::array<ManualLoop, 2> shards;
  ImmediateLoop at_once;
  TestHome home{1};
  LiveFeed feed{{.hub = step_hub(), .virtual_time = nullptr, .limits = {}}};
  AccountId alice{};
  AccountId bob{};
  AccountId carl{};
  FakePtr device;
  int soc = 0;
  std::string order;
  WatcherPtr one = std::make_shared<CountingWatcher>();
  WatcherPtr other = std::make_shared<CountingWatcher>();
};

TEST_F(LiveFeedTest, ABusyAccountDelaysNobodyElse) {
  const LiveWatch of_alice = watch(kSn, alice, one);
  const LiveWatch of_bob = watch(kBobs, bob, other);
  run_all();
  jam(bob, kBobs);
  feed.sweep();
  report();
  EXPECT_LT(pieces_before_news(*one), kFew) << "Bob's look of the first sweep still waits";
}

TEST_F(LiveFeedTest, ASharedDeviceIsLookedAtInTurnsOfItsOwner) {
  share(kSn);
  const LiveWatch of_alice = watch(kSn, alice, one);
  const LiveWatch of_bob = watch(kSn, bob, other);
  run_all();
  jam(bob, kSn);
  report();
  EXPECT_LT(pieces_before_news(*one), kFew);
  EXPECT_EQ(other->news, one->news) << "Bob is told as well";
}

TEST_F(LiveFeedTest, ABusyOwnerDelaysHimselfOnly) {
  home.share(kBobs, "carl", Rights::kMonitor);
  device = home.connect_device(kBobs);
  run_all();
  const LiveWatch of_bob = watch(kBobs, bob, other);
  const LiveWatch of_carl = watch(kBobs, carl, one);
  run_all();
  home.report(device, kBobs, R"({"params":{"bmsMaster.soc":1}})");
  jam(bob, kBobs);
  EXPECT_LT(pieces_before_news(*one), kFew);
}

TEST_F(LiveFeedTest, AccountsThatShareADeviceAreTakenInTurns) {
  share(kSn);
  const LiveWatch of_carl = watch(kSn, carl, one);
  const LiveWatch of_bob = watch(kSn, bob, other);
  run_all();
  jam(bob, kSn);
  feed.sweep();
  report();
  EXPECT_LT(pieces_before_news(*one), kFew);
  EXPECT_EQ(other->news, one->news);
}

TEST_F(LiveFeedTest, AnAccountThatNoLongerWatchesIsNotWaitedFor) {
  share(kSn);
  const LiveWatch of_carl = watch(kSn, carl, one);
  run_all();
  static_cast<void>(watch(kSn, bob, other));
  jam(bob, kSn);
  report();
  EXPECT_LT(pieces_before_news(*one), kFew);
}

// Bob's look sees the change, and then waits for the other shard.
TEST_F(LiveFeedTest, ALookThatIsNotOverKeepsNoNewsBack) {
  std::string far;
  for (int i = 0; far.empty(); ++i) {
    std::string sn = fmt::format("X{}", i);
    if (&home.hub->loop_of(sn) != &home.hub->loop_of(kSn)) far = std::move(sn);
  }
  home.add_device(far, "alice");
  share(kSn);
  share(far);
  const LiveWatch near_carl = watch(kSn, carl, one);
  const LiveWatch far_carl = watch(far, carl, one);
  run_all();
  const LiveWatch near_bob = watch(kSn, bob, other);
  const LiveWatch far_bob = watch(far, bob, other);
  jam(bob, far);
  report();
  EXPECT_LT(pieces_before_news(*one), kFew);
}

TEST_F(LiveFeedTest, TellingManyWatchersCountsInTheirAccountsTurns) {
  std::vector<WatcherPtr> watchers;
  std::vector<LiveWatch> watches;
  for (int i = 0; i < 2000; ++i) {
    watchers.push_back(std::make_shared<CountingWatcher>());
    watches.push_back(watch(kSn, bob, watchers.back()));
  }
  run_all();
  report();
  run_all();
  const std::size_t before = watchers[0]->news;
  feed.sweep();
  add(bob, kSn, 'b', 1);
  for (int i = 0; i < 20; ++i) add(alice, kSn, '.', hub::Inbox::kTurnEffort);
  run_all();
  EXPECT_EQ(watchers[0]->news, before + 1);
  EXPECT_GE(order.find('b'), 5U) << order;
}

TEST_F(LiveFeedTest, LongChangesAreNotKept) {
  const LiveWatch of_alice = watch(kSn, alice, one);
  const LiveDevice& watched = *of_alice.device();
  const auto changes = [&] {
    run_all();
    feed.sweep();
    run_all();
    return watched.changes_after(0, nullptr).size();
  };
  report();
  const std::size_t few = changes();
  EXPECT_EQ(watched.cached_bytes(), few);
  home.report(
      device, kSn,
      fmt::format(R"({{"params":{{"note":"{}"}}}})", std::string(LiveDevice::kCachedBytes, 'x')));
  EXPECT_GT(changes(), LiveDevice::kCachedBytes);
  EXPECT_EQ(watched.cached_bytes(), 0U);
}

}  // namespace
}  // namespace gridloom::api
