// Tests how a start handles segments that differ from what was written.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <xxhash.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "journal/local/log.h"
#include "journal/local/segment.h"
#include "journal/local/test_disk.h"
#include "storage/summed_file.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::journal {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kFirst = "00000000000000000001.log";
constexpr std::string_view kMiddle = "00000000000000000003.log";
constexpr std::string_view kLast = "00000000000000000005.log";

// Captures the log messages during its lifetime.
class Said {
 public:
  Said() : before_(spdlog::default_logger()) {
    spdlog::set_default_logger(std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_)));
  }
  ~Said() { spdlog::set_default_logger(before_); }
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::shared_ptr<spdlog::logger> before_;
};

std::string payload_of(std::uint64_t sequence) {
  return fmt::format("payload of {} {}", sequence, std::string(20 + sequence, '.'));
}

std::string segment_of(std::uint64_t first, std::uint64_t last) {
  std::string bytes;
  append_segment_header(bytes, TimePoint(Millis(1'760'000'000'000)));
  for (std::uint64_t sequence = first; sequence <= last; ++sequence) {
    const std::string payload = payload_of(sequence);
    append_record_head(bytes,
                       {.sequence = sequence, .kind = RecordKind::kReports, .payload = payload});
    bytes += payload;
  }
  return bytes;
}

// Three segments with two records each.
void fill(TestDisk& disk) {
  disk.put(std::string(kFirst), segment_of(1, 2));
  disk.put(std::string(kMiddle), segment_of(3, 4));
  disk.put(std::string(kLast), segment_of(5, 6));
}

struct Start {
  std::vector<std::uint64_t> replayed;
  LogHealth health;
  LogLoss loss;
  std::string fault;
};

Start start(TestDisk& disk, std::uint64_t after = 0) {
  Start found;
  const auto log = Log::open({.disk = &disk}, after, [&found](const Record& record) {
    EXPECT_EQ(record.payload, payload_of(record.sequence));
    found.replayed.push_back(record.sequence);
  });
  if (!log) {
    found.fault = log.error().detail;
    EXPECT_EQ(log.error().code, ErrorCode::kMalformed);
    return found;
  }
  found.health = (*log)->health();
  found.loss = (*log)->loss();
  return found;
}

std::map<std::string, std::string> copies_on(const TestDisk& disk) {
  auto all = disk.contents();
  std::erase_if(all, [](const auto& each) { return !each.first.starts_with("damaged-"); });
  return all;
}

class LogDamage : public testing::Test {
 protected:
  Said said_;  // keeps messages off the terminal
};

TEST_F(LogDamage, AFlippedByteCostsItsRecordAloneAndIsSetAsideOnce) {
  const std::string good = segment_of(3, 4);
  const std::size_t second = good.size() - payload_of(4).size() - kRecordHead_bytes;
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bytes = good;
    bytes[at] = static_cast<char>(~static_cast<unsigned char>(bytes[at]));
    TestDisk disk(1);
    fill(disk);
    disk.put(std::string(kMiddle), bytes);

    std::vector<std::uint64_t> expected = {1, 2, 3, 4, 5, 6};
    std::size_t begin = 0;
    std::size_t end = kSegmentHeader_bytes;
    if (at >= second) {
      std::erase(expected, 4U);
      begin = second;
      end = good.size();
    } else if (at >= kSegmentHeader_bytes) {
      std::erase(expected, 3U);
      begin = kSegmentHeader_bytes;
      end = second;
    }
    const Start first = start(disk);
    ASSERT_EQ(first.replayed, expected) << at;
    EXPECT_EQ(first.health.damaged_places, 1U);
    EXPECT_EQ(first.health.damaged_bytes, end - begin);
    const std::string copy = fmt::format("damaged-00000000000000000003-{}", begin);
    EXPECT_THAT(copies_on(disk),
                ElementsAre(testing::Pair(copy, bytes.substr(begin, end - begin))));

    const Start again = start(disk);
    ASSERT_EQ(again.replayed, expected) << at;
    EXPECT_EQ(again.health.damaged_places, 1U) << "it is still missing";
    EXPECT_THAT(copies_on(disk), testing::SizeIs(1));
  }
}

TEST_F(LogDamage, IsNamedWhenItIsFoundAndNotAgain) {
  TestDisk disk(1);
  fill(disk);
  std::string bytes = segment_of(3, 4);
  bytes.back() = '!';
  disk.put(std::string(kMiddle), bytes);
  start(disk);
  EXPECT_THAT(said_.text(), HasSubstr("[error]"));
  EXPECT_THAT(said_.text(), HasSubstr(std::string(kMiddle) + " is damaged"));
  EXPECT_THAT(said_.text(), HasSubstr("damaged-00000000000000000003-"));
  const Said later;
  start(disk);
  EXPECT_THAT(later.text(), Not(HasSubstr("[error]")));
}

TEST_F(LogDamage, ACopyThatACrashLeftUnfinishedIsMadeAgain) {
  TestDisk disk(1);
  fill(disk);
  std::string bytes = segment_of(3, 4);
  bytes.back() = '!';
  disk.put(std::string(kMiddle), bytes);
  start(disk);
  const auto whole = copies_on(disk);
  ASSERT_EQ(whole.size(), 1U);
  disk.put(whole.begin()->first, whole.begin()->second.substr(0, 5));
  start(disk);
  EXPECT_EQ(copies_on(disk), whole);
}

TEST_F(LogDamage, ATornEndIsCutAndIsNoDamage) {
  const std::string whole = segment_of(5, 6);
  std::string later = segment_of(7, 7);
  later.erase(0, kSegmentHeader_bytes);
  std::string damaged = later;
  damaged.back() = '!';
  for (const std::string& end :
       {std::string(1, '\0'), std::string(5000, '\0'), later.substr(0, 3),
        later.substr(0, kRecordHead_bytes), later.substr(0, later.size() - 1), damaged,
        std::string("\xF7GL\xFF\xFF\xFF\xFF\xFF"), later.substr(0, 30) + std::string(500, '\0')}) {
    TestDisk disk(1);
    fill(disk);
    disk.put(std::string(kLast), whole + end);
    const Start found = start(disk);
    EXPECT_THAT(found.replayed, ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_EQ(found.health.damaged_places, 0U);
    EXPECT_THAT(copies_on(disk), IsEmpty());
    EXPECT_EQ(disk.contents().at(std::string(kLast)), whole);
  }
}

// --- a last write of which a loss of power left some sectors ---

constexpr std::size_t kSector = 32;  // small, so that the write has many

enum class Torn : std::uint8_t { kZeros, kGarbage, kBeyondTheEnd };

// `whole` without the sectors behind its first `durable` bytes whose bit in `lost` is set: these
// have what they had before the write.
std::string torn(std::string_view whole, std::size_t durable, std::uint64_t lost, Torn content) {
  std::string bytes(whole);
  std::size_t end = 0;  // of the last sector that is whole
  std::uint64_t sector = 0;
  for (std::size_t at = durable / kSector * kSector; at < whole.size(); at += kSector, ++sector) {
    const std::size_t next = std::min(at + kSector, whole.size());
    if ((lost >> sector & 1U) == 0) {
      end = next;
      continue;
    }
    for (std::size_t i = std::max(at, durable); i < next; ++i) {
      bytes[i] = content == Torn::kGarbage ? static_cast<char>(whole[i] + 1) : '\0';
    }
  }
  if (content == Torn::kBeyondTheEnd) bytes.resize(std::max(end, durable));
  return bytes;
}

std::uint64_t sectors_of(std::string_view whole, std::size_t durable) {
  const std::size_t first = durable / kSector;
  return (whole.size() + kSector - 1) / kSector - first;
}

// Starts twice with log.seen at `seen`; the records up to 6 were synced, `whole` is the last
// segment as it was written.
void expect_cut(const std::string& name, std::string_view whole, std::size_t durable,
                std::uint64_t seen) {
  const TemporaryFolder folder;
  const std::filesystem::path file = folder.path() / "log.seen";
  for (std::uint64_t lost = 0; lost < std::uint64_t{1} << sectors_of(whole, durable); ++lost) {
    for (const Torn content : {Torn::kZeros, Torn::kGarbage, Torn::kBeyondTheEnd}) {
      storage::SeenNumber(file).create(seen);
      TestDisk disk(1);
      fill(disk);
      disk.put(name, torn(whole, durable, lost, content));
      std::vector<std::uint64_t> replayed;
      const auto open = [&] {
        replayed.clear();
        auto log = must(Log::open({.disk = &disk, .seen = file}, 0, [&](const Record& record) {
          replayed.push_back(record.sequence);
        }));
        EXPECT_EQ(log->health().damaged_places, 0U);
        EXPECT_EQ(log->loss().gaps, std::vector<RecordGap>{});
        EXPECT_EQ(log->loss().ends_early, std::nullopt);
        return log;
      };
      const auto expect_all_up_to = [&](std::uint64_t last) {
        std::vector<std::uint64_t> all(last);
        for (std::size_t i = 0; i < all.size(); ++i) all[i] = i + 1;
        EXPECT_EQ(replayed, all);
      };
      auto log = open();
      ASSERT_GE(replayed.size(), 6U);
      expect_all_up_to(replayed.size());
      if (lost == 0) EXPECT_EQ(replayed.size(), 9U);
      if ((lost & 1U) != 0) EXPECT_EQ(replayed.size(), 6U) << "its first sector is not there";
      EXPECT_THAT(copies_on(disk), IsEmpty());
      const std::uint64_t next = replayed.size() + 1;
      EXPECT_EQ(log->append(RecordKind::kReports, "again", {}), next);
      EXPECT_TRUE(log->flush());
      log.reset();
      log = open();
      expect_all_up_to(next);
      ASSERT_FALSE(testing::Test::HasFailure())
          << name << ", sectors lost " << lost << ", content " << static_cast<int>(content);
    }
  }
}

TEST_F(LogDamage, AnyTearOfTheLastWriteIsCutAndIsNoDamage) {
  const std::string durable = segment_of(5, 6);
  // 4: log.seen is older than the truth, as after a loss of power.
  for (const std::uint64_t seen : {4U, 6U}) {
    expect_cut(std::string(kLast), segment_of(5, 9), durable.size(), seen);
  }
}

TEST_F(LogDamage, AnyTearOfTheFirstWriteOfASegmentIsCutAndIsNoDamage) {
  expect_cut("00000000000000000007.log", segment_of(7, 9), 0, 6);
}

// The three records of a last write, the first without its last byte.
std::string last_write_without_its_first() {
  std::string bytes = segment_of(5, 9);
  bytes[segment_of(5, 7).size() - 1] = '!';
  return bytes;
}

TEST_F(LogDamage, WhatIsWholeBehindATornRecordIsCopiedAndNotReplayed) {
  const TemporaryFolder folder;
  storage::SeenNumber(folder.path() / "log.seen").create(6);
  TestDisk disk(1);
  fill(disk);
  const std::string bytes = last_write_without_its_first();
  disk.put(std::string(kLast), bytes);
  std::vector<std::uint64_t> replayed;
  const auto log =
      must(Log::open({.disk = &disk, .seen = folder.path() / "log.seen"}, 0,
                     [&](const Record& record) { replayed.push_back(record.sequence); }));
  EXPECT_THAT(replayed, ElementsAre(1, 2, 3, 4, 5, 6));
  const std::size_t end = segment_of(5, 6).size();
  const auto files = disk.contents();
  EXPECT_EQ(files.at(std::string(kLast)), bytes.substr(0, end));
  EXPECT_EQ(files.at(fmt::format("torn-00000000000000000005-{}", end)), bytes.substr(end));
  EXPECT_THAT(said_.text(), HasSubstr("2 whole records behind that were not acknowledged"));
  EXPECT_THAT(said_.text(), Not(HasSubstr("[error]")));
}

TEST_F(LogDamage, ATornRecordThatMayHaveBeenAcknowledgedIsDamage) {
  struct Row {
    const char* what;
    std::optional<std::uint64_t> seen;
    std::uint64_t known;
  };
  for (const Row& row : std::vector<Row>{{"log.seen names it", 7, 0},
                                         {"log.seen names one behind it", 9, 0},
                                         {"a database has it", 6, 7},
                                         {"log.seen is missing", {}, 0}}) {
    const TemporaryFolder folder;
    const std::filesystem::path file = folder.path() / "log.seen";
    if (row.seen) storage::SeenNumber(file).create(*row.seen);
    TestDisk disk(1);
    fill(disk);
    disk.put(std::string(kLast), last_write_without_its_first());
    std::vector<std::uint64_t> replayed;
    const auto log =
        must(Log::open({.disk = &disk, .known = row.known, .seen = file}, 0,
                       [&](const Record& record) { replayed.push_back(record.sequence); }));
    EXPECT_EQ(replayed, (std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 8, 9})) << row.what;
    EXPECT_EQ(log->health().damaged_places, 1U) << row.what;
    EXPECT_EQ(log->loss().gaps, (std::vector<RecordGap>{{7, 7}})) << row.what;
    EXPECT_TRUE(storage::SeenNumber(file).read()) << row.what;
  }
}

TEST_F(LogDamage, DamageBeforeATornEndIsDamage) {
  const TemporaryFolder folder;
  storage::SeenNumber(folder.path() / "log.seen").create(6);
  std::string bytes = last_write_without_its_first();
  bytes[segment_of(5, 5).size() - 1] = '!';
  TestDisk disk(1);
  fill(disk);
  disk.put(std::string(kLast), bytes);
  std::vector<std::uint64_t> replayed;
  const auto log =
      must(Log::open({.disk = &disk, .seen = folder.path() / "log.seen"}, 0,
                     [&](const Record& record) { replayed.push_back(record.sequence); }));
  EXPECT_THAT(replayed, ElementsAre(1, 2, 3, 4, 6));
  EXPECT_EQ(log->loss().gaps, (std::vector<RecordGap>{{5, 5}}));
  EXPECT_EQ(log->health().damaged_places, 1U);
}

TEST_F(LogDamage, AFileThatGotNoFurtherThanItsNameIsReplaced) {
  for (const std::string& content : {std::string(), std::string("GRID"), std::string(28, '\0')}) {
    TestDisk disk(1);
    fill(disk);
    disk.put("00000000000000000007.log", content);
    const Start found = start(disk);
    EXPECT_THAT(found.replayed, ElementsAre(1, 2, 3, 4, 5, 6));
    EXPECT_EQ(found.health.damaged_places, 0U);
    EXPECT_EQ(disk.contents().at("00000000000000000007.log").size(), kSegmentHeader_bytes);
  }
}

TEST_F(LogDamage, RecordsOfAnAbandonedSegmentAreReadInTheNextOne) {
  TestDisk disk(1);
  fill(disk);
  // 3 to 5 were written to this segment; 4 and 5 were not synced, and were written again.
  disk.put(std::string(kMiddle), segment_of(3, 5) + "torn");
  disk.put("00000000000000000004.log", segment_of(4, 4));
  const Start found = start(disk);
  EXPECT_THAT(found.replayed, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(found.health.damaged_places, 0U);
  EXPECT_EQ(disk.contents().at(std::string(kMiddle)), segment_of(3, 3));
}

TEST_F(LogDamage, AnEndThatIsMissingInTheMiddleIsDamage) {
  TestDisk disk(1);
  fill(disk);
  disk.put(std::string(kMiddle), segment_of(3, 3) + "not 4");
  const Start found = start(disk);
  EXPECT_THAT(found.replayed, ElementsAre(1, 2, 3, 5, 6));
  EXPECT_EQ(found.health.damaged_places, 1U);
  EXPECT_EQ(found.health.damaged_bytes, 5U);
}

TEST_F(LogDamage, AHoleBeforeTheLastRecordIsNoTornEnd) {
  TestDisk disk(1);
  fill(disk);
  std::string bytes = segment_of(5, 6);
  std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(kSegmentHeader_bytes), 40, '\0');
  disk.put(std::string(kLast), bytes);
  const Start found = start(disk);
  EXPECT_THAT(found.replayed, ElementsAre(1, 2, 3, 4, 6));
  EXPECT_EQ(found.health.damaged_places, 1U);
}

TEST_F(LogDamage, UnneededSegmentsAreNotRead) {
  TestDisk disk(1);
  fill(disk);
  disk.put(std::string(kFirst), "nonsense");
  const Start found = start(disk, 2);
  EXPECT_THAT(found.replayed, ElementsAre(3, 4, 5, 6));
  EXPECT_EQ(found.health.damaged_places, 0U);
}

TEST_F(LogDamage, FilesOfOtherNamesAreLeftAlone) {
  TestDisk disk(1);
  fill(disk);
  for (const char* name : {"x.log", "1.log", "0000000000000000000x.log", "notes",
                           "99999999999999999999.log", "00000000000000000000.log"}) {
    disk.put(name, "nonsense");
  }
  EXPECT_THAT(start(disk).replayed, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(disk.contents().at("notes"), "nonsense");
}

TEST_F(LogDamage, ASegmentOfALaterVersionIsRefusedByName) {
  std::string bytes = "GRIDLOG\n";
  append_fixed32(bytes, 2);
  append_fixed64(bytes, 0);
  append_fixed64(bytes, XXH3_64bits(bytes.data(), bytes.size()));
  const auto chunks = read_segment(bytes);
  ASSERT_FALSE(chunks);
  EXPECT_EQ(chunks.error().code, ErrorCode::kMalformed);
  EXPECT_THAT(chunks.error().detail, HasSubstr("later version"));

  for (const std::string_view name : {kMiddle, kLast}) {
    TestDisk disk(1);
    fill(disk);
    disk.put(std::string(name), bytes + "whatever it holds");
    const Start found = start(disk);
    EXPECT_THAT(found.fault, HasSubstr(name));
    EXPECT_THAT(found.fault, HasSubstr("later version"));
    EXPECT_EQ(disk.contents().at(std::string(name)), bytes + "whatever it holds");
  }
}

TEST_F(LogDamage, IsCountedEvenWhenNoCopyCanBeMade) {
  TestDisk disk(1);
  fill(disk);
  std::string bytes = segment_of(3, 4);
  bytes.back() = '!';
  disk.put(std::string(kMiddle), bytes);
  disk.break_down(TestDisk::Kind::kNoSpace);
  const auto log = Log::open({.disk = &disk}, 0, [](const Record&) {});
  ASSERT_TRUE(log);
  EXPECT_EQ((*log)->health().damaged_places, 1U);
  EXPECT_THAT(said_.text(), HasSubstr("no copy was made"));
}

TEST_F(LogDamage, MissingRecordsAreReported) {
  struct Row {
    std::string what;
    std::uint64_t after;
    std::vector<std::string_view> removed;
    std::vector<RecordGap> gaps;
    std::optional<std::uint64_t> ends_early;
  };
  const std::vector<Row> rows = {
      {"everything is there", 0, {}, {}, {}},
      {"what was applied is not missed", 4, {kFirst, kMiddle}, {}, {}},
      {"nor are parts of it", 3, {kFirst}, {}, {}},
      {"the store went back, or is new", 0, {kFirst}, {{1, 2}}, {}},
      {"it went back within a segment", 1, {kFirst}, {{2, 2}}, {}},
      {"a segment between others is gone", 0, {kMiddle}, {{3, 4}}, {}},
      {"two are gone", 1, {kFirst, kMiddle}, {{2, 4}}, {}},
      {"the end is gone, and nobody knows", 4, {kLast}, {}, {}},
      {"the end is gone, and had been applied", 6, {kLast}, {}, 4},
      {"the log is gone", 6, {kFirst, kMiddle, kLast}, {}, 0},
      {"the log is gone from a folder that never had one", 0, {kFirst, kMiddle, kLast}, {}, {}},
  };
  for (const Row& row : rows) {
    TestDisk disk(1);
    fill(disk);
    for (const std::string_view name : row.removed) ASSERT_TRUE(disk.remove(std::string(name)));
    const Start found = start(disk, row.after);
    EXPECT_EQ(found.loss.gaps, row.gaps) << row.what;
    EXPECT_EQ(found.loss.ends_early, row.ends_early) << row.what;
  }
}

TEST_F(LogDamage, NumbersThatAreKnownElsewhereAreNotGivenAgain) {
  struct Row {
    std::uint64_t after;
    std::uint64_t known;
    std::vector<std::string_view> removed;
    std::uint64_t next;
    std::optional<std::uint64_t> ends_early;
  };
  const std::vector<Row> rows = {
      {0, 5, {}, 7, {}},
      {4, 6, {}, 7, {}},
      {3, 9, {}, 10, 6},
      {4, 3, {kFirst, kMiddle, kLast}, 5, 0},
      {2, 9, {kFirst, kMiddle, kLast}, 10, 0},
      {0, 9, {kFirst, kMiddle, kLast}, 10, 0},
  };
  for (const Row& row : rows) {
    TestDisk disk(1);
    fill(disk);
    for (const std::string_view name : row.removed) ASSERT_TRUE(disk.remove(std::string(name)));
    const auto log =
        Log::open({.disk = &disk, .known = row.known}, row.after, [](const Record&) {});
    ASSERT_TRUE(log) << row.known;
    EXPECT_EQ((*log)->append(RecordKind::kReports, "", {}), row.next) << row.known;
    EXPECT_EQ((*log)->loss().ends_early, row.ends_early) << row.known;
  }
}

TEST_F(LogDamage, ALogThatEndsBeforeWhatWasSeenOfItHasLostItsEnd) {
  const std::string newest = "00000000000000000007.log";
  struct Row {
    const char* what;
    std::function<void(TestDisk&)> damage;
    std::optional<std::uint64_t> ends_early;
  };
  const std::vector<Row> rows = {
      {"nothing happened", [](TestDisk&) {}, {}},
      {"the newest segment is gone", [&](TestDisk& disk) { EXPECT_TRUE(disk.remove(newest)); }, 6},
      {"its last record is damaged",
       [&](TestDisk& disk) {
         std::string bytes = *disk.read(newest);
         bytes.back() ^= 1;
         disk.put(newest, bytes);
       },
       6},
  };
  for (const Row& row : rows) {
    const TemporaryFolder folder;
    std::filesystem::create_directory(folder.data());
    const std::filesystem::path seen = folder.data() / "log.seen";
    TestDisk disk(1);
    fill(disk);
    const auto open = [&] {
      return std::move(*Log::open({.disk = &disk, .seen = seen}, 4, [](const Record&) {}));
    };
    {
      const auto log = open();
      EXPECT_EQ(log->append(RecordKind::kReports, "the seventh", {}), 7);
      EXPECT_TRUE(log->flush());
      EXPECT_EQ(storage::SeenNumber(seen).read(), 7);
    }
    row.damage(disk);
    for (const bool again : {false, true}) {
      const auto log = open();
      EXPECT_EQ(log->loss().ends_early, again ? std::nullopt : row.ends_early) << row.what;
      EXPECT_EQ(log->loss().seen, 7) << row.what;
      if (again) EXPECT_EQ(log->append(RecordKind::kReports, "", {}), 8) << row.what;
    }
  }
}

TEST_F(LogDamage, ARecordThatIsDamagedIsMissing) {
  TestDisk disk(1);
  fill(disk);
  std::string bytes = segment_of(3, 4);
  bytes[kSegmentHeader_bytes + kRecordHead_bytes + 3] ^= 1;
  disk.put(std::string(kMiddle), bytes);
  EXPECT_EQ(start(disk).loss.gaps, (std::vector<RecordGap>{{3, 3}}));
}

}  // namespace
}  // namespace gridloom::journal
