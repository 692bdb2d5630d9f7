#include "journal/local/log_scan.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "journal/local/log.h"
#include "journal/local/segment.h"
#include "journal/local/test_disk.h"
#include "testing/must.h"

namespace gridloom::journal {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Each record has a segment of its own.
class LogScanTest : public testing::Test {
 protected:
  LogScanTest()
      : log_(
            must(Log::open({.disk = &disk_,
                            .limits = {.commit = Millis(0), .segment_bytes = 1, .retry = Millis(1)},
                            .written = [](std::span<const Record>) {}},
                           0, [](const Record&) {}))) {}

  void append(std::uint64_t count) {
    for (; count > 0; --count) {
      last_ = log_->append(RecordKind::kReports, fmt::format("payload {}", last_ + 1), {});
      ASSERT_TRUE(log_->flush());
    }
  }
  // The payloads of one call.
  std::vector<std::string> read(std::uint64_t after) {
    std::vector<std::string> payloads;
    must(scan_.read(after, last_, [&](const Record& record) {
      payloads.emplace_back(record.payload);
      return true;
    }));
    return payloads;
  }

  TestDisk disk_{1};
  std::uint64_t last_ = 0;
  std::unique_ptr<Log> log_;
  LogScan scan_{disk_};
};

TEST_F(LogScanTest, AFolderIsListedOnceWhileTheListIsOfUse) {
  append(50);
  EXPECT_THAT(read(0), ElementsAre("payload 1"));
  const std::uint64_t before = disk_.operations();
  for (std::uint64_t after = 1; after < 40; ++after) {
    EXPECT_THAT(read(after), ElementsAre(fmt::format("payload {}", after + 1)));
  }
  EXPECT_EQ(disk_.operations() - before, 39);
}

TEST_F(LogScanTest, WhatIsBegunLaterIsFound) {
  append(3);
  EXPECT_THAT(read(1), ElementsAre("payload 2"));
  append(3);
  for (std::uint64_t after = 2; after < 6; ++after) {
    EXPECT_THAT(read(after), ElementsAre(fmt::format("payload {}", after + 1)));
  }
  EXPECT_THAT(read(6), IsEmpty());
  append(1);
  EXPECT_THAT(read(6), ElementsAre("payload 7"));
}

TEST_F(LogScanTest, ASegmentThatIsGoneOrDamagedDoesNotHideTheNext) {
  append(6);
  EXPECT_THAT(read(0), ElementsAre("payload 1"));
  disk_.put(segment_name(2), "not a segment");
  EXPECT_THAT(read(1), ElementsAre("payload 3"));
  must(disk_.remove(segment_name(4)));
  EXPECT_THAT(read(3), ElementsAre("payload 5"));
}

TEST_F(LogScanTest, AnErrorOfTheDiskIsToldAndTheNextCallReadsOn) {
  append(4);
  EXPECT_THAT(read(0), ElementsAre("payload 1"));
  disk_.break_down(TestDisk::Kind::kIoError);
  const auto read_broken = scan_.read(1, last_, [](const Record&) { return true; });
  ASSERT_FALSE(read_broken);
  EXPECT_EQ(read_broken.error().code, ErrorCode::kIo);
  disk_.mend();
  EXPECT_THAT(read(1), ElementsAre("payload 2"));
}

}  // namespace
}  // namespace gridloom::journal
