// Tests of the archive with its threads, on a folder: durable records are found again, however the
// archive ends.
#include "history/archive.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <memory>
#include <thread>

#include "history/sqlite/test_folder_stores.h"
#include "journal/turn.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "testing/clock.h"
#include "testing/failing_reads.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr std::int64_t kHour = 1'700'000'000'000 / kHour_ms;

class ArchiveTest : public testing::Test {
 protected:
  ArchiveTest() { must(storage::make_data_folder(folder_.data())); }

  std::unique_ptr<Archive> open(const std::filesystem::path& data,
                                std::shared_ptr<StoreFactory> stores = {}) {
    return must(Archive::open(
        {.data = data, .stores = std::move(stores), .clock = &clock_, .limits = limits_}));
  }
  void start() {
    archive_ = open(folder_.data());
    archive_->start([this] { return std::exchange(twins_, {}); });
  }
  // Returns once the report is durable.
  void report(DeviceNumber device, Millis after, std::string_view name, std::string_view value) {
    journal::BatchWriter writer;
    writer.begin(device, unix_ms(clock_.now()) + after.count());
    writer.add(name, value);
    writer.end();
    std::promise<void> durable;
    archive_->append(journal::RecordKind::kReports, writer.take(), [&] { durable.set_value(); });
    durable.get_future().wait();
  }
  // A copy of the folder in the state that a crash would leave now.
  std::filesystem::path crashed() {
    const std::filesystem::path copy = folder_.path() / fmt::format("crash{}", ++crashes_);
    std::filesystem::copy(folder_.data(), copy, std::filesystem::copy_options::recursive);
    return copy;
  }
  static Lines rows(Archive& archive, DeviceNumber device) {
    std::promise<Lines> read;
    const bool taken = archive.read([&](Reader& reader) {
      Lines lines;
      must(reader.each_block(device, kHour - 10, kHour + 10, [&](std::int64_t, const Block& block) {
        return block.each_row([&](std::int64_t at_ms, std::span<const Sample> samples) {
          for (const Sample& sample : samples) {
            lines.push_back(fmt::format("{} {}={}", at_ms - kHour * kHour_ms,
                                        reader.names().name_of(sample.field),
                                        text_of(sample.value)));
          }
        });
      }));
      read.set_value(std::move(lines));
    });
    if (!taken) throw std::runtime_error("not taken");
    return read.get_future().get();
  }
  static Lines recovered(Archive& archive) {
    Lines lines;
    for (const Recovered& one : archive.take_recovered()) {
      std::string line = fmt::format("{} {}", one.twin.device, one.twin.text);
      for (const journal::LastValue& value : one.values) {
        line += fmt::format(" {}={}", value.name, value.text);
      }
      lines.push_back(std::move(line));
    }
    return lines;
  }

  TemporaryFolder folder_;
  TestClock clock_{TimePoint(Millis(kHour * kHour_ms))};
  ArchiveLimits limits_{.log = {.commit = Millis(0)}};
  std::vector<StoredTwin> twins_;
  std::unique_ptr<Archive> archive_;
  int crashes_ = 0;
};

TEST_F(ArchiveTest, DurableRecordsSurviveACrash) {
  start();
  report(1, 1s, "a", "1");
  report(2, 2s, "b", R"("text")");
  report(1, 3s, "a", "2.50");
  report(1, 3s, journal::kPresence, "1");
  const auto again = open(crashed());
  EXPECT_EQ(recovered(*again), (Lines{"1  a=2.50", R"(2  b="text")"}));
  EXPECT_EQ(rows(*again, 1), (Lines{"1000 a=1", "3000 a=2.5", "3000 $online=1"}));
  EXPECT_EQ(rows(*again, 2), (Lines{R"(2000 b="text")"}));
}

TEST_F(ArchiveTest, IsBehindWhileMuchWaitsForTheBuilder) {
  limits_.recorder.builder_bytes = 4096;
  archive_ = open(folder_.data());  // not started: the builder takes nothing
  const std::string value = fmt::format("\"{}\"", std::string(1200, 'x'));
  report(1, 0ms, "a", value);
  EXPECT_FALSE(archive_->behind());
  report(1, 1ms, "a", value);
  EXPECT_TRUE(archive_->behind()) << "publishers wait before the log has to";
  archive_->start([this] { return std::exchange(twins_, {}); });
  EXPECT_EQ(rows(*archive_, 1).size(), 2U);
  EXPECT_FALSE(archive_->behind());
}

TEST_F(ArchiveTest, AStopLeavesNothingToReadAgain) {
  start();
  report(1, 1s, "a", "1");
  twins_.push_back({.device = 1, .sn = "R331", .text = "saved"});
  archive_->stop();
  const std::uint64_t log_bytes = archive_->health().log_bytes;
  archive_.reset();
  const auto again = open(folder_.data());
  EXPECT_LT(log_bytes, 100) << "an empty segment";
  EXPECT_EQ(recovered(*again), (Lines{"1 saved"}));
  EXPECT_EQ(rows(*again, 1), (Lines{"1000 a=1"}));
}

TEST_F(ArchiveTest, AnotherStoreTakesThePlaceOfTheFile) {
  const std::shared_ptr<StoreFactory> stores = folder_store_factory();
  archive_ = open(folder_.data(), stores);
  archive_->start([this] { return std::exchange(twins_, {}); });
  report(1, 1s, "a", "1");
  twins_.push_back({.device = 1, .sn = "R331", .text = "saved"});
  archive_->stop();
  EXPECT_LT(archive_->health().log_bytes, 100) << "all of it is stored";
  archive_.reset();
  EXPECT_FALSE(std::filesystem::exists(folder_.data() / "history.db"));
  const auto again = open(folder_.data(), stores);
  EXPECT_EQ(recovered(*again), (Lines{"1 saved"}));
  EXPECT_EQ(rows(*again, 1), (Lines{"1000 a=1"}));
}

TEST_F(ArchiveTest, RecordsAfterAStopAreReadAtTheNextStart) {
  start();
  report(1, 1s, "a", "1");
  archive_->stop();
  report(1, 2s, "a", "2");
  archive_.reset();
  const auto again = open(folder_.data());
  EXPECT_EQ(recovered(*again), (Lines{"1  a=2"}));
  EXPECT_EQ(rows(*again, 1), (Lines{"1000 a=1", "2000 a=2"}));
}

TEST_F(ArchiveTest, ACrashAfterTheStoreReadsNothingTwice) {
  start();
  report(1, 1s, "a", "1");
  archive_->stop();
  const std::filesystem::path before = crashed();
  archive_.reset();
  const auto again = open(before);
  EXPECT_EQ(rows(*again, 1), (Lines{"1000 a=1"}));
}

TEST_F(ArchiveTest, TheAuditIsReadNewestFirstFromMemoryAndStore) {
  start();
  const auto append = [&](std::string entry) {
    std::promise<void> durable;
    archive_->append(journal::RecordKind::kAudit, std::move(entry), [&] { durable.set_value(); });
    durable.get_future().wait();
  };
  append("1");
  append("2");
  archive_->stop();
  archive_.reset();
  start();
  append("3");
  // The record passes through the builder's thread, which checks its queue at once.
  Lines entries;
  for (int look = 0; look < 1000 && entries.size() < 3; ++look) {
    std::promise<Lines> read;
    ASSERT_TRUE(archive_->read([&](Reader& reader) {
      Lines lines;
      must(reader.each_audit([&](const AuditRow& row) {
        lines.push_back(row.entry);
        return true;
      }));
      read.set_value(std::move(lines));
    }));
    entries = read.get_future().get();
  }
  EXPECT_EQ(entries, (Lines{"3", "2", "1"}));
}

TEST_F(ArchiveTest, EventsAreReadNewestFirstFromMemoryAndStoreAndFaultsStayOpen) {
  using enum journal::EventKind;
  start();
  const auto append = [&](journal::DeviceEvent event) {
    std::promise<void> durable;
    archive_->append(journal::RecordKind::kEvents, journal::make_events({&event, 1}),
                     [&] { durable.set_value(); });
    durable.get_future().wait();
  };
  std::vector<std::int64_t> in_order;  // of all devices
  const auto times = [&] {
    std::promise<std::vector<std::int64_t>> read;
    EXPECT_TRUE(archive_->read([&](Reader& reader) {
      std::vector<std::int64_t> all;
      in_order.clear();
      for (const StoredEvent& each : must(reader.events_since(0, 9))) {
        in_order.push_back(each.event.at_ms);
      }
      must(reader.each_event(1, 0, {.at_ms = 1000}, [&](const StoredEvent& each) {
        all.push_back(each.event.at_ms);
        return true;
      }));
      read.set_value(std::move(all));
    }));
    return read.get_future().get();
  };
  append({.device = 1, .at_ms = 100, .kind = kFaultBegan, .field = "err", .text = "5"});
  append({.device = 1, .at_ms = 300, .kind = kOffline});
  append({.device = 2, .at_ms = 150, .kind = kOffline});
  archive_->stop();
  archive_.reset();
  start();
  append({.device = 1, .at_ms = 200, .kind = kOnline});
  std::vector<std::int64_t> read;
  for (int look = 0; look < 1000 && read.size() < 3; ++look) read = times();
  EXPECT_EQ(read, (std::vector<std::int64_t>{300, 200, 100}));
  EXPECT_EQ(in_order, (std::vector<std::int64_t>{100, 300, 150, 200}));
  const std::filesystem::path before = crashed();
  archive_->stop();
  archive_.reset();
  const auto again = open(before);
  const auto faults = must(again->open_faults());
  ASSERT_EQ(faults.size(), 1);
  EXPECT_EQ(faults.front().event.field, "err");
  EXPECT_EQ(faults.front().event.at_ms, 100);
}

// Everything is stored and the log trimmed, so that history.db or the log reveals what the other
// lacks.
class ArchiveLossTest : public ArchiveTest {
 protected:
  ArchiveLossTest() {
    for (int i = 0; i < 3; ++i) {
      start();
      report(1, Millis(1000 + i), "a", fmt::format("{}", i));
      archive_->stop();
      archive_.reset();
    }
  }
  // The texts of the notes, without their times.
  Lines damage() {
    const auto again = open(folder_.data());
    Lines texts = again->health().damage;
    for (std::string& text : texts) text.erase(0, text.find(' ') + 1);
    return texts;
  }
  void remove(std::string_view name) { std::filesystem::remove_all(folder_.data() / name); }
};

TEST_F(ArchiveLossTest, NothingIsLostByStopsAndStarts) {
  EXPECT_EQ(damage(), Lines{});
  EXPECT_EQ(damage(), Lines{});
}

TEST_F(ArchiveLossTest, AMissingHistoryIsReportedUntilItIsAccepted) {
  for (const char* name : {"history.db", "history.db-wal", "history.db-shm"}) remove(name);
  const Lines lost = damage();
  // A stop that finds history.db being checked leaves its record in the log.
  EXPECT_THAT(lost, testing::ElementsAre(testing::MatchesRegex(
                        "device 1 lacks all before 2023-11-14T22:00:01Z: records 1 to [12] are "
                        "neither in the log nor in history.db, which is new: the reports in them "
                        "are lost")));
  start();
  report(1, 9s, "a", "9");
  archive_.reset();
  EXPECT_EQ(damage(), lost) << "the next start still tells";
  must(open(folder_.data())->damage().accept());
  EXPECT_EQ(damage(), Lines{});
}

TEST_F(ArchiveLossTest, AMissingLogIsReported) {
  remove("log");
  EXPECT_EQ(damage(), (Lines{"device 1 lacks 2023-11-14T22:00:00Z to 2023-11-14T22:00:00Z: the log "
                             "has no segment, but history.db has records up to 3: the later "
                             "records of the log are lost"}));
}

// Session changes are stored in sessions.db, which may contain later log records than history.db.
class ArchiveAndSessionsTest : public ArchiveTest {
 protected:
  std::unique_ptr<Archive> open_for(std::uint64_t sessions_applied) {
    return must(
        Archive::open({.data = folder_.data(),
                       .clock = &clock_,
                       .limits = limits_,
                       .on_session_changes = [](std::uint64_t, std::string_view) {},
                       .sessions_applied = journal::Positions::everywhere(sessions_applied)}));
  }
  void start_for(std::uint64_t sessions_applied) {
    archive_ = open_for(sessions_applied);
    archive_->start({});
  }
  std::uint64_t change_of_sessions() {
    std::promise<void> durable;
    const std::uint64_t record = archive_->append(
        journal::RecordKind::kTurn, journal::make_turn({.batch = {}, .session_changes = "x"}),
        [&] { durable.set_value(); });
    durable.get_future().wait();
    return record;
  }
  [[nodiscard]] std::size_t segments() const {
    const std::filesystem::directory_iterator all(folder_.data() / "log");
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
};

TEST_F(ArchiveAndSessionsTest, PositionsOfSessionsThatDifferAreRefused) {
  journal::Positions applied;
  applied.advance(Partition{3}, 1);
  const auto opened =
      Archive::open({.data = folder_.data(), .clock = &clock_, .sessions_applied = applied});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kConflict);
}

TEST_F(ArchiveAndSessionsTest, TheLogKeepsWhatSessionsNeedAndNoMore) {
  for (int i = 0; i < 3; ++i) {
    start_for(0);
    report(1, Millis(1000 + i), "a", "1");
    archive_.reset();
    EXPECT_EQ(segments(), 1) << "no session changed";
  }
  start_for(0);
  const std::uint64_t record = change_of_sessions();
  archive_.reset();
  start_for(0);
  report(1, 2s, "a", "1");
  archive_.reset();
  EXPECT_EQ(segments(), 3) << "nothing goes before the change is stored";
  start_for(record);
  report(1, 3s, "a", "1");
  archive_.reset();
  EXPECT_EQ(segments(), 1);
}

TEST_F(ArchiveAndSessionsTest, WithoutTheLogNoNumberComesAgainThatSessionsHave) {
  start_for(0);
  report(1, 1s, "a", "1");
  archive_.reset();
  std::filesystem::remove_all(folder_.data() / "log");
  start_for(40);
  const Lines damage = archive_->health().damage;
  ASSERT_EQ(damage.size(), 1);
  EXPECT_TRUE(damage[0].contains("sessions.db has records up to 40")) << damage[0];
  EXPECT_EQ(change_of_sessions(), 41);
}

TEST_F(ArchiveAndSessionsTest, ANewSessionsFileIsNoLossOfHistory) {
  for (int i = 0; i < 3; ++i) {
    start_for(0);
    report(1, Millis(1000 + i), "a", "1");
    archive_.reset();
  }
  EXPECT_EQ(open_for(0)->health().damage, Lines{});
}

// Otherwise a device's hours would be missing from answers unnoticed.
TEST_F(ArchiveTest, ADamagedIndexIsNotedWithoutBeingAskedFor) {
  start();
  for (int i = 0; i < 40; ++i) report(1, Millis(i), fmt::format("field.{}", i), "\"text\"");
  archive_->stop();
  archive_.reset();
  std::int64_t page = 0;
  std::int64_t size = 0;
  {
    storage::Database database = must(storage::Database::open(folder_.data() / "history.db"));
    must(database.run("PRAGMA wal_checkpoint(truncate)"));
    page = must(database.integer(
        "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_block_1'"));
    size = must(database.integer("PRAGMA page_size"));
  }
  std::string bytes = content_of(folder_.data() / "history.db");
  bytes.at(static_cast<std::size_t>((page - 1) * size + 4)) ^= 1;  // number of entries
  write_content(folder_.data() / "history.db", bytes);
  start();
  while (archive_->health().damage.empty()) std::this_thread::yield();
  EXPECT_TRUE(archive_->health().damage[0].contains("history.db is damaged"))
      << "in the background";
}

TEST_F(ArchiveTest, AReadThatFailsIsNoDamage) {
  start();
  for (int i = 0; i < 40; ++i) report(1, Millis(i), fmt::format("field.{}", i), "\"text\"");
  archive_->stop();
  archive_.reset();
  const std::filesystem::path copy = folder_.path() / "copy";
  for (const std::uint64_t times : {std::uint64_t{1}, FailingReads::kForEver}) {
    bool has_failed = true;
    for (std::uint64_t at = 1; has_failed; ++at) {
      std::filesystem::remove_all(copy);
      std::filesystem::copy(folder_.data(), copy, std::filesystem::copy_options::recursive);
      const FailingReads reads({.at = at, .times = times});
      auto opened = Archive::open({.data = copy, .clock = &clock_, .limits = limits_});
      if (opened) {
        while (!(*opened)->read([](Reader&) {})) std::this_thread::yield();
        (*opened)->stop();
        EXPECT_EQ((*opened)->health().damage, Lines{}) << at;
        opened->reset();
      } else {
        EXPECT_EQ(opened.error().code, ErrorCode::kIo) << at << opened.error().detail;
        EXPECT_FALSE(opened.error().detail.contains("backup")) << opened.error().detail;
      }
      has_failed = reads.has_failed();
      ASSERT_FALSE(HasFailure()) << at;
    }
  }
  start();
  EXPECT_EQ(archive_->health().damage, Lines{});
}

TEST_F(ArchiveTest, FilesThatCannotBeReadAndWouldBeReplacedKeepTheArchiveFromOpening) {
  for (const std::string name : {"damage.txt", "log.seen"}) {
    const std::filesystem::path unreadable = folder_.data() / name;
    std::filesystem::create_directories(unreadable);
    const auto refused =
        Archive::open({.data = folder_.data(), .clock = &clock_, .limits = limits_});
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().code, ErrorCode::kIo);
    EXPECT_TRUE(refused.error().detail.contains(name)) << refused.error().detail;
    std::filesystem::remove(unreadable);
  }
}

// The files after a kill, with one bit flipped in the write-ahead log: SQLite reports no error.
TEST_F(ArchiveTest, ADamagedWriteAheadLogIsNoted) {
  start();
  for (int i = 0; i < 40; ++i) report(1, Millis(i), fmt::format("field.{}", i), "\"text\"");
  archive_->stop();
  archive_.reset();
  const auto file = folder_.data() / "history.db";
  const auto kept = folder_.path() / "kept";
  {
    storage::Database database = must(storage::Database::open(file));
    must(database.run("CREATE TABLE one (a)"));
    must(database.run("CREATE TABLE two (a)"));
    must(database.run("DROP TABLE one"));
    std::filesystem::copy(file.string() + "-wal", kept);
  }
  std::string wal = content_of(kept);
  wal.at(200) = static_cast<char>(wal.at(200) ^ 1);
  write_content(file.string() + "-wal", wal);
  start();
  const Lines damage = archive_->health().damage;
  ASSERT_EQ(damage.size(), 1);
  EXPECT_TRUE(damage[0].contains("history.db-wal is damaged: frame 0")) << damage[0];
}

TEST_F(ArchiveTest, ADamagedPageIsNotedAndAnsweredWithoutAPath) {
  start();
  for (int i = 0; i < 40; ++i) report(1, Millis(i), fmt::format("field.{}", i), "\"text\"");
  archive_->stop();
  archive_.reset();
  storage::Database database = must(storage::Database::open(folder_.data() / "history.db"));
  must(database.run("PRAGMA wal_checkpoint(truncate)"));
  const auto root = must(database.integer(
      "SELECT rootpage FROM sqlite_schema WHERE name = 'sqlite_autoindex_energy_hour_1'"));
  const auto page = must(database.integer("PRAGMA page_size"));
  std::fstream file(folder_.data() / "history.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp((root - 1) * page);
  file.write(std::string(static_cast<std::size_t>(page), '\xAA').data(), page);
  file.close();
  start();
  for (int time = 0; time < 2; ++time) {
    std::promise<Status> read;
    ASSERT_TRUE(archive_->read([&](Reader& reader) {
      read.set_value(reader.each_energy(1, kHour - 10, kHour + 10,
                                        [](std::int64_t, std::string_view) { return Status(); }));
    }));
    const Status status = read.get_future().get();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::kDamaged);
    EXPECT_EQ(status.error().detail.find('/'), std::string::npos) << status.error().detail;
  }
  // Without the damage that the background check finds, sooner or later.
  Lines damage = archive_->health().damage;
  std::erase_if(damage,
                [](const std::string& note) { return note.contains("history.db is damaged"); });
  ASSERT_EQ(damage.size(), 1) << "once, however often it is read";
  EXPECT_TRUE(damage[0].ends_with(" history.db: database disk image is malformed")) << damage[0];
}

}  // namespace
}  // namespace gridloom::history
