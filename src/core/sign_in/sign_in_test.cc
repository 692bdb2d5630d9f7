// What waits for whom when many sign in at once. The answers and the cookies are in
// session_api_test.cc.
#include "sign_in/sign_in.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "registry/password.h"
#include "testing/home.h"
#include "testing/must.h"

namespace gridloom::sign_in {
namespace {

constexpr std::string_view kPassword = "correct horse";
constexpr std::string_view kHome = "198.51.100.7";

using Lane = SignIn::Lane;

// A SignIn whose work waits until the test runs it.
class SignInTest : public testing::Test {
 protected:
  SignInTest() {
    alice = home.add_account("alice");
    home.add_account("bob");
    must(home.registry->set_password(
        {.account = alice, .hash = must(registry::hash_password(kPassword))}));
  }

  bool take(Lane lane, Task task) {
    if (waiting[lane].size() >= bounds.at(static_cast<std::size_t>(lane))) return false;
    waiting[lane].push_back(std::move(task));
    return true;
  }
  void run_all() {
    for (auto& [lane, tasks] : waiting) {
      while (!tasks.empty()) {
        Task task = std::move(tasks.front());
        tasks.pop_front();
        task();
      }
    }
    home.settle();
  }

  template <typename T>
  hub::ReplyTo<T> reply_to(std::string& said) {
    said = "waits";
    return {.loop = &home.client_loop, .done = [&said](const Result<T>& got) {
              said = got ? "done" : std::string(name_of(got.error().code));
            }};
  }
  void by_link(std::string_view token, std::string& said) {
    sign_in.by_link({.token = Secret(std::string(token)), .peer = std::string(kHome), .client = {}},
                    reply_to<registry::NewSession>(said));
    home.settle();
  }
  void by_password(std::string_view account, std::string_view password, std::string_view peer,
                   std::string& said) {
    sign_in.by_password({.account = std::string(account),
                         .password = Secret(std::string(password)),
                         .peer = std::string(peer),
                         .client = {}},
                        reply_to<registry::NewSession>(said));
    home.settle();
  }
  std::string tried(std::string_view account, std::string_view password, std::string_view peer) {
    std::string said;
    by_password(account, password, peer, said);
    run_all();
    return said;
  }
  registry::BrowserSession session_of(registry::AccountId account) {
    return must(home.registry->add_session({.account = account,
                                            .by = registry::SignInBy::kPassword,
                                            .client = {},
                                            .now = home.clock.now()}))
        .session;
  }
  std::string changed(const registry::BrowserSession& session, std::string_view current) {
    std::string said;
    sign_in.set_password({.session = session,
                          .current = Secret(std::string(current)),
                          .fresh = Secret("another horse")},
                         reply_to<SignIn::EndedSessions>(said));
    run_all();
    return said;
  }

  TestHome home;
  registry::AccountId alice{};
  TestClock steady{kTestStart};
  const SignInLimits limits{.waiting_checks = 4, .waiting_ends = 3};
  std::map<Lane, std::deque<Task>> waiting;
  std::vector<std::size_t> bounds = SignIn::lanes(limits);
  SignIn sign_in{{.registry = home.registry.get(),
                  .wall = &home.clock,
                  .steady = &steady,
                  .public_host = {},
                  .work = [this](Lane lane, Task task) { return take(lane, std::move(task)); },
                  .limits = limits}};
};

TEST_F(SignInTest, ALinkThatIsRefusedForTooMuchWorkStaysGood) {
  const Secret token = must(sign_in.make_link("alice"));
  std::string said;
  std::size_t& most = bounds.at(static_cast<std::size_t>(Lane::kLinks));
  most = 0;
  by_link(token.reveal(), said);
  EXPECT_EQ(said, "io");
  most = 1;
  by_link(token.reveal(), said);
  std::string again;
  by_link(token.reveal(), again);
  EXPECT_EQ(again, "unknown_key") << "while its session is being made";
  run_all();
  EXPECT_EQ(said, "done");
  by_link(token.reveal(), said);
  EXPECT_EQ(said, "unknown_key");
}

TEST_F(SignInTest, OneCheckWaitsForAnAccountAndOneForAnAddress) {
  std::string first;
  std::string same_account;
  std::string same_address;
  std::string other;
  by_password("alice", "wrong horses", "192.0.2.1", first);
  by_password("alice", "wrong horses", "192.0.2.2", same_account);
  by_password("bob", "wrong horses", "192.0.2.1", same_address);
  by_password("bob", "wrong horses", "192.0.2.3", other);
  EXPECT_EQ(same_account, "io");
  EXPECT_EQ(same_address, "io");
  EXPECT_EQ(waiting[Lane::kUnknown].size(), 2U);
  run_all();
  EXPECT_EQ(first, "unknown_key");
  EXPECT_EQ(other, "unknown_key");
  EXPECT_EQ(tried("alice", "wrong horses", "192.0.2.1"), "unknown_key") << "nothing waits any more";
}

TEST_F(SignInTest, AsManyChecksWaitAsConfigured) {
  ASSERT_EQ(tried("alice", kPassword, kHome), "done");
  std::vector<std::string> said(limits.waiting_checks + 1);
  for (std::size_t i = 0; i < said.size(); ++i) {
    by_password(fmt::format("nobody{}", i), "wrong horses", fmt::format("192.0.2.{}", i), said[i]);
  }
  EXPECT_EQ(said.back(), "io");
  said.pop_back();
  EXPECT_THAT(said, testing::Each("waits"));
  std::string owner;
  by_password("alice", kPassword, kHome, owner);
  EXPECT_EQ(owner, "waits") << "in another lane";
  run_all();
  EXPECT_THAT(said, testing::Each("unknown_key"));
  EXPECT_EQ(owner, "done");
}

TEST_F(SignInTest, AnIpv6NetworkIsOneAddress) {
  std::string first;
  std::string second;
  by_password("alice", "wrong horses", "2001:db8:1:2::1", first);
  by_password("bob", "wrong horses", "2001:db8:1:2:3::4", second);
  EXPECT_EQ(first, "waits");
  EXPECT_EQ(second, "io");
}

TEST_F(SignInTest, WhereAnAccountSignedInBeforeStrangersAreNotInItsWay) {
  ASSERT_EQ(tried("alice", kPassword, kHome), "done");
  std::string stranger;
  std::string neighbour;
  by_password("alice", "wrong horses", "192.0.2.1", stranger);
  by_password("bob", "wrong horses", kHome, neighbour);
  std::string owner;
  by_password("alice", kPassword, kHome, owner);
  EXPECT_EQ(owner, "waits");
  EXPECT_EQ(waiting[Lane::kKnown].size(), 1U);
  std::string twice;
  by_password("alice", kPassword, kHome, twice);
  EXPECT_EQ(twice, "io");
  run_all();
  EXPECT_EQ(owner, "done");
}

TEST_F(SignInTest, ALinkMakesItsAddressKnown) {
  std::string said;
  by_link(must(sign_in.make_link("alice")).reveal(), said);
  run_all();
  ASSERT_EQ(said, "done");
  for (std::size_t i = 0; i < SignIn::kPasswordFailures; ++i) {
    EXPECT_EQ(tried("alice", "wrong horses", fmt::format("192.0.2.{}", i)), "unknown_key");
  }
  EXPECT_EQ(tried("alice", kPassword, "192.0.2.200"), "conflict");
  EXPECT_EQ(tried("alice", kPassword, kHome), "done");
}

// The limit is asked when an attempt is made, not only when it is queued.
TEST_F(SignInTest, OfAttemptsThatWaitNoMoreAreCheckedThanMayFail) {
  for (std::size_t i = 0; i < SignIn::kPasswordFailures; ++i) {
    EXPECT_EQ(tried("alice", "wrong horses", "192.0.2.1"), "unknown_key");
  }
  EXPECT_EQ(tried("alice", kPassword, "192.0.2.1"), "conflict");
  EXPECT_TRUE(sign_in.wait("alice", "192.0.2.1"));
  steady.pass(*sign_in.wait("alice", "192.0.2.1"));
  EXPECT_EQ(tried("alice", kPassword, "192.0.2.1"), "done");
}

TEST_F(SignInTest, AWrongCurrentIsLimitedAsSigningInIs) {
  ASSERT_EQ(tried("alice", kPassword, kHome), "done");
  const registry::BrowserSession stolen = session_of(alice);
  for (std::size_t i = 0; i < SignIn::kPasswordFailures; ++i) {
    EXPECT_EQ(changed(stolen, "wrong horses"), "no_permission");
  }
  EXPECT_EQ(changed(stolen, kPassword), "conflict") << "unread";
  EXPECT_EQ(changed(session_of(alice), kPassword), "conflict") << "another session";
  EXPECT_EQ(tried("alice", kPassword, kHome), "done") << "signing in has a limit of its own";
  EXPECT_EQ(tried("alice", kPassword, "192.0.2.1"), "done");
  steady.pass(*sign_in.change_wait(alice));
  EXPECT_EQ(changed(stolen, kPassword), "done");
}

TEST_F(SignInTest, StrangersDoNotKeepAnAccountFromChangingItsPassword) {
  for (std::size_t i = 0; i <= SignIn::kPasswordFailures; ++i) {
    tried("alice", "wrong horses", "192.0.2.1");
  }
  EXPECT_EQ(changed(session_of(alice), kPassword), "done");
}

TEST_F(SignInTest, OneChangeOfAnAccountsPasswordWaits) {
  const registry::BrowserSession session = session_of(alice);
  std::string first;
  std::string second;
  for (std::string* said : {&first, &second}) {
    sign_in.set_password(
        {.session = session, .current = Secret("x"), .fresh = Secret("another horse")},
        reply_to<SignIn::EndedSessions>(*said));
  }
  home.settle();
  EXPECT_EQ(first, "waits");
  EXPECT_EQ(second, "io");
  EXPECT_EQ(waiting[Lane::kKnown].size(), 1U);
}

TEST_F(SignInTest, SessionsEndInALaneOfTheirOwnWithABoundForEachAccount) {
  const auto end = [&](const registry::BrowserSession& session, std::string& said) {
    sign_in.end(session.account, session.number, reply_to<bool>(said));
    home.settle();
  };
  std::string stranger;
  by_password("nobody", "wrong horses", "192.0.2.1", stranger);
  const registry::BrowserSession session = session_of(alice);
  std::string first;
  std::string further;
  std::string one_more;
  end(session, first);
  for (int i = 0; i < 2; ++i) end(session, further);
  end(session, one_more);
  EXPECT_EQ(one_more, "io");
  std::string others;
  end(session_of(home.account("bob").id), others);
  EXPECT_EQ(waiting[Lane::kSessions].size(), 4U);
  run_all();
  EXPECT_EQ(first, "done");
  EXPECT_EQ(further, "not_found") << "it had ended";
  EXPECT_EQ(others, "done");
}

}  // namespace
}  // namespace gridloom::sign_in
