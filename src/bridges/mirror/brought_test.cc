#include "bridges/mirror/brought.h"

#include <gtest/gtest.h>

#include <string_view>

namespace gridloom::bridges::mirror {
namespace {

TEST(Brought, AreKnownAgainByTheirNumbers) {
  Brought brought(7);
  brought.expect("A1");
  brought.expect("A2");
  brought.take("A1", 40);
  brought.expect("A1");  // which changes nothing
  EXPECT_TRUE(brought.has("A1", 40));
  EXPECT_FALSE(brought.has("A1", 41)) << "a later device of that serial number";
  EXPECT_TRUE(brought.has("A2", 5))
      << "it was registered before the crash, and its number not kept";
  EXPECT_FALSE(brought.has("A3", 5));

  Brought again(7);
  ASSERT_TRUE(again.restore(brought.to_text()));
  EXPECT_EQ(again.to_text(), brought.to_text());
  Brought other(8);
  ASSERT_TRUE(other.restore(brought.to_text()));
  EXPECT_EQ(other.size(), 0U) << "it is of a bridge that was removed";

  again.keep([](std::string_view sn) { return sn == "A2"; });
  EXPECT_EQ(again.size(), 1U);
}

TEST(Brought, ATextThatIsNoneIsTold) {
  for (const std::string_view text :
       {"", "[]", "{}", R"({"bridge":1})", R"({"bridge":1,"devices":[]})"}) {
    Brought brought(1);
    EXPECT_FALSE(brought.restore(text)) << text;
  }
}

}  // namespace
}  // namespace gridloom::bridges::mirror
