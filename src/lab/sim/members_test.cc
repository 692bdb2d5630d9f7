#include "sim/members.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "sim/test_family.h"
#include "wire/json.h"

namespace gridloom::sim {
namespace {

using wire::Json;

struct MembersTest : testing::Test {
  FieldTablePtr table = std::make_shared<const FieldTable>(test_family());
  Fields fields{table};
  MemberSlots slots{.slot = table->find("list").value(),
                    .paths = {"[2].on", "[0].on", "[7].on", "[1].on"}};
  Members members{slots};

  [[nodiscard]] std::string text() const { return wire::to_text(fields.get(slots.slot)); }
  [[nodiscard]] bool changed() const { return fields.changed(slots.slot.index); }
};

TEST_F(MembersTest, ReplaceTheirNumbersInTheText) {
  const struct {
    std::size_t member;
    std::int64_t mantissa;
    unsigned decimals;
    bool changes;
    std::string_view text;
  } rows[] = {{1, 0, 0, false, R"([{"on":0},{"on":0},{"on":0}])"},
              {1, 0, 2, false, R"([{"on":0},{"on":0},{"on":0}])"},
              {1, 12, 0, true, R"([{"on":12},{"on":0},{"on":0}])"},
              {0, -3, 0, true, R"([{"on":12},{"on":0},{"on":-3}])"},
              {3, 250, 2, true, R"([{"on":12},{"on":2.5},{"on":-3}])"},
              {3, 250, 2, false, R"([{"on":12},{"on":2.5},{"on":-3}])"},
              {2, 9, 0, false, R"([{"on":12},{"on":2.5},{"on":-3}])"},
              {1, 1, 0, true, R"([{"on":1},{"on":2.5},{"on":-3}])"},
              {3, 3, 0, true, R"([{"on":1},{"on":3},{"on":-3}])"},
              {0, 4, 0, true, R"([{"on":1},{"on":3},{"on":4}])"}};
  for (const auto& row : rows) {
    fields.clear_changes();
    ASSERT_TRUE(members.bind(fields));
    members.set(fields, row.member, row.mantissa, row.decimals);
    EXPECT_EQ(text(), row.text);
    EXPECT_EQ(changed(), row.changes) << row.text;
  }
}

TEST_F(MembersTest, AreFoundAgainWhenTheFieldWasSet) {
  ASSERT_TRUE(members.bind(fields));
  members.set(fields, 1, 5);
  fields.set("list", wire::parse_json(R"([{"name":"x","on":5.5},{"on":"y"}])").value());
  ASSERT_TRUE(members.bind(fields));
  for (std::size_t member = 0; member < slots.paths.size(); ++member) {
    members.set(fields, member, 6);
  }
  EXPECT_EQ(text(), R"([{"name":"x","on":6},{"on":"y"}])");
  fields.reset_to_initial();
  ASSERT_TRUE(members.bind(fields));
  members.set(fields, 1, 6);
  EXPECT_EQ(text(), R"([{"on":6},{"on":0},{"on":0}])");
}

TEST_F(MembersTest, AreNotWrittenWhileTheirFieldIsPinned) {
  ASSERT_TRUE(members.bind(fields));
  for (const Json& pinned : {Json(7), fields.get(slots.slot)}) {
    members.set(fields, 1, 0);
    fields.pin(slots.slot.index, pinned);
    EXPECT_FALSE(members.bind(fields));
    fields.unpin(slots.slot.index);
    ASSERT_TRUE(members.bind(fields));
    members.set(fields, 1, 8);
    EXPECT_EQ(text(), R"([{"on":8},{"on":0},{"on":0}])");
  }
  fields.set("list", 3);
  EXPECT_FALSE(members.bind(fields)) << "it has no members";
}

}  // namespace
}  // namespace gridloom::sim
