// Which sign-ins and uses of credentials are written down, and how often.
#include "hub/clients/access_audit.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "hub/clients/test_journal.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

TEST(AccessAuditTest, AreWrittenDownAndRefusedOnesNotOften) {
  FakeJournal journal;
  AccessAudit audit;
  const AccessEvent good{.who = "anna", .client = "app", .from = "127.0.0.1:4711"};
  AccessEvent bad = good;
  bad.refused = "no";
  audit.record(journal, kTestStart, good);
  for (int i = 0; i < 1000; ++i) audit.record(journal, kTestStart, bad);
  ASSERT_EQ(journal.records.size(), 11);
  EXPECT_EQ(journal.records[0].payload,
            R"({"at":1700000000000,"what":"sign-in","who":"anna","through":"mqtt","client":"app",)"
            R"("from":"127.0.0.1:4711","outcome":"accepted"})");
  EXPECT_EQ(journal.records[1].payload,
            R"({"at":1700000000000,"what":"sign-in","who":"anna","through":"mqtt","client":"app",)"
            R"("from":"127.0.0.1:4711","outcome":"refused","why":"no"})");
  EXPECT_FALSE(journal.records[0].durable) << "nobody waits for the disk";
  audit.record(journal, kTestStart + std::chrono::hours(1), bad);
  EXPECT_EQ(member_of(journal.records.back().payload, "leftOut"), "990");
  // A journal that is behind gets no entries; all of them are counted.
  journal.is_behind = true;
  for (int i = 0; i < 5; ++i) audit.record(journal, kTestStart, good);
  journal.is_behind = false;
  audit.record(journal, kTestStart, good);
  EXPECT_EQ(member_of(journal.records.back().payload, "leftOut"), "5");
}

// How many events the entries stand for: themselves, and those that they say were left out.
std::uint64_t events_of(const FakeJournal& journal) {
  std::uint64_t events = journal.records.size();
  for (const auto& record : journal.records) {
    if (!record.payload.contains("leftOut")) continue;
    events += std::stoull(member_of(record.payload, "leftOut"));
  }
  return events;
}

TEST(AccessAuditTest, StrangersAtManyAddressesDoNotFillTheDisk) {
  FakeJournal journal;
  AccessAudit audit;
  constexpr std::size_t kAddresses = 20'000;
  // One after another through a day and a half.
  const auto step = std::chrono::duration_cast<Millis>(std::chrono::hours(36)) / kAddresses;
  std::size_t of_first_day = 0;
  for (std::size_t i = 0; i < kAddresses; ++i) {
    const TimePoint now = kTestStart + step * i;
    const std::string from = fmt::format("10.{}.{}.{}", i % 7, i / 7 % 250, i / 1750);
    audit.record(journal, now, {.from = from, .refused = "no"});
    if (now - kTestStart < std::chrono::hours(24)) of_first_day = journal.records.size();
  }
  EXPECT_GE(of_first_day, AccessAudit::kRefusedADay);
  EXPECT_LE(of_first_day, AccessAudit::kRefusedADay + 24 * 60);
  EXPECT_LE(journal.records.size(), 2 * AccessAudit::kRefusedADay + 36 * 60);
  EXPECT_GT(events_of(journal), kAddresses - 100) << "entries say how many they stand for";
}

TEST(AccessAuditTest, NeighboursInANetworkShareTheirEntries) {
  FakeJournal journal;
  AccessAudit audit;
  for (int i = 1; i < 1000; ++i) {
    const std::string from = fmt::format("2001:db8::{:x}", i);
    audit.record(journal, kTestStart, {.from = from, .refused = "no"});
  }
  EXPECT_EQ(journal.records.size(), AccessAudit::kRefusedAnHour);
  audit.record(journal, kTestStart, {.from = "2001:db8:0:1::1", .refused = "no"});
  EXPECT_EQ(journal.records.size(), AccessAudit::kRefusedAnHour + 1);
}

TEST(AccessAuditTest, AnAccountThatExistsHasRefusalsOfItsOwn) {
  FakeJournal journal;
  AccessAudit audit;
  for (int i = 0; i < 2000; ++i) {
    const std::string from = fmt::format("10.0.{}.{}", i / 250, i % 250);
    audit.record(journal, kTestStart,
                 {.who = "", .through = "token", .from = from, .refused = "no"});
  }
  EXPECT_EQ(journal.records.size(), AccessAudit::kRefusedADay);
  const auto guess = [&](TimePoint now, std::int64_t account) {
    const std::size_t before = journal.records.size();
    for (int i = 0; i < 100; ++i) {
      audit.record(
          journal, now,
          {.who = "dora", .from = "10.0.0.1", .refused = "no", .account = AccountId{account}});
    }
    return journal.records.size() - before;
  };
  EXPECT_EQ(guess(kTestStart, 1), AccessAudit::kRefusedOfAccountAnHour);
  EXPECT_EQ(guess(kTestStart, 2), AccessAudit::kRefusedOfAccountAnHour);
  EXPECT_GE(guess(kTestStart + std::chrono::hours(1), 1), AccessAudit::kRefusedOfAccountAnHour);
  EXPECT_GT(events_of(journal), 2000 + 2 * 20);
}

TEST(AccessAuditTest, AUseIsTheFirstOncePerAddressAndDay) {
  AccessAudit audit;
  EXPECT_TRUE(audit.is_first_use("token", "10.0.0.1", kTestStart));
  EXPECT_FALSE(audit.is_first_use("token", "10.0.0.1", kTestStart));
  EXPECT_TRUE(audit.is_first_use("token", "10.0.0.2", kTestStart));
  EXPECT_TRUE(audit.is_first_use("other", "10.0.0.1", kTestStart));
  const TimePoint next = kTestStart + AccessAudit::kUseStep;
  EXPECT_FALSE(audit.is_first_use("token", "10.0.0.1", next - Millis(1)));
  EXPECT_TRUE(audit.is_first_use("token", "10.0.0.1", next));
  EXPECT_FALSE(audit.is_first_use("token", "10.0.0.1", next + Millis(1)));
}

TEST(AccessAuditTest, WhatAClientSaysOfItselfIsPrintable) {
  FakeJournal journal;
  AccessAudit audit;
  audit.record(journal, kTestStart,
               {.what = journal::audit_kind("session.end"),
                .who = "anna",
                .through = "session",
                .by = by_session(3),
                .client = "Fire\x1b[2J\n\xe2\x80\xae\xff",
                .from = "10.0.0.1",
                .session = 2});
  EXPECT_EQ(journal.records.at(0).payload,
            R"({"at":1700000000000,"what":"session.end","who":"anna","through":"session",)"
            R"("by":"session 3","session":2,"client":"Fire?[2J???","from":"10.0.0.1"})");
}

TEST(AccessAuditTest, TenSignInsAMinuteOfOneClientAreAudited) {
  FakeJournal journal;
  AccessAudit audit;
  const AccessEvent again{.who = "anna", .client = "app", .from = "127.0.0.1:4711"};
  for (int i = 0; i < 1000; ++i) audit.record(journal, kTestStart + Millis(i), again);
  EXPECT_EQ(journal.records.size(), 10);
  AccessEvent other = again;
  other.client = "phone";
  audit.record(journal, kTestStart + Millis(2000), other);
  ASSERT_EQ(journal.records.size(), 11);
  EXPECT_EQ(member_of(journal.records.back().payload, "leftOut"), "");
  audit.record(journal, kTestStart + Millis(60'000), again);
  ASSERT_EQ(journal.records.size(), 12);
  EXPECT_EQ(member_of(journal.records.back().payload, "leftOut"), "990");
  audit.record(journal, kTestStart + Millis(60'001), again);
  EXPECT_EQ(member_of(journal.records.back().payload, "leftOut"), "");
}

TEST(AccessAuditTest, SixtySignInsAMinuteOfOneUserAreAudited) {
  FakeJournal journal;
  AccessAudit audit;
  for (int i = 0; i < 10'000; ++i) {
    const std::string id = fmt::format("app-{}", i);
    audit.record(journal, kTestStart, {.who = "evil", .client = id, .from = "127.0.0.1"});
  }
  EXPECT_EQ(journal.records.size(), 60);
  audit.record(journal, kTestStart, {.who = "dora", .client = "app", .from = "127.0.0.1"});
  ASSERT_EQ(journal.records.size(), 61);
  EXPECT_EQ(member_of(journal.records.back().payload, "leftOut"), "");
  audit.record(journal, kTestStart + Millis(60'000),
               {.who = "evil", .client = "app", .from = "127.0.0.1"});
  EXPECT_EQ(member_of(journal.records.back().payload, "leftOut"), "9940");
}

TEST(AccessAuditTest, ManyClientsOfOneUserPushNobodyOut) {
  constexpr int kDevices = 200;
  constexpr int kMinutes = 10;
  FakeJournal journal;
  AccessAudit audit;
  const auto minute = [](int number) { return kTestStart + std::chrono::minutes(number); };
  std::uint64_t events = 0;
  for (int i = 0; i < kMinutes; ++i) {
    for (int k = 0; k < kDevices * 5 * 11; ++k) {
      const std::string sn = fmt::format("device-{}", k % kDevices);
      const std::string id = fmt::format("{}-{}", i, k / kDevices % 5);
      audit.record(journal, minute(i), {.who = sn, .client = id, .from = "10.0.0.1"});
      ++events;
    }
  }
  for (const char* user : {"anna", "dora"}) {
    const std::size_t before = journal.records.size();
    for (int i = 0; i < 10; ++i) {
      audit.record(journal, minute(kMinutes), {.who = user, .client = "app", .from = "10.0.0.2"});
      ++events;
    }
    EXPECT_EQ(journal.records.size(), before + 10) << user;
    EXPECT_EQ(member_of(journal.records.back().payload, "leftOut"), "") << user;
  }
  for (int k = 0; k < kDevices; ++k) {
    const std::string sn = fmt::format("device-{}", k);
    audit.record(journal, minute(kMinutes), {.who = sn, .client = "last", .from = "10.0.0.1"});
    ++events;
  }
  EXPECT_EQ(events_of(journal), events);
}

TEST(AccessAuditTest, WhatWasLeftOutOfManyUsersIsToldByTheNextEntry) {
  constexpr int kUsers = 10'000;
  FakeJournal journal;
  AccessAudit audit;
  std::uint64_t events = 0;
  for (int k = 0; k < kUsers * 11; ++k) {
    const std::string user = fmt::format("user-{}", k % kUsers);
    audit.record(journal, kTestStart, {.who = user, .client = "app", .from = "10.0.0.1"});
    ++events;
  }
  audit.record(journal, kTestStart + std::chrono::minutes(1),
               {.who = "anna", .client = "app", .from = "10.0.0.2"});
  EXPECT_EQ(events_of(journal), events + 1);
}

TEST(AccessAuditTest, TextOfClientsIsShortened) {
  FakeJournal journal;
  AccessAudit audit;
  const std::string name(60'000, 'x');
  audit.record(journal, kTestStart, {.who = name, .client = name, .from = "", .refused = "no"});
  EXPECT_LT(journal.records.at(0).payload.size(), 400);
}

}  // namespace
}  // namespace gridloom::hub
