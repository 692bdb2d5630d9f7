#include "mqtt/connection.h"

#include <gtest/gtest.h>

#include <string>

#include "testing/home.h"

namespace gridloom::mqtt {
namespace {

class SignInTest : public testing::Test {
 protected:
  SignInTest() { home_.add_account("anna"); }

  [[nodiscard]] wire::mqtt::ConnectRequest request(const Secret& password) const {
    wire::mqtt::ConnectRequest request;
    request.username = home_.account("anna").certificate_account;
    request.password = password;
    return request;
  }
  [[nodiscard]] wire::mqtt::ConnectRequest good() const {
    return request(home_.account("anna").certificate_password);
  }

  TestHome home_;
  FailureBudget failures_{1};
  ServerContext server_{.hub = home_.hub.get(), .clock = &home_.clock};
};

TEST_F(SignInTest, TellsWhoHasTheCredentials) {
  const auto identity = sign_in(server_, "192.0.2.1", good());
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->role, hub::Role::kAccount);
  EXPECT_EQ(identity->name, home_.account("anna").certificate_account);
}

TEST_F(SignInTest, RefusesWrongAndMissingCredentials) {
  for (const auto& wrong : {request(Secret("wrong")), wire::mqtt::ConnectRequest{}}) {
    const auto refused = sign_in(server_, "192.0.2.1", wrong);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason, wire::mqtt::Reason::kBadUserNameOrPassword);
    EXPECT_NE(refused.error().why, "");
  }
}

TEST_F(SignInTest, AnAddressThatGuessesIsRefusedUntilItsBudgetIsBack) {
  server_.failures = &failures_;
  EXPECT_FALSE(sign_in(server_, "192.0.2.1", request(Secret("wrong"))));
  const auto refused = sign_in(server_, "192.0.2.1", good());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, wire::mqtt::Reason::kConnectionRateExceeded);
  EXPECT_TRUE(refused.error().why.contains("try again in")) << refused.error().why;
  EXPECT_TRUE(sign_in(server_, "198.51.100.1", good())) << "another address";
  home_.clock.pass(Millis(61'000));
  EXPECT_TRUE(sign_in(server_, "192.0.2.1", good()));
}

}  // namespace
}  // namespace gridloom::mqtt
