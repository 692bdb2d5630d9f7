#include "wire/topics.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "wire/test_topics.h"

namespace gridloom::wire {
namespace {

TEST(Topics, ReadBackWhatTheyWereMadeOf) {
  for (const Verb verb : kAllVerbs) {
    EXPECT_EQ(verb_of(name_of(verb)), verb);
    const std::string open = make_open_topic("open-1", "SN1", verb);
    EXPECT_EQ(open, "/open/open-1/SN1/" + std::string(name_of(verb)));
    const auto app = open_topic(open);
    ASSERT_TRUE(app) << open;
    EXPECT_EQ(app->account, "open-1");
    EXPECT_EQ(app->sn, "SN1");
    EXPECT_EQ(app->verb, verb);

    const std::string own = make_device_topic("SN1", verb);
    EXPECT_EQ(own, "/device/SN1/" + std::string(name_of(verb)));
    const auto device = device_topic(own);
    ASSERT_TRUE(device) << own;
    EXPECT_EQ(device->sn, "SN1");
    EXPECT_EQ(device->verb, verb);
    EXPECT_FALSE(open_topic(own));
    EXPECT_FALSE(device_topic(open));
  }
}

TEST(Topics, AreExact) {
  for (const std::string_view topic :
       {"", "/", "open/a/s/quota", "/open", "/open/", "/open/a", "/open/a/", "/open/a/s",
        "/open/a/s/", "/open/a//quota", "/open/a/s/quota/", "/open/a/s/quota/x", "/open/a/s/Quota",
        "/open/a/s/quotas", "//open/a/s/quota", "/opens/a/s/quota", "/open/a/s/t/quota"}) {
    EXPECT_FALSE(open_topic(topic)) << topic;
  }
  for (const std::string_view topic :
       {"", "/device", "/device/", "/device/s", "/device/s/", "/device//quota", "/device/s/quota/",
        "/device/s/t/quota", "device/s/quota", "/device/s/QUOTA"}) {
    EXPECT_FALSE(device_topic(topic)) << topic;
  }
}

TEST(Topics, BeginAlikeForAllVerbs) {
  EXPECT_EQ(open_topics("open-1", "SN1"), "/open/open-1/SN1/");
  EXPECT_EQ(device_topics("{sn}"), "/device/{sn}/");
  EXPECT_EQ(make_device_topic("+", Verb::kSet), device_topics("+") + "set");
}

TEST(Topics, AreTakenLevelByLevel) {
  std::string_view rest = "open-1//SN1";
  EXPECT_EQ(take_level(rest), "open-1");
  EXPECT_EQ(take_level(rest), "");
  EXPECT_EQ(take_level(rest), std::nullopt);
  EXPECT_EQ(rest, "SN1");
}

}  // namespace
}  // namespace gridloom::wire
