#include "history/loss_text.h"

#include <gtest/gtest.h>

#include <string>

namespace gridloom::history {
namespace {

std::string text(const journal::LostReports& reports) {
  return text_of_loss("why", reports, [](DeviceNumber device) {
    return device == 9 ? std::string() : "DEV-" + std::to_string(device);
  });
}

TEST(LossText, NamesDevicesAndTime) {
  EXPECT_EQ(text({}), "why");
  EXPECT_EQ(text({.devices = {1}, .from_ms = 0, .to_ms = 61'999}),
            "DEV-1 lacks all before 1970-01-01T00:01:01Z: why");
  EXPECT_EQ(text({.devices = {1, 2, 9}, .from_ms = 1'000, .to_ms = 2'000}),
            "DEV-1, DEV-2 and device 9 lack 1970-01-01T00:00:01Z to 1970-01-01T00:00:02Z: why");
}

TEST(LossText, OfManyDevicesNamesTwenty) {
  journal::LostReports reports{.from_ms = 0, .to_ms = 0};
  for (DeviceNumber device = 10; device < 31; ++device) reports.devices.insert(device);
  const std::string all = text(reports);
  EXPECT_TRUE(all.contains("DEV-29 and 1 more lack ")) << all;
}

}  // namespace
}  // namespace gridloom::history
