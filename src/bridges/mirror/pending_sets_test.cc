#include "bridges/mirror/pending_sets.h"

#include <gtest/gtest.h>

#include <string>

namespace gridloom::bridges::mirror {
namespace {

using std::chrono::seconds;

constexpr Moment kStart{std::chrono::hours(24)};

TEST(PendingSets, AReplyGetsTheLocalIdAgain) {
  PendingSets sets(100);
  EXPECT_EQ(sets.send("A", R"({"id":"abc","params":{"enabled":1}})", kStart),
            R"({"id":101,"params":{"enabled":1}})");
  EXPECT_EQ(sets.send("A", R"({"id":7,"operateType":"x"})", kStart),
            R"({"id":102,"operateType":"x"})");
  EXPECT_EQ(sets.take_reply("A", R"({"id":"102","data":{"ack":0}})", kStart),
            R"({"id":7,"data":{"ack":0}})");
  EXPECT_EQ(sets.take_reply("A", R"({"id":101,"data":{"ack":1}})", kStart),
            R"({"id":"abc","data":{"ack":1}})");
  EXPECT_EQ(sets.size(), 0U);
}

TEST(PendingSets, RepliesToSetsOfOthersAreNoReplies) {
  PendingSets sets(100);
  ASSERT_TRUE(sets.send("A", R"({"id":5})", kStart));
  for (const std::string_view reply : {R"({"id":5})", R"({"id":102})", "{}", "[]", "no JSON"}) {
    EXPECT_EQ(sets.take_reply("A", reply, kStart), std::nullopt) << reply;
  }
  EXPECT_EQ(sets.take_reply("B", R"({"id":101})", kStart), std::nullopt);
  EXPECT_TRUE(sets.take_reply("A", R"({"id":101})", kStart));
  EXPECT_EQ(sets.take_reply("A", R"({"id":101})", kStart), std::nullopt);
}

TEST(PendingSets, TheVendorsRefusalIsOneHere) {
  PendingSets sets(0);
  ASSERT_TRUE(sets.send("A", R"({"id":8})", kStart));
  EXPECT_EQ(sets.take_reply("A", R"({"id":1,"code":"-1","message":"soc is 200"})", kStart),
            R"({"id":8,"version":"1.0","code":"1008","message":"soc is 200"})");
  ASSERT_TRUE(sets.send("A", R"({"id":9})", kStart));
  EXPECT_EQ(sets.take_reply("A", R"({"id":2,"code":-2})", kStart),
            R"({"id":9,"version":"1.0","code":"1008","message":"the device is offline"})");
  EXPECT_EQ(refusal_of_set(R"({"id":"4"})", "read-only"),
            R"({"id":4,"version":"1.0","code":"1008","message":"read-only"})");
}

TEST(PendingSets, AreBoundedInNumberAndTime) {
  PendingSets sets(0);
  for (std::size_t i = 0; i < PendingSets::kMost + 1; ++i) {
    ASSERT_TRUE(sets.send("A", R"({"id":8})", kStart));
  }
  EXPECT_EQ(sets.size(), PendingSets::kMost);
  EXPECT_EQ(sets.take_reply("A", R"({"id":1})", kStart), std::nullopt);
  EXPECT_EQ(sets.take_reply("A", R"({"id":2})", kStart + PendingSets::kPatience + seconds(1)),
            std::nullopt);
  ASSERT_TRUE(sets.send("A", R"({"id":8})", kStart + PendingSets::kPatience + seconds(1)));
  EXPECT_EQ(sets.size(), 1U);
  EXPECT_EQ(sets.send("A", "[]", kStart), std::nullopt);
}

}  // namespace
}  // namespace gridloom::bridges::mirror
