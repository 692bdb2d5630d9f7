// Limits by address and by credential, before any work is spent on a request.
#include "api/gate/admission.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <stop_token>

namespace gridloom::api {
namespace {

using testing::Contains;
using testing::Pair;

constexpr TimePoint kNow{Millis(1'700'000'000'000)};
constexpr registry::AccountId kAccount{7};
const AnswerForm kForm(AnswerForm::Style::kPlain);

// Remembers whose request its connection was told to be.
class Connection final : public http::Waiting {
 public:
  [[nodiscard]] std::stop_token gone() override { return {}; }
  void signed_by(std::int64_t account) override { told = account; }
  std::int64_t told = 0;
};

http::Request request_from(std::string_view peer) {
  http::Request request;
  request.peer = peer;
  return request;
}

TEST(Admission, WithoutLimitsEveryRequestIsAdmitted) {
  const Admission admission({});
  const http::Request request = request_from("198.51.100.7");
  EXPECT_FALSE(admission.check_credit(request, "key", kForm, kNow));
  EXPECT_FALSE(admission.check_rate(request, "key", kAccount, kForm, kNow));
}

TEST(Admission, AnAddressWithoutCreditIsRefusedAndToldHowLong) {
  FailureBudget failures(1);
  const Admission admission({.failures = &failures});
  const http::Request request = request_from("198.51.100.7");
  EXPECT_FALSE(admission.check_credit(request, "key", kForm, kNow));
  failures.failed(request.peer, "key", kNow);
  const auto refused = admission.check_credit(request, "key", kForm, kNow);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429U);
  EXPECT_THAT(refused->headers, Contains(Pair("Retry-After", testing::Not(""))));
  EXPECT_FALSE(admission.check_credit(request_from("198.51.100.8"), "other", kForm, kNow));
}

TEST(Admission, ARateIsOfACredentialAndCheckingItsCreditTakesNothing) {
  RequestRate rate(1);
  const Admission admission({.rate = &rate});
  const http::Request request = request_from("198.51.100.7");
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(admission.check_credit(request, "key", kForm, kNow)) << i;
  }
  EXPECT_FALSE(admission.check_rate(request, "key", kAccount, kForm, kNow));
  const auto refused = admission.check_rate(request, "key", kAccount, kForm, kNow);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 429U);
  EXPECT_TRUE(admission.check_credit(request, "key", kForm, kNow));
  EXPECT_FALSE(admission.check_rate(request, "another", kAccount, kForm, kNow));
}

TEST(Admission, TheConnectionLearnsWhoseRequestItIs) {
  const Admission admission({});
  const auto connection = std::make_shared<Connection>();
  http::Request request = request_from("198.51.100.7");
  request.waiting = connection;
  EXPECT_FALSE(admission.check_credit(request, "key", kForm, kNow));
  EXPECT_EQ(connection->told, 0) << "nobody has asked yet";
  EXPECT_FALSE(admission.check_rate(request, "key", kAccount, kForm, kNow));
  EXPECT_EQ(connection->told, 7);
}

}  // namespace
}  // namespace gridloom::api
