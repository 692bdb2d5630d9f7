#include "wire/replay_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridloom::wire {
namespace {

using ::testing::HasSubstr;

const TimePoint kNow(Millis(1'671'171'709'428));

SignedRequest request_of(std::string_view key, std::string_view nonce, std::string_view sign = {}) {
  return {.content_type = "",
          .query = "",
          .body = "",
          .access_key = key,
          .nonce = nonce,
          .timestamp = "1671171709428",
          .sign = sign};
}

TEST(ReplayGuard, RefusesASecondTimeAndAnotherTime) {
  const TimePoint now = kNow;
  ReplayGuard guard;
  SignedRequest request = request_of("a key", "345164");
  EXPECT_TRUE(guard.admit(request, now));
  EXPECT_FALSE(guard.admit(request, now));
  EXPECT_EQ(guard.admit(request, now).error().code, ErrorCode::kWrongSignature);
  request.nonce = "345165";
  EXPECT_TRUE(guard.admit(request, now));
  request.access_key = "another";
  EXPECT_TRUE(guard.admit(request, now));

  const std::vector<std::pair<std::string_view, bool>> times = {
      {"1671171409428", true}, {"1671171409427", false},
      {"1671172009428", true}, {"1671172009429", false},
      {"1671171709", false},   {"1671171709428000000", false},
      {"-1", false},           {"99999999999999999999", false}};
  for (const auto& [timestamp, admitted] : times) {
    request.timestamp = timestamp;
    EXPECT_EQ(guard.admit(request, now).has_value(), admitted) << timestamp;
  }
}

TEST(ReplayGuard, ForgetsWhatTheWindowRefusesAnyway) {
  TimePoint now = kNow;
  ReplayGuard guard({.window = Millis(1000), .remembered = 2});
  SignedRequest request = request_of("a key", "345164");
  EXPECT_TRUE(guard.admit(request, now));
  request.nonce = "2";
  EXPECT_TRUE(guard.admit(request, now));
  request.nonce = "3";
  EXPECT_FALSE(guard.admit(request, now));
  EXPECT_EQ(guard.remembered(), 2U);

  now += Millis(1000);
  request.nonce = "2";
  EXPECT_THAT(guard.admit(request, now).error().detail, HasSubstr("used before"));
  now += Millis(1);
  EXPECT_THAT(guard.admit(request, now).error().detail, HasSubstr("away from the server's"));
  request.timestamp = "1671171710429";
  EXPECT_TRUE(guard.admit(request, now));
  EXPECT_EQ(guard.remembered(), 1U);
}

TEST(ReplayGuard, AFullShareRefusesItsOwnKeyOnly) {
  ReplayGuard guard({.window = Millis(1000), .remembered = 3});
  for (const std::string_view nonce : {"1", "2", "3"}) {
    EXPECT_TRUE(guard.admit(request_of("busy", nonce), kNow));
  }
  EXPECT_THAT(guard.admit(request_of("busy", "4"), kNow).error().detail,
              HasSubstr("this access key made more than 3 requests"));
  // No remembered request was dropped, and other keys are not affected.
  EXPECT_THAT(guard.admit(request_of("busy", "1"), kNow).error().detail, HasSubstr("used before"));
  for (const std::string_view nonce : {"1", "2", "3"}) {
    EXPECT_TRUE(guard.admit(request_of("other", nonce), kNow)) << nonce;
  }
}

TEST(ReplayGuard, KeysThatAskNoMoreAreForgotten) {
  ReplayGuard guard({.window = Millis(1000), .remembered = 2});
  for (int i = 0; i < 1000; ++i) {
    const std::string key = std::to_string(i);
    const TimePoint now = kNow + Millis(10 * i);
    const std::string timestamp = std::to_string(unix_ms(now));
    SignedRequest request = request_of(key, "1");
    request.timestamp = timestamp;
    ASSERT_TRUE(guard.admit(request, now));
  }
  EXPECT_LT(guard.remembered(), 500U);
}

TEST(ReplayGuard, ThePatientRuleKnowsTheUnitsOfRealClients) {
  const std::vector<std::pair<std::string_view, bool>> times = {{"1671171709", true},
                                                                {"1671171709428", true},
                                                                {"1671171709428123", true},
                                                                {"1671171709428123456", true},
                                                                {"1671171410", true},
                                                                {"1671171409", false},
                                                                {"1671171409427", false},
                                                                {"1671172009428", true},
                                                                {"1671172009429", false},
                                                                {"1671172010000000000", false},
                                                                {"1000", false},
                                                                {"0", false},
                                                                {"-1671171709428", false},
                                                                {"9223372036854775807", false},
                                                                {"9223372036854775808", false},
                                                                {"1671171709428.5", false}};
  for (const auto& [timestamp, admitted] : times) {
    ReplayGuard guard({}, ReplayRule::kPatient);
    SignedRequest request = request_of("a key", "345164", "ab");
    request.timestamp = timestamp;
    EXPECT_EQ(guard.admit(request, kNow).has_value(), admitted) << timestamp;
  }
}

TEST(ReplayGuard, ThePatientRuleRefusesTheVerySameRequestOnly) {
  ReplayGuard guard({}, ReplayRule::kPatient);
  EXPECT_TRUE(guard.admit(request_of("a key", "1", "ab"), kNow));
  EXPECT_FALSE(guard.admit(request_of("a key", "1", "ab"), kNow));
  EXPECT_FALSE(guard.admit(request_of("a key", "1", "AB"), kNow));  // the same in upper case
  // A client with a constant nonce or a clock in seconds sends different requests with them.
  EXPECT_TRUE(guard.admit(request_of("a key", "1", "cd"), kNow));
  EXPECT_TRUE(guard.admit(request_of("a key", "2", "ab"), kNow));
  EXPECT_TRUE(guard.admit(request_of("another", "1", "ab"), kNow));
}

}  // namespace
}  // namespace gridloom::wire
