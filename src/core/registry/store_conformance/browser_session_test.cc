// Browser sessions and passwords in the registry.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/digest.h"
#include "registry/password.h"
#include "registry/rules.h"
#include "registry/store_conformance/test_stores.h"
#include "registry/test_registry.h"
#include "testing/must.h"

namespace gridloom::registry {
namespace {

constexpr TimePoint kNow{Millis(1'700'000'000'000)};

class BrowserSessions : public StoredRegistryTest {
 protected:
  NewSession add(AccountId whose, TimePoint now = kNow) {
    return must(registry_->add_session(
        {.account = whose, .by = SignInBy::kPassword, .client = "Firefox\n1", .now = now}));
  }
};

INSTANTIATE_TEST_SUITE_P(Stores, BrowserSessions, testing::ValuesIn(store_kinds()), name_of_kind);

TEST_P(BrowserSessions, AreFoundByTheHashOfTheirCookieOnly) {
  const AccountId anna = account("anna");
  const NewSession made = add(anna);
  const std::string text(made.text.reveal());
  EXPECT_EQ(text.size(), 43U);
  const auto check = [&] {
    const auto directory = registry_->directory();
    const BrowserSession* session = directory->find_session(sha256_of(text));
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(directory->sessions_of(anna).size(), 1U);
    EXPECT_EQ(session->account, anna);
    EXPECT_EQ(session->by, SignInBy::kPassword);
    EXPECT_EQ(session->client, "Firefox?1");
    EXPECT_EQ(session->made_ms, unix_ms(kNow));
    EXPECT_EQ(directory->find_session(text), nullptr);
  };
  check();
  reopen();
  check();
  const std::string stored = stored_->content();
  EXPECT_TRUE(stored.contains(made.session.hash));
  EXPECT_FALSE(stored.contains(text));
}

TEST_P(BrowserSessions, EndIfTheyAreIdleAndInAnyCaseAfterHalfAYear) {
  const AccountId anna = account("anna");
  const NewSession made = add(anna);
  const auto session = [&] { return *registry_->directory()->find_session(made.session.hash); };
  EXPECT_FALSE(has_ended(session(), kNow + kSessionIdle - Millis(1)));
  EXPECT_TRUE(has_ended(session(), kNow + kSessionIdle));
  TimePoint used = kNow;
  while (used + kSessionIdle < kNow + kSessionLife) {
    used += kSessionIdle - Millis(1);
    must(registry_->use_session(made.session.hash, used));
    reopen();
    EXPECT_EQ(session().used_ms, unix_ms(used));
  }
  EXPECT_FALSE(has_ended(session(), kNow + kSessionLife - Millis(1)));
  EXPECT_TRUE(has_ended(session(), kNow + kSessionLife));
  must(registry_->use_session(made.session.hash, kNow));
  EXPECT_EQ(session().used_ms, unix_ms(used)) << "an earlier use changes nothing";
}

TEST_P(BrowserSessions, OfOneAccountAreBoundedAndTheLeastUsedGoes) {
  const AccountId anna = account("anna");
  const NewSession first = add(anna);
  const NewSession second = add(anna, kNow + Millis(1));
  EXPECT_TRUE(second.ended.empty());
  for (std::size_t i = 2; i < kSessionsPerAccount; ++i) add(anna, kNow + Millis(2));
  must(registry_->use_session(first.session.hash, kNow + Millis(3)));
  const NewSession further = add(anna, kNow + Millis(4));
  ASSERT_EQ(further.ended.size(), 1U) << "who ended is told";
  EXPECT_EQ(further.ended[0].number, second.session.number);
  EXPECT_FALSE(further.ended[0].is_over);
  const auto directory = registry_->directory();
  EXPECT_EQ(directory->sessions_of(anna).size(), kSessionsPerAccount);
  EXPECT_NE(directory->find_session(first.session.hash), nullptr);
  EXPECT_EQ(directory->find_session(second.session.hash), nullptr);
  const NewSession later = add(anna, kNow + kSessionLife);
  EXPECT_EQ(later.ended.size(), kSessionsPerAccount);
  EXPECT_TRUE(later.ended[0].is_over);
  EXPECT_EQ(registry_->directory()->sessions_of(anna).size(), 1U) << "ended ones go first";
}

TEST_P(BrowserSessions, EndOneByOneAndWithTheirAccount) {
  const AccountId anna = account("anna");
  const AccountId bert = account("bert");
  const NewSession made = add(anna);
  const NewSession other = add(anna);
  expect_fault(registry_->end_session(bert, made.session.number), ErrorCode::kNotFound,
               fmt::format("the account has no session {}", made.session.number));
  must(registry_->end_session(anna, made.session.number));
  EXPECT_EQ(registry_->directory()->find_session(made.session.hash), nullptr);
  EXPECT_FALSE(registry_->use_session(made.session.hash, kNow));
  must(registry_->remove_account("anna"));
  EXPECT_EQ(registry_->directory()->find_session(other.session.hash), nullptr);
  reopen();
  EXPECT_EQ(registry_->directory()->find_session(other.session.hash), nullptr);
  EXPECT_FALSE(registry_->add_session({.account = anna, .client = {}, .now = kNow}));
}

TEST_P(BrowserSessions, ANewPasswordEndsTheOthers) {
  const AccountId anna = account("anna");
  const NewSession kept = add(anna);
  const NewSession ended = add(anna);
  const Secret hash = must(hash_password("correct horse"));
  const auto told = must(registry_->set_password(
      {.account = anna, .hash = hash, .keeps_session = kept.session.number}));
  ASSERT_EQ(told.size(), 1U) << "who ended is told";
  EXPECT_EQ(told[0].number, ended.session.number);
  for (int round = 0; round < 2; ++round, reopen()) {
    const auto directory = registry_->directory();
    EXPECT_NE(directory->find_session(kept.session.hash), nullptr);
    EXPECT_EQ(directory->find_session(ended.session.hash), nullptr);
    EXPECT_TRUE(password_matches(directory->find_account(anna)->password_hash, "correct horse"));
  }
  const std::string stored = stored_->content();
  EXPECT_NE(stored.contains("argon2id"), GetParam().seals);
  must(registry_->set_password({.account = anna, .hash = must(hash_password("another one"))}));
  EXPECT_TRUE(registry_->directory()->sessions_of(anna).empty());
}

TEST(Passwords, MatchTheirOwnHashOnly) {
  const Secret hash = must(hash_password("correct horse"));
  EXPECT_TRUE(hash.reveal().starts_with("$argon2id$v=19$m=19456,t=3,p=1$")) << hash.reveal();
  EXPECT_TRUE(password_matches(hash, "correct horse"));
  EXPECT_FALSE(password_matches(hash, "correct horsf"));
  EXPECT_FALSE(password_matches(hash, ""));
  EXPECT_FALSE(password_matches(Secret(), ""));
  EXPECT_FALSE(password_matches(Secret(), "nobody has this password"));
  EXPECT_FALSE(hash.matches(must(hash_password("correct horse")))) << "each has a salt";
}

TEST(Passwords, HaveALength) {
  EXPECT_FALSE(check_password("nineChar9"));
  EXPECT_TRUE(check_password("tenCharac0"));
  EXPECT_FALSE(check_password("ääääääääa")) << "characters count, not bytes";
  std::string longest = "a few words that do not belong";
  while (longest.size() < kPasswordMaxBytes)
    longest += static_cast<char>('!' + longest.size() * 7 % 90);
  EXPECT_TRUE(check_password(longest));
  expect_fault(check_password(longest + "x"), ErrorCode::kBadParams,
               "a password has 10 characters to 256 bytes");
}

TEST(Passwords, ThatEveryGuesserTriesFirstAreRefusedWithTheReason) {
  struct Row {
    std::string_view password;
    std::string_view why;
  };
  for (const Row& row : {Row{"aaaaaaaaaa", "too few different characters"},
                         {"abababababab", "too few different characters"},
                         {"Sonne12Sonne12", "repeats a shorter one"},
                         {"1234567890", "is a sequence"},
                         {"0987654321", "is a sequence"},
                         {"abcdefghij", "is a sequence"},
                         {"qwertyuiop", "is a sequence"},
                         {"QwertzUiop123", "is a sequence"},
                         {"Password123", "is a common word"},
                         {"passwort2026!", "is a common word"},
                         {"!!gridloom!!1", "is a common word"}}) {
    const Status checked = check_password(row.password);
    ASSERT_FALSE(checked) << row.password;
    EXPECT_TRUE(checked.error().detail.contains(row.why)) << checked.error().detail;
    EXPECT_FALSE(checked.error().detail.contains(row.password)) << checked.error().detail;
  }
  for (const std::string_view good : {"correct horse", "tenCharac0", "Sonne12Mond34", "kJ8#vQ2!xR",
                                      "ben-password-1", "drei Zebras im Schnee"}) {
    EXPECT_TRUE(check_password(good)) << good;
  }
}

}  // namespace
}  // namespace gridloom::registry
