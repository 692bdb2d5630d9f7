#include <gtest/gtest.h>

#include <string_view>

#include "bridges/mirror/mirrored_devices.h"

namespace gridloom::bridges::mirror {
namespace {

TEST(AddedDevices, AreKnownAgainByTheirNumbers) {
  AddedDevices added;
  added.expect("A1");
  added.expect("A2");
  added.take("A1", 40);
  added.expect("A1");  // which changes nothing
  EXPECT_TRUE(added.has("A1", 40));
  EXPECT_FALSE(added.has("A1", 41)) << "a later device of that serial number";
  EXPECT_TRUE(added.has("A2", 5)) << "it was registered before the crash, and its number not kept";
  EXPECT_FALSE(added.has("A3", 5));

  AddedDevices again;
  ASSERT_TRUE(again.restore(added.to_text()));
  EXPECT_EQ(again.to_text(), added.to_text());

  again.keep([](std::string_view sn) { return sn == "A2"; });
  EXPECT_EQ(again.size(), 1U);
}

TEST(AddedDevices, ATextThatIsNoneIsTold) {
  for (const std::string_view text : {"", "[]", "{}", R"({"devices":[]})"}) {
    AddedDevices added;
    EXPECT_FALSE(added.restore(text)) << text;
  }
}

}  // namespace

}  // namespace gridloom::bridges::mirror
