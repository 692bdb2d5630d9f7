// The archive with its threads, on a folder: what is durable is found again, whenever it ends.
#include "history/archive.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>

#include "history/test_lines.h"
#include "registry/files.h"
#include "registry/test_folder.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

constexpr std::int64_t kHour = 1'700'000'000'000 / kHour_ms;

// Any thread may look while a test moves it.
class TestClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const override { return TimePoint{Millis(ms.load())}; }
  std::atomic<std::int64_t> ms{kHour * kHour_ms};
};

class ArchiveTest : public testing::Test {
 protected:
  ArchiveTest() { must(registry::make_data_folder(folder_.data())); }

  std::unique_ptr<Archive> open(const std::filesystem::path& data) {
    return must(Archive::open({.data = data, .clock = &clock_, .limits = limits_}));
  }
  void start() {
    archive_ = open(folder_.data());
    archive_->start([this] { return std::exchange(twins_, {}); });
  }
  // Returns once it is durable.
  void report(DeviceNumber device, Millis after, std::string_view name, std::string_view value) {
    BatchWriter writer;
    writer.begin(device, clock_.ms + after.count());
    writer.add(name, value);
    writer.end();
    std::promise<void> durable;
    archive_->append(RecordKind::kReports, writer.take(), [&] { durable.set_value(); });
    durable.get_future().wait();
  }
  // The folder as a crash would leave it now.
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
      for (const LastValue& value : one.values) {
        line += fmt::format(" {}={}", value.name, value.text);
      }
      lines.push_back(std::move(line));
    }
    return lines;
  }

  registry::TestFolder folder_;
  TestClock clock_;
  ArchiveLimits limits_{.log = {.commit = Millis(0)}};
  std::vector<StoredTwin> twins_;
  std::unique_ptr<Archive> archive_;
  int crashes_ = 0;
};

TEST_F(ArchiveTest, WhatIsDurableIsThereAfterACrash) {
  start();
  report(1, 1s, "a", "1");
  report(2, 2s, "b", R"("text")");
  report(1, 3s, "a", "2.50");
  report(1, 3s, kPresence, "1");
  const auto again = open(crashed());
  EXPECT_EQ(recovered(*again), (Lines{"1  a=2.50", R"(2  b="text")"}));
  EXPECT_EQ(rows(*again, 1), (Lines{"1000 a=1", "3000 a=2.5", "3000 $online=1"}));
  EXPECT_EQ(rows(*again, 2), (Lines{R"(2000 b="text")"}));
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

TEST_F(ArchiveTest, WhatComesAfterAStopIsReadAgain) {
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

TEST_F(ArchiveTest, AnAccountHasItsShareOfReadsAndAdministrationAThreadOfItsOwn) {
  limits_.reads = {.entries = 2, .at_once = 1};
  start();
  std::latch begun(2);
  std::latch go_on(1);
  const auto query = [&](std::int64_t account, bool waits) {
    return archive_->read(Query{.account = account, .step = [&, waits](Reader&) {
                                  if (waits) begun.count_down();
                                  if (waits) go_on.wait();
                                  return Progress::kDone;
                                }});
  };
  ASSERT_TRUE(query(1, true));  // one a thread
  ASSERT_TRUE(query(2, true));
  begun.wait();
  EXPECT_TRUE(query(1, false));
  EXPECT_FALSE(query(1, false));
  EXPECT_TRUE(query(2, false));
  EXPECT_TRUE(query(3, false));
  std::promise<void> read;
  ASSERT_TRUE(archive_->read([&](Reader&) { read.set_value(); }));
  read.get_future().wait();
  go_on.count_down();
  archive_.reset();  // the latches end here
}

TEST_F(ArchiveTest, TheAuditIsReadNewestFirstFromMemoryAndStore) {
  start();
  const auto append = [&](std::string entry) {
    std::promise<void> durable;
    archive_->append(RecordKind::kAudit, std::move(entry), [&] { durable.set_value(); });
    durable.get_future().wait();
  };
  append("1");
  append("2");
  archive_->stop();
  archive_.reset();
  start();
  append("3");
  // It passes through the builder's thread, which looks at its queue at once.
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

}  // namespace
}  // namespace gridloom::history
