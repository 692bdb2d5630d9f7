#include "own_api/live/live_message.h"

#include <gtest/gtest.h>

#include <optional>

#include "testing/must.h"

namespace gridloom::api {
namespace {

TEST(LiveMessageTest, AMemberOfAnotherTypeIsNone) {
  const wire::Json message =
      must(wire::parse_json(R"({"t":"sub","id":5,"half":2.5,"text":"5","list":[5]})"));
  const wire::JsonObject& members = message.get_object();
  EXPECT_EQ(text_in(members, "t"), "sub");
  for (const auto* key : {"id", "list", "absent"}) EXPECT_EQ(text_in(members, key), "") << key;
  EXPECT_EQ(number_in(members, "id"), 5);
  for (const auto* key : {"half", "text", "list", "absent"})
    EXPECT_EQ(number_in(members, key), std::nullopt) << key;
}

}  // namespace
}  // namespace gridloom::api
