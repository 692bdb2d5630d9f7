#include "client/stream.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>

namespace gridloom::client {
namespace {

using Steady = std::chrono::steady_clock;

std::stop_token stopped() {
  std::stop_source source;
  source.request_stop();
  return source.get_token();
}

TEST(PeerLookup, ANumericAddressIsFoundWithoutAThread) {
  std::optional<Result<Peer>> found;
  look_up_peer("127.0.0.1:1883", [&found](Result<Peer> peer) { found.emplace(std::move(peer)); });
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->address.text(), "127.0.0.1:1883");
  EXPECT_TRUE(find_peer("[::1]:80", {.stop = stopped(), .until = Steady::time_point::min()}));
}

// "127.1" is an address for the resolver alone, which needs no name server for it.
TEST(PeerLookup, ANameIsFoundOnAnotherThread) {
  std::promise<Result<Peer>> found;
  look_up_peer("127.1:1883", [&found](Result<Peer> peer) { found.set_value(std::move(peer)); });
  const auto peer = found.get_future().get();
  ASSERT_TRUE(peer) << peer.error().detail;
  EXPECT_EQ(peer->name, "127.1");
  const auto again = find_peer("127.1:1883", {});
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->address.text(), peer->address.text());
}

TEST(PeerLookup, AnErrorIsThatOfTheResolver) {
  const auto found = find_peer("no port", {});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kBadParams);
}

TEST(PeerLookup, AfterAStopOrTheEndOfTheTimeNothingIsLookedUp) {
  struct Case {
    LookupEnd end;
    std::string said;
  };
  for (const Case& each : {Case{.end = {.stop = stopped()},
                                .said = "host.invalid:80: the lookup of the address is stopped"},
                           Case{.end = {.until = Steady::now()},
                                .said = "host.invalid:80: the address was not found in time"}}) {
    const auto found = find_peer("host.invalid:80", each.end);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::kIo);
    EXPECT_EQ(found.error().detail, each.said);
  }
}

}  // namespace
}  // namespace gridloom::client
