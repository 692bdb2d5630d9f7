// The live stream's devices: news come from the hub's feed, so that an account that is busy delays
// nobody else, also where it watches the same device; and what is kept for those who follow.
#include "own_api/live/live_feed.h"

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

#include "base/loop.h"
#include "testing/home.h"
#include "testing/loop.h"

namespace gridloom::api {
namespace {

using registry::Rights;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";    // Alice's
constexpr std::string_view kBobs = "R331ZEB4ZEAL0529";  // Bob's
constexpr std::size_t kPieces = 10'000;
constexpr std::size_t kFew = 100;

// A client that looks at once.
class CountingWatcher {
 public:
  LiveNotice notice{[this] {
    ++news;
    notice.take();
  }};
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
    return must(feed.watch(
        std::string(sn),
        {.share = feed.share({.account = account}), .notice = &by->notice, .loop = &at_once}));
  }
  // Reads the twin and follows it. Returns the number of the snapshot.
  std::uint64_t follow(LiveWatch& watch, AccountId account) {
    std::uint64_t number = 0;
    watch.hold();
    feed.read(account, at_once, {watch.device()}, [&](const std::vector<TwinSnapshotPtr>& twins) {
      number = twins.at(0) == nullptr ? 0 : twins[0]->number;
    });
    run_all();
    EXPECT_TRUE(watch.follow(number));
    return number;
  }
  void report() {
    home.report(device, kSn, fmt::format(R"({{"params":{{"bmsMaster.soc":{}}}}})", ++soc));
  }
  // The account has much to do on the shard of `sn`.
  void jam(AccountId account, std::string_view sn) {
    for (std::size_t i = 0; i < kPieces; ++i) {
      home.hub->read_twins(account, std::vector<std::string>(16, std::string(sn)),
                           {.loop = &at_once, .done = [this](auto) { ++pieces; }});
    }
  }
  // How many of these pieces are done before the watcher has news.
  std::size_t pieces_before_news(const CountingWatcher& watcher) {
    const std::size_t before = watcher.news;
    while (watcher.news == before && pieces < kPieces) step();
    EXPECT_GT(watcher.news, before);
    return pieces;
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
  std::size_t pieces = 0;
  WatcherPtr one = std::make_shared<CountingWatcher>();
  WatcherPtr other = std::make_shared<CountingWatcher>();
};

TEST_F(LiveFeedTest, ABusyAccountDelaysNobodyElse) {
  LiveWatch of_alice = watch(kSn, alice, one);
  const LiveWatch of_bob = watch(kBobs, bob, other);
  run_all();
  jam(bob, kBobs);
  report();
  EXPECT_LT(pieces_before_news(*one), kFew);
}

TEST_F(LiveFeedTest, EachAccountThatADeviceIsSharedWithIsTold) {
  share(kSn);
  const LiveWatch of_carl = watch(kSn, carl, one);
  const LiveWatch of_bob = watch(kSn, bob, other);
  run_all();
  jam(bob, kSn);
  report();
  EXPECT_LT(pieces_before_news(*one), kFew);
  EXPECT_EQ(other->news, one->news) << "Bob is told as well";
}

TEST_F(LiveFeedTest, ABusyOwnerDelaysNoReaderOfHisDevice) {
  home.share(kBobs, "carl", Rights::kMonitor);
  device = home.connect_device(kBobs);
  run_all();
  const LiveWatch of_carl = watch(kBobs, carl, one);
  run_all();
  home.report(device, kBobs, R"({"params":{"bmsMaster.soc":1}})");
  jam(bob, kBobs);
  EXPECT_LT(pieces_before_news(*one), kFew);
}

TEST_F(LiveFeedTest, WhoNoLongerWatchesIsToldNothing) {
  {
    LiveWatch first = watch(kSn, alice, one);
    LiveWatch second = watch(kSn, alice, other);
  }
  const LiveWatch again = watch(kSn, alice, other);
  report();
  run_all();
  EXPECT_EQ(one->news, 0U);
  EXPECT_EQ(other->news, 1U);
}

TEST_F(LiveFeedTest, WhoHasNotLookedIsNotToldAgain) {
  std::size_t news = 0;
  LiveNotice notice([&] { ++news; });
  const auto watch = [&](std::string_view sn) {
    return must(
        feed.watch(std::string(sn),
                   {.share = feed.share({.account = bob}), .notice = &notice, .loop = &at_once}));
  };
  share(kSn);
  const LiveWatch first = watch(kSn);
  const LiveWatch second = watch(kBobs);
  const std::uint64_t version = first.device()->version();
  report();
  run_all();
  report();
  run_all();
  EXPECT_EQ(news, 1U);
  EXPECT_EQ(first.device()->version(), version + 2) << "and sees that there is news";
  EXPECT_TRUE(notice.take());
  report();
  run_all();
  EXPECT_EQ(news, 2U);
}

TEST_F(LiveFeedTest, WhatSomeoneHasNotTakenIsKeptAndNoMore) {
  LiveWatch first = watch(kSn, alice, one);
  LiveWatch second = watch(kSn, alice, other);
  LiveDevice& watched = *first.device();
  EXPECT_EQ(second.device(), first.device());
  report();
  run_all();
  EXPECT_EQ(watched.waiting_bytes(), 0U) << "nobody follows yet";
  const std::uint64_t begin = follow(first, alice);
  follow(second, alice);
  report();
  report();
  run_all();
  const std::uint64_t end = watched.moment().number;
  EXPECT_EQ(end, begin + 2);
  EXPECT_EQ(watched.waiting_bytes(), 1U) << "the value is there once";
  EXPECT_THAT(watched.changes(begin, end, nullptr), HasSubstr(fmt::format(",{},", soc)));
  EXPECT_TRUE(first.follow(end));
  EXPECT_EQ(watched.waiting_bytes(), 1U) << "the other one has not taken it";
  EXPECT_TRUE(second.follow(end));
  EXPECT_EQ(watched.waiting_bytes(), 0U);
  EXPECT_FALSE(second.follow(begin)) << "what came behind is gone";
}

TEST_F(LiveFeedTest, ChangesEndWhereTheyAreToEnd) {
  LiveWatch watch_of_alice = watch(kSn, alice, one);
  LiveDevice& watched = *watch_of_alice.device();
  report();
  run_all();
  const std::uint64_t begin = follow(watch_of_alice, alice);
  report();
  home.report(device, kSn, R"({"params":{"bmsMaster.temp":31}})");
  run_all();
  EXPECT_THAT(watched.changes(begin, begin + 1, nullptr), Not(HasSubstr(",31,")));
  EXPECT_THAT(watched.changes(begin + 1, begin + 2, nullptr), HasSubstr(",31,"));
  EXPECT_EQ(watched.changes(begin + 2, begin + 2, nullptr), "[]");
}

TEST_F(LiveFeedTest, TooMuchThatWaitsIsLost) {
  LiveWatch of_alice = watch(kSn, alice, one);
  LiveDevice& watched = *of_alice.device();
  report();
  run_all();
  follow(of_alice, alice);
  const std::uint64_t losses = watched.moment().losses;
  const auto note = [&](std::string_view name, std::size_t bytes) {
    home.report(device, kSn,
                fmt::format(R"({{"params":{{"{}":"{}"}}}})", name, std::string(bytes, 'x')));
    run_all();
  };
  note("note", LiveDevice::kMostWaiting / 2 - 2);  // and two quotes
  note("more", LiveDevice::kMostWaiting / 2 - 2);
  EXPECT_EQ(watched.moment().losses, losses);
  EXPECT_EQ(watched.waiting_bytes(), LiveDevice::kMostWaiting);
  report();
  run_all();
  EXPECT_EQ(watched.moment().losses, losses + 1);
  EXPECT_EQ(watched.waiting_bytes(), 0U);
}

TEST_F(LiveFeedTest, LongChangesAreNotKept) {
  LiveWatch of_alice = watch(kSn, alice, one);
  LiveDevice& watched = *of_alice.device();
  const std::uint64_t begin = follow(of_alice, alice);
  const auto changes = [&] {
    run_all();
    return watched.changes(begin, watched.moment().number, nullptr).size();
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

TEST_F(LiveFeedTest, ADeviceThatIsRemovedIsReadAgain) {
  LiveWatch of_alice = watch(kSn, alice, one);
  report();
  run_all();
  follow(of_alice, alice);
  const std::uint64_t losses = of_alice.device()->moment().losses;
  must(home.registry->remove_device(kSn));
  run_all();
  EXPECT_EQ(of_alice.device()->moment().losses, losses + 1);
  EXPECT_EQ(of_alice.device()->moment().names, 0U);
}

TEST_F(LiveFeedTest, DevicesThatAreWatchedAreBounded) {
  LiveFeed small({.hub = home.hub.get(), .virtual_time = nullptr, .limits = {.devices = 1}});
  const LiveSharePtr of_alice = small.share({.account = alice});
  const LiveSharePtr of_bob = small.share({.account = bob});
  const auto one = std::make_shared<CountingWatcher>();
  const auto other = std::make_shared<CountingWatcher>();
  const auto watch = [&](const WatcherPtr& by, std::string_view sn, const LiveSharePtr& share) {
    return small.watch(std::string(sn),
                       {.share = share, .notice = &by->notice, .loop = &home.client_loop});
  };
  std::vector<LiveWatch> own;
  for (std::size_t i = 0; i < LiveAccount::kOwnDevices; ++i) {
    own.push_back(must(watch(one, fmt::format("SN-{}", i), of_alice)));
  }
  auto first = watch(one, kSn, of_alice);
  ASSERT_TRUE(first);
  EXPECT_EQ(must(watch(other, kSn, of_alice)).device(), first->device());
  EXPECT_FALSE(watch(one, "SN-last", of_alice));
  EXPECT_TRUE(watch(other, "SN-last", of_bob)) << "Bob has some of his own";
  run_all();
  first = LiveWatch();
  EXPECT_TRUE(watch(one, "SN-last", of_alice)) << "nobody watches the first one any more";
  run_all();
}

}  // namespace
}  // namespace gridloom::api
