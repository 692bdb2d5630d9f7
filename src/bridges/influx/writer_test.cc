#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "bridges/influx/writer.h"

namespace gridloom::bridges {
namespace {

client::HttpReply reply(unsigned status, std::string body = {}) {
  return {.status = status, .body = std::move(body)};
}

TEST(WriteReply, SaysWhetherToSendAgain) {
  struct Case {
    unsigned status;
    WriteResult result;
  };
  for (const Case& each : {Case{204, WriteResult::kTaken}, Case{200, WriteResult::kTaken},
                           Case{400, WriteResult::kRefused}, Case{422, WriteResult::kRefused},
                           Case{413, WriteResult::kTooLarge}, Case{401, WriteResult::kLater},
                           Case{404, WriteResult::kLater}, Case{429, WriteResult::kLater},
                           Case{503, WriteResult::kLater}, Case{302, WriteResult::kLater}}) {
    EXPECT_EQ(result_of(reply(each.status)), each.result) << each.status;
  }
}

TEST(WriteReply, APartialWriteSaysHowManyLinesAreLost) {
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"partial write: x dropped=3"})"), 10), 3U);
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"partial write: x dropped=30"})"), 10), 10U);
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"partial write: x dropped="})"), 10), 10U);
  EXPECT_EQ(lost_lines(reply(400, R"({"error":"unable to parse"})"), 10), 10U);
}

using std::chrono::seconds;

// The seconds, of so many, in which the device is looked at.
std::vector<int> looks(News& news, int from, int to) {
  std::vector<int> found;
  for (int second = from; second < to; ++second) {
    if (news.take("a", News::Moment(seconds(second)))) found.push_back(second);
  }
  return found;
}

TEST(News, AreLookedForAtGrowingDistancesForAMinute) {
  News news;
  EXPECT_THAT(looks(news, 100, 101), testing::IsEmpty());
  news.add("a");
  EXPECT_THAT(looks(news, 101, 1000), testing::ElementsAre(101, 102, 104, 108, 116, 132, 164));
}

TEST(News, BeginAnewWithEachReport) {
  News news;
  news.add("a");
  EXPECT_THAT(looks(news, 100, 110), testing::ElementsAre(100, 101, 103, 107));
  news.add("a");
  EXPECT_THAT(looks(news, 110, 115), testing::ElementsAre(110, 111, 113));
  EXPECT_FALSE(news.take("b", News::Moment(seconds(115))));
}

TEST(News, OfRoundsThatAreRareAreLookedForInEachThatIsDue) {
  News news;
  news.add("a");
  std::vector<int> found;
  for (int second = 0; second < 600; second += 30) {
    if (news.take("a", News::Moment(seconds(second)))) found.push_back(second);
  }
  EXPECT_THAT(found, testing::ElementsAre(0, 30, 60, 90, 120, 150, 210));
}

}  // namespace

}  // namespace gridloom::bridges
