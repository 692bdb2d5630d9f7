#include "jetstream/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "testing/must.h"

namespace gridloom::journal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

MessageHead head_of(std::uint64_t first, std::uint64_t count) {
  return {.kind = MessageKind::kRecords,
          .revision = 3,
          .writer = 0x1234567890ABCDEF,
          .node = "n1",
          .first = first,
          .count = count};
}

std::vector<std::string> texts(const Result<std::span<const Record>>& records) {
  std::vector<std::string> all;
  for (const Record& record : must(records)) {
    all.push_back(std::to_string(record.sequence) + " " + std::string(record.payload));
  }
  return all;
}

std::string letters(std::size_t size, std::uint32_t seed) {
  std::string text(size, ' ');
  for (char& letter : text) {
    seed = seed * 1664525U + 1013904223U;
    letter = static_cast<char>(seed >> 24U);
  }
  return text;
}

TEST(Messages, HaveTheBytesThatTheDocumentationShows) {
  const std::vector<Record> records{{.kind = RecordKind::kAudit, .payload = "{}"}};
  const std::string bytes = make_message(head_of(300, 1), make_body(records));
  const std::string_view shown(
      "\xF7GM\x01\x03\x03\xEF\xCD\xAB\x90\x78\x56\x34\x12\x02n1\xAC\x02\x01\x00\x01\x05\x00\x02"
      "\x02{}",
      28);
  EXPECT_EQ(std::string_view(bytes).substr(0, 28), shown);
  EXPECT_EQ(bytes.size(), shown.size() + 8) << "and the checksum";
}

TEST(Messages, ComeBackAsTheyWereWritten) {
  const std::vector<Record> records{
      {.kind = RecordKind::kAudit, .payload = "{}"},
      {.kind = RecordKind::kReports, .payload = ""},
      {.kind = RecordKind::kTurn, .payload = std::string_view("\0x", 2)}};
  const std::string bytes = make_message(head_of(7, 3), make_body(records));
  const LogMessage read = must(read_message(bytes));
  EXPECT_EQ(read.head, head_of(7, 3));
  RecordAssembler assembler;
  const auto again = must(assembler.add(read));
  ASSERT_EQ(again.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(again[i].sequence, 7 + i);
    EXPECT_EQ(again[i].kind, records[i].kind);
    EXPECT_EQ(again[i].payload, records[i].payload);
  }
}

TEST(Messages, AreSmallerThanTheirRecordsWhereThoseRepeatThemselves) {
  const std::string text(10'000, 'x');
  const std::vector<Record> records{{.kind = RecordKind::kAudit, .payload = text}};
  EXPECT_LT(make_body(records).size(), 100U);
  const std::string noise = letters(10'000, 1);
  const std::vector<Record> others{{.kind = RecordKind::kAudit, .payload = noise}};
  EXPECT_LT(make_body(others).size(), 10'010U);
}

TEST(Messages, ThatAreNotWholeAreRefused) {
  const std::vector<Record> records{{.kind = RecordKind::kAudit, .payload = "{\"a\":1}"}};
  const std::string good = make_message(head_of(7, 1), make_body(records));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read_message(std::string_view(good).substr(0, size))) << size;
  }
  EXPECT_FALSE(read_message(good + "x"));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string changed = good;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    EXPECT_FALSE(read_message(changed)) << at;
  }
}

TEST(Messages, OfALaterVersionSayThatTheyAre) {
  std::string later = make_message(head_of(7, 0), "");
  later[3] = 2;
  const auto read = read_message(later);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kMalformed);
  EXPECT_THAT(read.error().detail, HasSubstr("later version of Gridloom (format 2"));
}

TEST(Messages, WhoseHeadAndBodyDifferAreRefused) {
  const std::vector<Record> records{{.kind = RecordKind::kAudit, .payload = "{}"}};
  const std::string body = make_body(records);
  const struct {
    std::uint64_t count;
    std::string body;
  } cases[] = {{2, body},
               {0, body},
               {1, ""},
               {1, "\x02" + body.substr(1)},
               {1, "\x01" + body.substr(1)},
               {1, body + "\x02"},
               {1, body.substr(0, body.size() - 1)}};
  for (const auto& each : cases) {
    RecordAssembler assembler;
    const auto read = assembler.add({.head = head_of(7, each.count), .body = each.body});
    ASSERT_FALSE(read) << each.count << " " << each.body.size();
    EXPECT_EQ(read.error().code, ErrorCode::kDamaged);
  }
}

class Parts : public testing::Test {
 protected:
  Parts() {
    const std::vector<Record> records{{.kind = RecordKind::kAudit, .payload = payload_}};
    const std::string body = make_body(records);
    for (std::uint32_t part = 0; part < 3; ++part) {
      MessageHead head = head_of(7, 1);
      head.part = part;
      head.parts = 3;
      const std::size_t third = body.size() / 3;
      bytes_.push_back(make_message(
          head, std::string_view(body).substr(part * third, part == 2 ? body.size() : third)));
    }
  }
  [[nodiscard]] std::vector<std::string> add(std::size_t part) {
    return texts(assembler_.add(must(read_message(bytes_[part]))));
  }

  std::string payload_ = letters(1000, 2);
  std::vector<std::string> bytes_;
  RecordAssembler assembler_;
};

TEST_F(Parts, GiveTheirRecordsWithTheLast) {
  EXPECT_THAT(add(0), IsEmpty());
  EXPECT_THAT(add(1), IsEmpty());
  EXPECT_THAT(add(2), ElementsAre("7 " + payload_));
  EXPECT_THAT(add(2), IsEmpty()) << "it was taken";
}

TEST_F(Parts, OfAWriteThatWasNotFinishedAreDropped) {
  EXPECT_THAT(add(0), IsEmpty());
  EXPECT_THAT(add(1), IsEmpty());
  const std::string fence = make_message(
      {.kind = MessageKind::kFence, .revision = 4, .writer = 2, .node = "n2", .first = 7}, "");
  EXPECT_THAT(texts(assembler_.add(must(read_message(fence)))), IsEmpty());
  EXPECT_THAT(add(2), IsEmpty());
  for (const std::size_t part : {0U, 1U}) EXPECT_THAT(add(part), IsEmpty());
  EXPECT_THAT(add(2), ElementsAre("7 " + payload_));
}

TEST_F(Parts, AreNotTakenFromTheMiddle) {
  EXPECT_THAT(add(1), IsEmpty());
  EXPECT_THAT(add(2), IsEmpty());
  EXPECT_THAT(add(0), IsEmpty());
  EXPECT_THAT(add(2), IsEmpty());
}

TEST_F(Parts, CountTheirRecordsOnceAllAreThere) {
  EXPECT_EQ(next_record(must(read_message(bytes_[0])).head), 7U);
  EXPECT_EQ(next_record(must(read_message(bytes_[1])).head), 7U);
  EXPECT_EQ(next_record(must(read_message(bytes_[2])).head), 8U);
}

}  // namespace
}  // namespace gridloom::journal
