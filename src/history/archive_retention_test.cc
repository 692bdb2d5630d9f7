// Tests retention in a running archive: the removal and rollup of old data, and the purge of
// deleted devices.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "history/archive.h"
#include "history/blocks/hours.h"
#include "history/blocks/rollup.h"
#include "journal/batch.h"
#include "storage/files.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;

constexpr std::int64_t kFirst = 470'000;  // the hour of the first report

TimePoint at_hour(std::int64_t hour) { return TimePoint(Millis(hour * kHour_ms)); }

class ArchiveRetentionTest : public testing::Test {
 protected:
  ArchiveRetentionTest() {
    must(storage::make_data_folder(folder_.data()));
    open();
  }
  void open() {
    archive_ = must(Archive::open({.data = folder_.data(),
                                   .clock = &clock_,
                                   .limits = {.recorder = {.keep = {.raw_days = 1}}},
                                   .clock_is_driven = true}));
  }
  void report(DeviceNumber device) {
    journal::BatchWriter writer;
    writer.begin(device, unix_ms(clock_.now()));
    writer.add("a", "1");
    writer.end();
    archive_->append(journal::RecordKind::kReports, writer.take(), {});
  }
  // The number of the device's hours stored as blocks, and as rollups.
  std::pair<int, int> seen(DeviceNumber device) {
    std::promise<std::pair<int, int>> promise;
    EXPECT_TRUE(archive_->read([&](Reader& reader) {
      std::pair<int, int> counts{0, 0};
      must(reader.each_block(device, 0, 2 * kFirst, [&](std::int64_t, const Block&) {
        ++counts.first;
        return Status();
      }));
      must(reader.each_rollup(device, 0, 2 * kFirst, [&](std::int64_t, const HourOfRollups&) {
        ++counts.second;
        return Status();
      }));
      promise.set_value(counts);
    }));
    return promise.get_future().get();
  }
  // Polls, because nothing signals when the archive's thread is done.
  bool becomes(DeviceNumber device, std::pair<int, int> wanted) {
    const auto until = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < until) {
      if (seen(device) == wanted) return true;
    }
    return false;
  }

  TemporaryFolder folder_;
  TestClock clock_{at_hour(kFirst)};
  std::unique_ptr<Archive> archive_;
};

TEST_F(ArchiveRetentionTest, OldBlocksBecomeRollupsWhileTheArchiveRuns) {
  archive_->start({});
  report(1);
  report(2);
  EXPECT_TRUE(becomes(2, {1, 0}));
  clock_.set(at_hour(kFirst + 100));
  report(2);
  EXPECT_TRUE(becomes(1, {0, 1}));
  EXPECT_TRUE(becomes(2, {1, 1}));
}

TEST_F(ArchiveRetentionTest, ARemovedDeviceIsForgottenAtOnceAndStaysSo) {
  archive_->start({});
  for (const DeviceNumber device : {1, 2}) report(device);
  EXPECT_TRUE(becomes(1, {1, 0}));
  archive_->purge(1);
  EXPECT_TRUE(becomes(1, {0, 0}));
  report(1);
  report(2);
  clock_.set(at_hour(kFirst + 2));
  EXPECT_TRUE(becomes(2, {1, 0}));
  archive_.reset();
  open();
  EXPECT_EQ(seen(1), (std::pair{0, 0})) << "what the log still had was in no block";
}

TEST_F(ArchiveRetentionTest, OnlyDevicesPurgedAtTheStartAreRemoved) {
  archive_->start({});
  for (const DeviceNumber device : {1, 2, 3}) report(device);
  archive_.reset();  // stored
  open();
  archive_->start({});
  report(4);
  EXPECT_TRUE(becomes(4, {1, 0}));
  archive_->stop();
  archive_.reset();
  open();
  EXPECT_EQ(must(archive_->devices()), (std::vector<DeviceNumber>{1, 2, 3, 4}));
  archive_->set_unknown({3, 4});
  EXPECT_EQ(archive_->health().unknown_devices, 2);
  archive_->purge(2);
  archive_->purge(4);
  EXPECT_EQ(archive_->health().unknown_devices, 1);
  archive_->start({});
  EXPECT_TRUE(becomes(2, {0, 0}));
  EXPECT_TRUE(becomes(4, {0, 0}));
  EXPECT_EQ(seen(1), (std::pair{1, 0}));
  EXPECT_EQ(seen(3), (std::pair{1, 0}));
}

}  // namespace
}  // namespace gridloom::history
