// The topic space: which topics are the platform's, and which filters an identity may use.
#include "hub/topics.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::hub {
namespace {

constexpr std::array kVerbs = {Verb::kQuota, Verb::kSet,      Verb::kSetReply,
                               Verb::kGet,   Verb::kGetReply, Verb::kStatus};

TEST(Topics, ReadBackWhatTheyWereMadeOf) {
  for (const Verb verb : kVerbs) {
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

struct Row {
  std::string_view filter;
  bool granted;
  std::string_view sn;  // the one device that it can match
  bool denied_when_strict = false;
};

void check(const Identity& who, const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    const FilterScope scope = scope_of(who, row.filter, Wildcards::kGranted);
    EXPECT_EQ(scope.granted, row.granted) << row.filter;
    if (row.granted) {
      EXPECT_EQ(scope.sn, row.sn) << row.filter;
    }
    EXPECT_EQ(scope_of(who, row.filter, Wildcards::kDenied).granted,
              row.granted && !row.denied_when_strict)
        << row.filter;
  }
}

TEST(Topics, AnAccountMaySubscribeToItsOwnTopicsOnly) {
  check({.role = Role::kAccount, .account = {}, .name = "open-1"},
        {
            {"/open/open-1/SN1/quota", true, "SN1"},
            {"/open/open-1/SN1/set", true, "SN1"},
            {"/open/open-1/SN1/set_reply", true, "SN1"},
            {"/open/open-1/SN1/anything", true, "SN1"},
            {"/open/open-1/SN1/#", true, "SN1", true},
            {"/open/open-1/SN1/+", true, "SN1", true},
            {"/open/open-1/#", true, "", true},
            {"/open/open-1/+/quota", true, "", true},
            {"/open/open-1/+/#", true, "", true},
            {"/open/open-2/SN1/quota", false, ""},
            {"/open/open-11/SN1/quota", false, ""},
            {"/open/open-/SN1/quota", false, ""},
            {"/open/+/SN1/quota", false, ""},
            {"/open/+/#", false, ""},
            {"/open/#", false, ""},
            {"/+/open-1/SN1/quota", false, ""},
            {"+/open/open-1/SN1/quota", false, ""},
            {"/#", false, ""},
            {"#", false, ""},
            {"", false, ""},
            {"/open/open-1", false, ""},
            {"open/open-1/SN1/quota", false, ""},
            {"/device/SN1/set", false, ""},
            {"/device/#", false, ""},
            {"$SYS/broker/uptime", false, ""},
        });
}

TEST(Topics, ADeviceMaySubscribeToItsOwnTopicsOnly) {
  check({.role = Role::kDevice, .account = {}, .name = "SN1"},
        {
            {"/device/SN1/set", true, "SN1"},
            {"/device/SN1/get", true, "SN1"},
            {"/device/SN1/#", true, "SN1", true},
            {"/device/SN1/+", true, "SN1", true},
            {"/device/SN2/set", false, ""},
            {"/device/SN11/set", false, ""},
            {"/device/SN/set", false, ""},
            {"/device/+/set", false, ""},
            {"/device/#", false, ""},
            {"#", false, ""},
            {"/open/open-1/SN1/quota", false, ""},
            {"/open/SN1/SN1/quota", false, ""},
        });
}

TEST(Topics, AGatewayMaySubscribeForManyDevices) {
  check({.role = Role::kGateway, .account = {}, .name = "gateway:home"},
        {
            {"/device/SN1/set", true, "SN1"},
            {"/device/SN1/#", true, "SN1", true},
            {"/device/+/set", true, "", true},
            {"/device/#", true, "", true},
            {"/+/SN1/set", false, ""},
            {"#", false, ""},
            {"/open/open-1/SN1/quota", false, ""},
            {"/open/gateway:home/SN1/quota", false, ""},
        });
}

}  // namespace
}  // namespace gridloom::hub
