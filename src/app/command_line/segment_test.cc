// The text of `gridloom segment show` for records; tests/clients tests the command as a whole.
#include "app/command_line/segment.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "journal/batch.h"

namespace gridloom::app {
namespace {

using journal::RecordKind;

std::string said_of(RecordKind kind, std::string_view payload) {
  return content_of({.sequence = 1, .kind = kind, .payload = payload});
}

std::string batch() {
  journal::BatchWriter writer;
  for (const DeviceNumber device : {7, 9, 7}) {
    writer.begin(device, 1'700'000'000'000);
    writer.add("power", "12.5");
    writer.end();
  }
  return writer.take();
}

TEST(SegmentShow, CountsRowsAndDevicesOfReports) {
  EXPECT_EQ(said_of(RecordKind::kReports, batch()), "3 rows of 2 devices");
  journal::BatchWriter one;
  one.begin(7, 0);
  one.end();
  EXPECT_EQ(said_of(RecordKind::kReports, one.take()), "1 row of 1 device");
}

TEST(SegmentShow, SaysWhereReportsAreNoBatch) {
  const std::string bytes = batch();
  EXPECT_EQ(said_of(RecordKind::kReports, bytes.substr(0, bytes.size() - 1)),
            "2 rows of 2 devices, then bytes that are not a batch");
  EXPECT_EQ(said_of(RecordKind::kReports, "abcd"),
            "0 rows of 0 devices, then bytes that are not a batch");
}

TEST(SegmentShow, ShowsAuditWithoutWhatMovesTheCursor) {
  EXPECT_EQ(said_of(RecordKind::kAudit, "{\"sn\":\"\x1B[2J\x7F\"}"), R"({"sn":".[2J."})");
}

TEST(SegmentShow, SaysNothingOfKindsThatItDoesNotKnow) {
  EXPECT_EQ(said_of(static_cast<RecordKind>(77), "abc"), "");
}

}  // namespace
}  // namespace gridloom::app
