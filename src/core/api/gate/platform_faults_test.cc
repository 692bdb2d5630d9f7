// Injected platform faults on their own; their effects on the routes are in api_faults_test.cc.
#include "api/gate/platform_faults.h"

#include <gtest/gtest.h>

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "testing/home.h"

namespace gridloom::api {
namespace {

class PlatformFaultsTest : public testing::Test {
 protected:
  void set_rules(std::vector<FaultRule> rules) { home.platform.fault_injector.set(rules); }
  // Whether the request is still to be answered; answers it then.
  bool apply(std::string_view path) {
    http::Request request;
    request.path = path;
    answer.reset();
    Callback<http::Response> done = [this](http::Response got) { answer = std::move(got); };
    if (!faults.apply(request, alice, "SN", form, done)) return false;
    done(form.success(R"({"a":1})"));
    return true;
  }

  TestHome home;
  registry::AccountId alice = home.add_account("alice");
  PlatformFaults faults{home.platform};
  AnswerForm form{AnswerForm::Style::kEnvelope};
  std::optional<http::Response> answer;
};

TEST_F(PlatformFaultsTest, WithoutRulesNothingHappens) {
  EXPECT_TRUE(apply("/iot-open/sign/device/list"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 200U);
}

TEST_F(PlatformFaultsTest, ARefusalComesInPlaceOfTheAnswer) {
  set_rules({{.fault = "reset_connection"}});
  EXPECT_FALSE(apply("/iot-open/sign/device/list"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->ending, http::Ending::kReset);
}

TEST_F(PlatformFaultsTest, ALateAnswerIsSentWhenItIsDue) {
  set_rules({{.fault = "slow_answer", .value = 1}});
  EXPECT_TRUE(apply("/iot-open/sign/device/list"));
  EXPECT_FALSE(answer);
  faults.tick();
  EXPECT_FALSE(answer);
  home.clock.pass(Millis(1000));
  faults.tick();
  EXPECT_TRUE(answer);
}

TEST_F(PlatformFaultsTest, NumbersBecomeTextsOnTheSignedInterfaceAlone) {
  set_rules({{.fault = "text_values"}});
  EXPECT_TRUE(apply("/iot-open/sign/device/quota/all"));
  EXPECT_TRUE(whole_body(*answer).contains(R"("data":{"a":"1"})"));
  EXPECT_TRUE(apply("/api/v1/devices/SN/all"));
  EXPECT_TRUE(whole_body(*answer).contains(R"("data":{"a":1})"));
}

}  // namespace
}  // namespace gridloom::api
