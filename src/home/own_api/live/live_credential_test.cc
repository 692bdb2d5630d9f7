#include "own_api/live/live_credential.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

#include "testing/home.h"

namespace gridloom::api {
namespace {

class LiveCredentialTest : public testing::Test {
 protected:
  LiveCredentialTest() {
    alice = home.add_account("alice");
    const auto made = must(home.registry->add_session({.account = alice, .now = home.clock.now()}));
    session = made.session;
    token = must(home.registry->add_token({.name = "page",
                                           .account = "alice",
                                           .now = home.clock.now(),
                                           .valid_for = Millis(1000)}))
                .token;
  }
  [[nodiscard]] LiveCredential credential(LiveCaller caller) const {
    return {std::move(caller), home.registry->directory()};
  }
  [[nodiscard]] std::string why(const LiveCredential& credential, Millis later = {}) const {
    return std::string(credential.why_ended(home.clock.now() + later).value_or("good"));
  }

  TestHome home{1};
  registry::AccountId alice{};
  registry::BrowserSession session;
  registry::Token token;
};

TEST_F(LiveCredentialTest, ATokenEndsAtItsTime) {
  const LiveCredential by_token = credential({.account = alice, .token = token.hash});
  EXPECT_EQ(why(by_token, Millis(999)), "good");
  EXPECT_EQ(why(by_token, Millis(1000)), "the token has ended");
}

TEST_F(LiveCredentialTest, ACredentialThatWasTakenBackHasEnded) {
  LiveCredential by_token = credential({.account = alice, .token = token.hash});
  LiveCredential by_session = credential({.account = alice, .session = session.hash});
  EXPECT_EQ(why(by_session), "good");
  must(home.registry->remove_token(token.number));
  must(home.registry->end_session(alice, session.number));
  EXPECT_EQ(why(by_token), "good") << "the directory is still the former one";
  static_cast<void>(by_token.use(home.registry->directory()));
  static_cast<void>(by_session.use(home.registry->directory()));
  EXPECT_EQ(why(by_token), "the token has ended");
  EXPECT_EQ(why(by_session), "signed out");
}

TEST_F(LiveCredentialTest, ItSaysWhetherRightsWereRevokedMeanwhile) {
  home.add_device("R331ZEB4ZEAL0528", "alice");
  LiveCredential by_session = credential({.account = alice, .session = session.hash});
  EXPECT_FALSE(by_session.use(home.registry->directory())) << "it is the same";
  home.add_account("bob");
  EXPECT_FALSE(by_session.use(home.registry->directory())) << "nobody has fewer rights";
  must(home.registry->remove_device("R331ZEB4ZEAL0528"));
  EXPECT_TRUE(by_session.use(home.registry->directory()));
  EXPECT_EQ(&by_session.directory(), home.registry->directory().get());
}

}  // namespace
}  // namespace gridloom::api
