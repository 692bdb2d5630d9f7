// Which filters an identity may use.
#include "hub/clients/topic_rights.h"

#include <gtest/gtest.h>

#include <string_view>
#include <vector>

namespace gridloom::hub {
namespace {

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

TEST(TopicRights, AnAccountMaySubscribeToItsOwnTopicsOnly) {
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

TEST(TopicRights, ADeviceMaySubscribeToItsOwnTopicsOnly) {
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

TEST(TopicRights, AGatewayMaySubscribeForManyDevices) {
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
