#include "transcripts/device_setup.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "base/chance.h"
#include "testing/catalog.h"

namespace gridloom::transcripts {
namespace {

const catalog::Family& delta_2() {
  const auto& catalog = shipped_catalog();
  return *catalog->find("delta_2");
}

constexpr std::string_view kEveryKey =
    R"({"place":"garage","supplies":["garage","office"],"initial":{"pd.ext4p8Port":2}})";

TEST(DeviceSetup, ReadsEveryKey) {
  const auto setup = setup_from(kEveryKey, delta_2());
  ASSERT_TRUE(setup) << setup.error().detail;
  EXPECT_EQ(setup->place, catalog::Place::kGarage);
  EXPECT_EQ(setup->circuits, 1U << 6U | 1U << 11U) << "by their places in kHomeCircuits";
  ASSERT_EQ(setup->initial.size(), 1U);
  EXPECT_EQ(setup->initial[0], (std::pair<std::string, wire::Json>("pd.ext4p8Port", 2)));
}

TEST(DeviceSetup, HasExtraBatteriesOfAFamilyThatTakesThem) {
  const auto catalog = shipped_catalog();
  const catalog::Family& family = *catalog->find("delta_pro_3");
  EXPECT_EQ(setup_from(R"({"packs":2})", family)->packs.size(), 2U);
  EXPECT_EQ(setup_from(R"({"packs":3})", family).error().detail,
            "packs: 3 must be 0 to 2 extra batteries of DELTA Pro 3");
}

TEST(DeviceSetup, LeavesToTheFamilyWhatTheLineDoesNotSay) {
  for (const std::string_view text : {"", "{}"}) {
    const auto setup = setup_from(text, delta_2());
    ASSERT_TRUE(setup) << setup.error().detail;
    EXPECT_FALSE(setup->place);
    EXPECT_FALSE(setup->circuits);
    EXPECT_TRUE(setup->initial.empty());
  }
  EXPECT_EQ(setup_from(R"({"supplies":[]})", delta_2())->circuits, 0U) << "nothing hangs on it";
}

TEST(DeviceSetup, TellsWhatIsWrongAndWhatIsValid) {
  struct Row {
    std::string_view text, told;
  };
  const std::vector<Row> rows = {
      {"[]", "must be an object such as {\"place\":\"garage\"}"},
      {R"({"places":"garage"})",
       "places: must be place, supplies, initial or packs; did you mean place or packs?"},
      {R"({"place":"garden"})", R"(place: "garden" must be indoor, outdoor, garage or camper)"},
      {R"({"place":1})", "place: 1 must be indoor, outdoor, garage or camper"},
      {R"({"supplies":"garage"})", "supplies: must be a list of circuits"},
      {R"({"supplies":["kichen"]})",
       R"(supplies: "kichen" must be refrigerator, kitchen, cooker, dishwasher, utility, living, )"
       "office, lights, bedrooms, bath, heating, garage, garden or guest; did you mean kitchen?"},
      {R"({"initial":[1]})", "initial: must be an object of fields and their values"},
      {R"({"initial":{"pd.sock":1}})",
       "initial: delta_2 has no field pd.sock; did you mean pd.soc?"},
      {R"({"initial":{"pd.soc":"half"}})", R"(initial: pd.soc is "half": must be of type int)"},
      {R"({"initial":{"pd.soc":101}})", "initial: pd.soc is 101: must be 0 to 100"},
      {R"({"packs":2})", "packs: 2 must be 0 to 1 extra batteries of DELTA 2"},
      {R"({"packs":"two"})", R"(packs: "two" must be 0 to 1 extra batteries of DELTA 2)"},
  };
  for (const Row& row : rows) {
    const auto setup = setup_from(row.text, delta_2());
    ASSERT_FALSE(setup) << row.text;
    EXPECT_EQ(setup.error().code, ErrorCode::kBadParams);
    EXPECT_EQ(setup.error().detail, row.told);
  }
  EXPECT_FALSE(setup_from(R"({"place":)", delta_2()));
}

// Whatever the text is, a set-up that is read has only fields and circuits that exist.
TEST(DeviceSetup, OfAnyTextIsValidOrTold) {
  const Chance chance(7);
  for (std::size_t run = 0; run < 2000; ++run) {
    std::string text(kEveryKey);
    const Chance of_run = chance.split(std::to_string(run));
    const std::size_t changes = 1 + of_run.bits(0) % 3;
    for (std::size_t k = 0; k < changes; ++k) {
      text[of_run.bits(2 * k + 1) % text.size()] =
          static_cast<char>(' ' + of_run.bits(2 * k + 2) % 95);
    }
    const auto setup = setup_from(text, delta_2());
    if (!setup) {
      EXPECT_FALSE(setup.error().detail.empty()) << text;
      continue;
    }
    EXPECT_LT(setup->circuits.value_or(0), 1U << catalog::kHomeCircuits.size()) << text;
    for (const auto& [name, value] : setup->initial) {
      const catalog::Field* field = delta_2().field(name);
      ASSERT_NE(field, nullptr) << text;
      EXPECT_TRUE(catalog::fits(field->type, value)) << text;
    }
  }
}

}  // namespace
}  // namespace gridloom::transcripts
