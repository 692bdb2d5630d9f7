// Injected platform faults of the API: their effect, and that they end when they were told to.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/test_api.h"

namespace gridloom::api {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::Pair;
using testing::StartsWith;

class ApiFaultsTest : public ApiTest {
 protected:
  void set_rules(std::vector<FaultRule> rules) { home.platform.fault_injector.set(rules); }
  std::optional<http::Response> list(std::string_view as = "alice") {
    http::Request made = request(http::Method::kGet, "device/list");
    sign_as(made, key_of(as));
    return start(std::move(made));
  }
};

TEST_F(ApiFaultsTest, RefusesGoodSignaturesOrAsksToRetryLater) {
  set_rules({{.fault = "refused_sign", .account = "alice"}});
  EXPECT_EQ(get("device/list"), golden("8521", "signature is wrong"));
  EXPECT_THAT(get("device/list", {}, "bob"), StartsWith(R"({"code":"0")"));
  set_rules({{.fault = "too_many_requests", .value = 2.5}});
  const auto answer = list();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 429U);
  EXPECT_THAT(answer->headers, Contains(Pair("Retry-After", "3")));
  set_rules({});
  EXPECT_EQ(list()->status, 200U);
}

TEST_F(ApiFaultsTest, AnswersNullDataForOneDevice) {
  set_rules({{.fault = "null_data", .sn = std::string(kSn)}});
  EXPECT_EQ(get("device/quota/all", fmt::format("sn={}", kSn)), golden("0", "Success", "null"));
  EXPECT_EQ(get("device/quota/all", fmt::format("sn={}", kOcean)), golden("0", "Success", "{}"));
  set_rules({});
  EXPECT_THAT(get("device/quota/all", fmt::format("sn={}", kSn)), HasSubstr("pd.soc"));
}

TEST_F(ApiFaultsTest, RefusesTheValuesOfSetsOnly) {
  const std::string valid = fmt::format(R"({{"sn":"{}","params":{{"quotas":["pd.soc"]}}}})", kSn);
  set_rules({{.fault = "refused_value", .sn = std::string(kSn)}});
  EXPECT_EQ(send(http::Method::kPut, "device/quota", valid),
            golden("8524", "the value is not valid"));
  EXPECT_THAT(send(http::Method::kPost, "device/quota", valid), StartsWith(R"({"code":"0")"));
}

TEST_F(ApiFaultsTest, ListsADeviceWhoseQuotasTheAccountMayNotSee) {
  const std::string not_allowed =
      golden("1006", "current device is not allowed to get device info");
  const std::string read = fmt::format(R"({{"sn":"{}","params":{{"quotas":["pd.soc"]}}}})", kSn);
  set_rules({{.fault = "model_not_allowed", .sn = std::string(kSn)}});
  EXPECT_THAT(get("device/list"), HasSubstr(kSn));
  EXPECT_EQ(get("device/quota/all", fmt::format("sn={}", kSn)), not_allowed);
  EXPECT_EQ(send(http::Method::kPost, "device/quota", read), not_allowed);
  EXPECT_EQ(send(http::Method::kPut, "device/quota", read), not_allowed);
  EXPECT_EQ(get("device/quota/all", fmt::format("sn={}", kOcean)), golden("0", "Success", "{}"));
}

TEST_F(ApiFaultsTest, AnswersReadsWithTextsInPlaceOfNumbers) {
  set_rules({{.fault = "text_values", .sn = std::string(kSn)}});
  const std::string read = fmt::format(R"({{"sn":"{}","params":{{"quotas":["pd.soc"]}}}})", kSn);
  EXPECT_THAT(send(http::Method::kPost, "device/quota", read),
              HasSubstr(R"("data":{"pd.soc":"5"})"));
  EXPECT_THAT(get("device/quota/all", fmt::format("sn={}", kSn)), HasSubstr(R"("pd.soc":"5")"));
}

TEST_F(ApiFaultsTest, AFailureHasNoDataToMakeTextsOf) {
  const std::string failed = get("device/quota/all", "sn=NONE");
  EXPECT_THAT(failed, Not(StartsWith(R"({"code":"0")")));
  set_rules({{.fault = "text_values"}});
  EXPECT_EQ(get("device/quota/all", "sn=NONE"), failed);
}

TEST_F(ApiFaultsTest, ClosesOrResetsConnections) {
  for (const auto& [fault, ending] : {std::pair{"dropped_connection", http::Ending::kClosed},
                                      {"reset_connection", http::Ending::kReset}}) {
    set_rules({{.fault = fault}});
    const auto answer = list();
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->ending, ending);
  }
}

TEST_F(ApiFaultsTest, DelaysAnswers) {
  set_rules({{.fault = "slow_answer", .value = 2}});
  EXPECT_FALSE(list());
  home.clock.pass(Millis(1999));
  api.tick();
  EXPECT_FALSE(response);
  home.clock.pass(Millis(1));
  api.tick();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 200U);
}

TEST_F(ApiFaultsTest, ListsOnlineDevicesAsOffline) {
  EXPECT_THAT(get("device/list"), HasSubstr(R"("online":1)"));
  set_rules({{.fault = "stale_offline", .sn = std::string(kSn)}});
  EXPECT_THAT(get("device/list"), Not(HasSubstr(R"("online":1)")));
}

}  // namespace
}  // namespace gridloom::api
