#include "bridges/influx/news.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

namespace gridloom::bridges {
namespace {

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
