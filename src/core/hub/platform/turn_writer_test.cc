#include "hub/platform/turn_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hub/clients/test_log.h"
#include "testing/home.h"

namespace gridloom::hub {
namespace {

using journal::RecordKind;
using testing::ElementsAre;

class TurnWriterTest : public testing::Test {
 protected:
  TurnWriterTest() { home.platform.journal = &log; }
  ~TurnWriterTest() override { home.platform.journal = nullptr; }

  std::vector<RecordKind> kinds() const {
    std::vector<RecordKind> kinds;
    for (const TestLog::Record& record : log.waiting) kinds.push_back(record.kind);
    return kinds;
  }

  TestHome home{1};
  TestLog log;
  std::vector<std::uint64_t> durable;
  TurnWriter writer{home.platform, [this](std::uint64_t record) { durable.push_back(record); }};
};

TEST_F(TurnWriterTest, ATurnIsOneRecordBehindItsAudit) {
  EXPECT_TRUE(writer.empty());
  EXPECT_EQ(writer.last_record(), 0U);
  EXPECT_EQ(writer.add_audit({{"what", "set"}}), 2U);
  writer.add_presence(5, kTestStart, true);
  writer.add_change(StreamEnded{.stream = 3});
  EXPECT_EQ(writer.add_audit({{"what", "set_reply"}}), 3U);
  EXPECT_EQ(writer.last_record(), 3U);
  EXPECT_TRUE(log.waiting.empty());
  writer.append();
  EXPECT_THAT(kinds(), ElementsAre(RecordKind::kAudit, RecordKind::kAudit, RecordKind::kTurn));
  for (TestLog::Record& record : log.waiting) {
    if (record.durable) record.durable();
  }
  EXPECT_THAT(durable, ElementsAre(3U)) << "all are durable, and not earlier";
  EXPECT_TRUE(writer.empty());
  EXPECT_EQ(writer.last_record(), 3U);
  EXPECT_EQ(writer.bytes(), 0U);
}

TEST_F(TurnWriterTest, ReportsAloneAreABatch) {
  writer.add_presence(5, kTestStart, false);
  writer.append();
  EXPECT_THAT(kinds(), ElementsAre(RecordKind::kReports));
}

TEST_F(TurnWriterTest, AnAuditEntryAloneKeepsThePromisedNumber) {
  EXPECT_EQ(writer.add_audit({{"what", "set"}}), 2U);
  writer.append();
  EXPECT_THAT(kinds(), ElementsAre(RecordKind::kAudit));
  for (TestLog::Record& record : log.waiting) record.durable();
  EXPECT_THAT(durable, ElementsAre(2U));
}

TEST_F(TurnWriterTest, AMessageInAnAuditEntryIsWrittenAsItIs) {
  const std::string_view message = R"({"id":7,"params":{"a":1.50}})";
  EXPECT_EQ(writer.add_audit({{"what", "set"}, {"sn", "R331A"}}, message), 2U);
  writer.append();
  ASSERT_EQ(log.waiting.size(), 1U);
  EXPECT_EQ(log.waiting.front().payload,
            fmt::format(R"({{"what":"set","sn":"R331A","message":{},"at":{}}})", message,
                        unix_ms(kTestStart)));
  home.platform.journal = nullptr;
  EXPECT_EQ(writer.add_audit({{"what", "set"}}, message), 0U);
}

TEST_F(TurnWriterTest, EachRecordSaysWhenItIsDurable) {
  writer.add_presence(5, kTestStart, true);
  writer.append();
  writer.add_change(StreamEnded{.stream = 3});
  writer.append();
  for (TestLog::Record& record : log.waiting) record.durable();
  EXPECT_THAT(durable, ElementsAre(1U, 2U));
}

TEST_F(TurnWriterTest, WithoutAJournalNothingIsToBeWaitedFor) {
  home.platform.journal = nullptr;
  std::string kept;
  home.platform.sessions = SessionKeeper{.take = [&](std::string_view all) { kept = all; }};
  writer.add_presence(5, kTestStart, true);
  EXPECT_EQ(writer.add_audit({{"what", "set"}}), 0U);
  EXPECT_TRUE(writer.empty());
  writer.add_change(StreamEnded{.stream = 3});
  EXPECT_EQ(writer.last_record(), 0U);
  writer.append();
  EXPECT_FALSE(kept.empty());
  EXPECT_TRUE(writer.empty());
}

}  // namespace
}  // namespace gridloom::hub
