// The bytes of a record of events.
#include "journal/device_event.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace gridloom::journal {
namespace {

const DeviceEvent kHot{.device = 7,
                       .at_ms = 1'700'000'000'000,
                       .kind = EventKind::kFaultBegan,
                       .since_ms = 1'700'000'000'000,
                       .field = "bms.err",
                       .text = "5"};

TEST(DeviceEvent, OfARecordAreReadAsTheyWereWritten) {
  const std::vector<DeviceEvent> all{
      kHot,
      {.device = -1, .at_ms = -5, .kind = EventKind::kOffline},
      {.device = 8, .at_ms = 1, .kind = EventKind::kLeftOut, .count = 3000},
      {.device = 8, .kind = EventKind::kSetRefused, .field = "41", .text = "code 7"}};
  EXPECT_EQ(read_events(make_events(all)), all);
  EXPECT_EQ(read_events(""), std::vector<DeviceEvent>());
}

TEST(DeviceEvent, DamagedRecordsAreRefused) {
  const std::string bytes = make_events({&kHot, 1});
  for (std::size_t length = 1; length < bytes.size(); ++length) {
    EXPECT_FALSE(read_events(bytes.substr(0, length))) << length;
  }
  std::string unknown = bytes;
  for (const char kind : {'\0', '\x09'}) {
    unknown.front() = kind;
    EXPECT_FALSE(read_events(unknown));
  }
}

TEST(DeviceEvent, ARecordHasALimit) {
  std::vector<DeviceEvent> many(kMaxEventsOfRecord, kHot);
  EXPECT_EQ(read_events(make_events(many)), many);
  many.push_back(kHot);
  EXPECT_FALSE(read_events(make_events(many)));
}

TEST(DeviceEvent, IdsAscendWithRecordsAndPlaces) {
  EXPECT_LT(event_id(4, kMaxEventsOfRecord - 1), event_id(5, 0));
  EXPECT_LT(event_id(5, 0), event_id(5, 1));
}

}  // namespace
}  // namespace gridloom::journal
