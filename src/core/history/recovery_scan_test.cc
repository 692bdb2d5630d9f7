// Tests which last values of devices are recovered from the end of the log.
#include "history/recovery_scan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "journal/batch.h"

namespace gridloom::history {
namespace {

using Values = std::vector<std::pair<std::string_view, std::string_view>>;

class RecoveryScanTest : public testing::Test {
 protected:
  void report(DeviceNumber device, const Values& values) {
    writer_.begin(device, at_ms_);
    for (const auto& [name, json] : values) writer_.add(name, json);
    writer_.end();
  }
  void end_record() { tail_.take(writer_.take()); }
  std::vector<std::string> recovered(std::vector<StoredTwin> twins = {}) {
    std::vector<std::string> lines;
    for (const Recovered& one : tail_.with(std::move(twins))) {
      std::string& line = lines.emplace_back(fmt::format("{} {}", one.twin.device, one.twin.text));
      for (const auto& [name, text] : one.values) line += fmt::format(" {}={}", name, text);
    }
    return lines;
  }

  using Lines = std::vector<std::string>;
  std::int64_t at_ms_ = 0;
  FieldNames names_{{}};
  RecoveryScan tail_{names_};
  journal::BatchWriter writer_;
};

TEST_F(RecoveryScanTest, TheLastValueOfEachFieldCounts) {
  report(1, {{"a", "1"}, {"b", "2.50"}, {"c", "true"}});
  report(1, {{"c", R"("text")"}, {"a", "-3"}});
  end_record();
  report(1, {{"d", "[1,2]"}, {"b", "null"}, {"a", "1e3"}});
  report(1, {{"a", "4"}});
  end_record();
  EXPECT_EQ(recovered(), (Lines{R"(1  a=4 b=null c="text" d=[1,2])"}));
}

TEST_F(RecoveryScanTest, TheLastOfTwoValuesInAReportCounts) {
  report(1, {{"a", "1"}, {"a", "2"}, {"b", "3"}, {"a", "4"}});
  end_record();
  EXPECT_EQ(recovered(), (Lines{"1  a=4 b=3"}));
}

TEST_F(RecoveryScanTest, ThePlatformsOwnValuesAreSkipped) {
  report(1, {{journal::kPresence, "1"}, {"a", "1"}, {journal::kResent, "true"}, {"b", "2"}});
  end_record();
  EXPECT_EQ(recovered(), (Lines{"1  a=1 b=2"}));
}

TEST_F(RecoveryScanTest, TheLatestTimeOfAReportIsTheDevices) {
  for (const std::int64_t at_ms : {2000, 3000, 1000}) {
    at_ms_ = at_ms;
    report(1, {{"a", "1"}});
  }
  at_ms_ = 4000;
  report(1, {{journal::kPresence, "0"}});
  end_record();
  const std::vector<Recovered> all = tail_.with({{.device = 2, .sn = "B", .text = "saved"}});
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].at, TimePoint(Millis(3000)));
  EXPECT_EQ(all[1].at, std::nullopt);
}

TEST_F(RecoveryScanTest, EachDeviceIsThereOnceByItsNumber) {
  report(3, {{"a", "1"}});
  report(1, {{"a", "2"}});
  end_record();
  EXPECT_EQ(recovered({{.device = 2, .sn = "R2", .text = "two"},
                       {.device = 1, .sn = "R1", .text = "one"}}),
            (Lines{"1 one a=2", "2 two", "3  a=1"}));
  EXPECT_EQ(recovered(), Lines{});
}

TEST_F(RecoveryScanTest, TheParallelScanCollectsTheSameValues) {
  {
    ParallelRecoveryScan beside(tail_);
    for (int i = 0; i <= 1000; ++i) {
      report(1, {{"a", fmt::format("{}", i)}});
      report(i, {{"b", "1"}});
      beside.take(writer_.take());
    }
  }
  const Lines lines = recovered();
  ASSERT_EQ(lines.size(), 1001);
  EXPECT_EQ(lines[1], "1  a=1000 b=1");
}

TEST_F(RecoveryScanTest, TheReadableRowsOfADamagedRecordCount) {
  report(1, {{"a", "1"}});
  report(1, {{"a", "2"}});
  std::string batch = writer_.take();
  batch.resize(batch.size() - 1);
  tail_.take(batch);
  tail_.take("no batch");
  tail_.take("");
  EXPECT_EQ(recovered(), (Lines{"1  a=1"}));
}

}  // namespace
}  // namespace gridloom::history
