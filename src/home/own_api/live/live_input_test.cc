#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "own_api/live/live_input.h"
#include "testing/must.h"

namespace gridloom::api {
namespace {

using testing::ElementsAre;

// All messages that are whole.
std::vector<std::string> take_all(LiveInput& input) {
  std::vector<std::string> lines;
  while (input.has_line()) lines.emplace_back(input.take());
  input.free_taken();
  return lines;
}

TEST(LiveInputTest, MessagesAreTheSameHoweverTheirBytesAreSplit) {
  constexpr std::string_view kBytes = "one\n\ntwo\nthr";
  for (std::size_t split = 0; split <= kBytes.size(); ++split) {
    LiveInput input;
    std::vector<std::string> lines;
    for (const std::string_view part : {kBytes.substr(0, split), kBytes.substr(split)}) {
      input.add(part);
      for (std::string& line : take_all(input)) lines.push_back(std::move(line));
    }
    EXPECT_THAT(lines, ElementsAre("one", "", "two")) << split;
    EXPECT_EQ(input.size(), 3U);
    input.add("ee\n");
    EXPECT_THAT(take_all(input), ElementsAre("three"));
    EXPECT_EQ(input.size(), 0U);
  }
}

TEST(LiveInputTest, AMessageThatWaitsIsKeptWhenOthersAreFreed) {
  LiveInput input;
  input.add("one\ntwo\nthree\n");
  EXPECT_EQ(input.take(), "one");
  input.free_taken();
  EXPECT_TRUE(input.has_line());
  EXPECT_EQ(input.size(), 10U);
  input.add("four\n");
  EXPECT_THAT(take_all(input), ElementsAre("two", "three", "four"));
}

TEST(LiveInputTest, AMessageIsTooLongWithOrWithoutItsEnd) {
  const std::string longest(LiveInput::kLineBytes, 'x');
  LiveInput input;
  input.add(longest);
  EXPECT_FALSE(input.is_too_long());
  input.add("\n" + longest + "\n");
  EXPECT_FALSE(input.is_too_long());
  EXPECT_EQ(input.take(), longest);
  EXPECT_FALSE(input.is_too_long()) << "what was taken does not count";
  EXPECT_EQ(input.take(), longest);
  input.add(longest + "x");
  EXPECT_TRUE(input.is_too_long());
  input.add("\n");
  EXPECT_TRUE(input.is_too_long());
  input.clear();
  EXPECT_FALSE(input.is_too_long());
  EXPECT_FALSE(input.has_line());
  EXPECT_EQ(input.size(), 0U);
}

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
