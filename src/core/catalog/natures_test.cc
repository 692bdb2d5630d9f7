#include "catalog/natures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "testing/catalog.h"
#include "testing/must.h"

namespace gridloom::catalog {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

const Family& family_of(std::string_view id) {
  const auto& catalog = shipped_catalog();
  return *catalog->find(id);
}

TEST(Natures, ChargeIsAFieldOfEachFamilyWithABattery) {
  for (const std::string_view id :
       {"delta_2", "power_kits", "power_ocean", "power_stream", "smart_home_panel", "delta_2_max",
        "delta_pro_ultra", "wave_2", "glacier", "stream", "delta_pro_3", "delta_pro", "delta_max",
        "river_2_pro", "delta_3_max", "smart_home_panel_2"}) {
    const auto found = fields_of_word(family_of(id), "soc");
    ASSERT_FALSE(found.empty()) << id;
    EXPECT_EQ(found.front()->unit, "%") << id;
    EXPECT_THAT(nature_words(family_of(id)), Contains("soc")) << id;
  }
  EXPECT_EQ(fields_of_word(family_of("delta_2"), "soc").front()->name, "pd.soc");
}

TEST(Natures, WhetherTheGridIsThereIsKnownOfSomeFamilies) {
  struct Row {
    std::string_view nature;
    std::vector<std::string_view> families;
  };
  const std::vector<Row> rows = {
      {"grid.voltage",
       {"delta_2", "delta_2_max", "delta_pro_ultra", "power_kits", "stream", "wave_2",
        "delta_pro_3", "delta_pro", "delta_max", "river_2_pro", "stream_microinverter"}},
      {"grid.present", {"smart_home_panel", "smart_home_panel_2"}},
      {"output.voltage",
       {"delta_2", "delta_2_max", "power_kits", "delta_pro", "delta_max", "river_2_pro"}},
      {"battery.voltage",
       {"delta_2", "delta_2_max", "delta_pro_ultra", "glacier", "power_stream", "stream", "wave_2",
        "delta_pro_3", "delta_pro", "delta_max", "river_2_pro"}}};
  for (const Row& row : rows) {
    for (const std::string_view id : row.families) {
      EXPECT_FALSE(fields_of_word(family_of(id), row.nature).empty()) << id << ' ' << row.nature;
    }
  }
}

TEST(Natures, TheStateOfABatteryIsFoundInEachFamilyThatReportsIt) {
  struct Row {
    std::string_view nature;
    std::string_view unit;
    std::vector<std::string_view> families;
  };
  const std::vector<Row> rows = {
      {"battery.time_to_full",
       "min",
       {"delta_2", "delta_2_max", "glacier", "power_stream", "stream", "wave_2", "delta_pro_3",
        "delta_pro", "delta_max", "river_2_pro", "delta_3_max", "smart_home_panel_2"}},
      {"battery.time_to_empty",
       "min",
       {"delta_2", "delta_2_max", "glacier", "power_stream", "stream", "wave_2", "delta_pro_3",
        "delta_pro", "delta_max", "river_2_pro", "delta_3_max", "smart_home_panel_2"}},
      {"battery.time_left", "min", {"delta_pro_ultra", "power_kits", "smart_home_panel"}},
      {"battery.temperature",
       "°C",
       {"delta_2", "delta_2_max", "delta_pro_ultra", "glacier", "power_stream", "stream", "wave_2",
        "delta_pro_3", "delta_pro", "delta_max", "river_2_pro"}},
      {"battery.capacity", "Wh", {"stream", "delta_pro_3", "smart_home_panel_2"}},
      {"battery.cycles",
       "",
       {"delta_2", "delta_2_max", "delta_pro_ultra", "glacier", "stream", "wave_2", "delta_pro_3",
        "delta_pro", "delta_max", "river_2_pro"}},
  };
  for (const Row& row : rows) {
    for (const std::string_view id : row.families) {
      const auto found = fields_of_word(family_of(id), row.nature);
      ASSERT_FALSE(found.empty()) << id << ' ' << row.nature;
      EXPECT_EQ(found.front()->unit, row.unit) << id << ' ' << row.nature;
    }
  }
}

TEST(Natures, OneNatureMayHaveSeveralFields) {
  EXPECT_GT(fields_of_word(family_of("delta_2"), "load.energy").size(), 1U);
  EXPECT_EQ(nature_of_word("load.energy"), "load.energy");
}

TEST(Natures, TheFieldsOfModulesCountAndTheImportStandsForTheGrid) {
  EXPECT_THAT(nature_words(family_of("power_kits")),
              testing::AllOf(Contains("load.power"), Contains("grid.power"), Contains("pv.power")));
  ASSERT_FALSE(fields_of_word(family_of("wave_2"), "grid.power").empty());
  EXPECT_EQ(fields_of_word(family_of("wave_2"), "grid.power").front()->nature, "grid.import_power");
  EXPECT_EQ(fields_of_word(family_of("power_ocean"), "grid.power").front()->nature, "grid.power");
}

TEST(Natures, OtherWordsStandForNothing) {
  EXPECT_EQ(nature_of_word("charge"), "");
  EXPECT_THAT(fields_of_word(family_of("delta_2"), "charge"), IsEmpty());
  EXPECT_THAT(fields_of_word(family_of("delta_2"), ""), IsEmpty());
  EXPECT_THAT(nature_words(family_of("generic")), IsEmpty());
}

TEST(Natures, TheSunOfADelta2MaxIsThatOfItsInputsAndItsChargeThatOfAllPacks) {
  const Family& family = family_of("delta_2_max");
  std::vector<std::string> sun;
  for (const Field* field : fields_of_word(family, "pv.power")) sun.push_back(field->name);
  EXPECT_THAT(sun, UnorderedElementsAre("mppt.inWatts", "mppt.pv2InWatts"));
  EXPECT_EQ(fields_of_word(family, "soc").front()->name, "bms_emsStatus.lcdShowSoc");
}

TEST(Natures, AllValuesThatAreNoErrorAreNamed) {
  EXPECT_EQ(error_text(*family_of("delta_2").field("bms_emsStatus.bmsWarState")),
            "any other value than 0 or 8");
  EXPECT_EQ(error_text(*family_of("delta_2").field("inv.errCode")), "any other value than 0");
}

}  // namespace
}  // namespace gridloom::catalog
