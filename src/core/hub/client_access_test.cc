#include "hub/client_access.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "hub/clients/test_journal.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

class ClientAccessTest : public testing::Test {
 protected:
  ClientAccessTest() {
    home.add_account("alice");
    home.add_device(kDelta2Sn, "alice");
  }
  [[nodiscard]] Identity alice() const {
    const registry::Account account = home.account("alice");
    return must(access.sign_in(account.certificate_account, account.certificate_password));
  }

  TestHome home{1};
  ClientAccess access{home.platform};
};

TEST_F(ClientAccessTest, ANameAndItsPasswordAreOneIdentity) {
  const registry::Account account = home.account("alice");
  struct Case {
    std::string user;
    Secret password;
    Role role{};
  };
  const std::vector<Case> cases = {
      {.user = account.certificate_account,
       .password = account.certificate_password,
       .role = Role::kAccount},
      {.user = kDelta2Sn, .password = home.device(kDelta2Sn).key, .role = Role::kDevice},
      {.user = "gateway:alice", .password = account.gateway_key, .role = Role::kGateway}};
  for (const Case& each : cases) {
    const Identity who = must(access.sign_in(each.user, each.password));
    EXPECT_EQ(who.role, each.role) << each.user;
    EXPECT_EQ(who.name, each.user);
    EXPECT_EQ(who.account, account.id);
    EXPECT_EQ(access.sign_in(each.user, Secret("another")).error().code, ErrorCode::kUnknownKey);
    const auto found = access.identity_of(each.user);
    ASSERT_TRUE(found) << each.user;
    EXPECT_EQ(found->generation, who.generation);
  }
  EXPECT_FALSE(access.sign_in("nobody", Secret("another")));
  EXPECT_FALSE(access.identity_of("nobody"));
}

TEST_F(ClientAccessTest, ACredentialIsValidUntilItIsReplaced) {
  const Identity who = must(access.sign_in(kDelta2Sn, home.device(kDelta2Sn).key));
  EXPECT_TRUE(access.still_valid(who));
  static_cast<void>(must(home.registry->rotate_device(kDelta2Sn)));
  EXPECT_FALSE(access.still_valid(who));
}

TEST_F(ClientAccessTest, OnlyANameThatExistsIsShown) {
  EXPECT_EQ(access.shown_user(kDelta2Sn), kDelta2Sn);
  EXPECT_NE(access.shown_user("a secret in the wrong place"), "a secret in the wrong place");
}

TEST_F(ClientAccessTest, ARefusalThatNamesAnAccountIsAuditedAfterManyThatDoNot) {
  FakeJournal journal;
  home.platform.journal = &journal;
  for (int i = 0; i < 2000; ++i) {
    const std::string from = fmt::format("10.0.{}.{}", i / 250, i % 250);
    home.hub->record_access({.from = from, .refused = "no"});
  }
  const std::string certificate = home.account("alice").certificate_account;
  for (const std::string& name :
       {std::string("alice"), kDelta2Sn, std::string("gateway:alice"), certificate}) {
    const std::size_t before = journal.records.size();
    home.hub->record_access({.who = name, .from = "10.0.0.1", .refused = "no"});
    EXPECT_EQ(journal.records.size(), before + 1) << name;
  }
  home.platform.journal = nullptr;
}

TEST_F(ClientAccessTest, AnAccountsClientIdsOfADayAreLimited) {
  home.platform.config.client_ids_a_day = 2;
  const Identity who = alice();
  EXPECT_TRUE(access.admit(who, "1"));
  EXPECT_TRUE(access.admit(who, "2"));
  EXPECT_EQ(access.admit(who, "3").error().code, ErrorCode::kNoPermission);
  EXPECT_TRUE(access.admit(who, "1")) << "one that was used today";
  for (const std::string_view id : {"1", "2", "3"})
    EXPECT_TRUE(access.admit({.role = Role::kDevice, .name = kDelta2Sn}, id));
}

TEST_F(ClientAccessTest, AFaultTakesWildcardsFromAppsAlone) {
  const std::string all = home.open("alice", "#");
  const Identity gateway = must(access.sign_in("gateway:alice", home.account("alice").gateway_key));
  EXPECT_TRUE(access.grant(alice(), all).granted);
  EXPECT_FALSE(access.grant(gateway, all).granted) << "the topics of apps";
  home.platform.fault_injector.set({{.fault = "no_wildcards"}});
  EXPECT_FALSE(access.grant(alice(), all).granted);
  EXPECT_EQ(access.grant(alice(), home.open("alice", kDelta2Sn + "/quota")).sn, kDelta2Sn);
  EXPECT_TRUE(access.grant(gateway, "/device/+/set").granted);
}

}  // namespace
}  // namespace gridloom::hub
