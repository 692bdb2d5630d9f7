#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sim/model.h"
#include "sim/test_bench.h"
#include "sim/test_family.h"

namespace gridloom::sim {
namespace {

using wire::Json;

struct FieldsTest : testing::Test {
  Fields fields{std::make_shared<FieldTable>(test_family())};

  [[nodiscard]] std::vector<std::string> changed() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < fields.slots().size(); ++i) {
      if (fields.changed(i)) names.emplace_back(fields.slots()[i].name);
    }
    return names;
  }
};

TEST_F(FieldsTest, StartAsTheFileSaysWithModulesInThePlaceOfTheStar) {
  EXPECT_EQ(fields.slots().size(), 11U);
  EXPECT_EQ(fields.get("pd.soc"), Json(60));
  EXPECT_EQ(fields.get("pack.P-1.amp"), Json(1));
  EXPECT_EQ(fields.get("pack.P-2.vol"), Json(0));
  EXPECT_FALSE(fields.has("pack.*.amp"));
  EXPECT_EQ(fields.modules("pack"), (std::vector<std::string>{"P-1", "P-2"}));
  EXPECT_TRUE(fields.modules("pd").empty());
  EXPECT_EQ(changed().size(), fields.slots().size());
}

TEST_F(FieldsTest, AreOfTheirOwnTypeAfterSettingANumber) {
  const struct {
    std::string_view name;
    double value;
    Json kept;
  } rows[] = {{"pd.soc", 59.5, Json(60)},
              {"pd.soc", -0.4, Json(0)},
              {"pd.soc", 4294967295.0, Json(4294967295)},
              {"pd.on", 0.1, Json(true)},
              {"pd.on", 0, Json(false)},
              {"pd.watts", 2, Json(2)},
              {"pd.watts", 1.0 / 3, Json(0.333333)},
              {"pd.watts", -123456.7, Json(-123457)},
              {"pd.watts", 0.1 + 0.2, Json(0.3)},
              {"pd.watts", 1e-9, Json(1e-9)},
              {"pd.watts", 0, Json(0)}};
  for (const auto& row : rows) {
    fields.set_number(row.name, row.value);
    EXPECT_EQ(fields.get(row.name), row.kept) << row.name << " " << row.value;
  }
}

TEST_F(FieldsTest, ReadAsNumbersWhateverTheirKind) {
  fields.set("pd.on", true);
  fields.set("pd.watts", 2.9);
  EXPECT_EQ(fields.number("pd.on"), 1);
  EXPECT_TRUE(fields.on("pd.on"));
  EXPECT_EQ(fields.integer("pd.watts"), 2);
  EXPECT_EQ(fields.number("pd.name"), 0);
  fields.add("pd.soc", 2);
  EXPECT_EQ(fields.integer("pd.soc"), 62);
}

TEST_F(FieldsTest, RememberWhatChangedUntilItIsCleared) {
  fields.clear_changes();
  EXPECT_TRUE(changed().empty());
  fields.set("pd.soc", 60);
  fields.set_number("pd.watts", 1.5);
  EXPECT_TRUE(changed().empty());
  fields.set("pd.soc", 61);
  fields.set("pack.P-2.amp", 5);
  EXPECT_EQ(changed(), (std::vector<std::string>{"pd.soc", "pack.P-2.amp"}));
}

TEST_F(FieldsTest, GoBackToTheirInitialValuesMarkingOnlyWhatDiffers) {
  fields.set("pd.mode", 9);
  fields.set("pd.soc", 1);
  fields.clear_changes();
  fields.set("pd.soc", 60);
  fields.clear_changes();
  fields.reset_to_initial();
  EXPECT_EQ(changed(), std::vector<std::string>{"pd.mode"});
  EXPECT_EQ(fields.get("pd.mode"), fields.initial("pd.mode"));
}

TEST_F(FieldsTest, RefuseNamesThatTheFamilyDoesNotHaveAndNumbersThatAreNone) {
  EXPECT_THROW(static_cast<void>(fields.get("pd.nothing")), std::logic_error);
  EXPECT_THROW(static_cast<void>(fields.initial("pd.nothing")), std::logic_error);
  EXPECT_THROW(fields.set("pd.nothing", 1), std::logic_error);
  EXPECT_THROW(fields.set_number("pd.nothing", 1), std::logic_error);
  EXPECT_THROW(fields.set_number("pd.soc", std::nan("")), std::logic_error);
  EXPECT_THROW(fields.set_number("pd.watts", std::numeric_limits<double>::infinity()),
               std::logic_error);
}

// Clients create one device for each serial number, and a home may have two kits.
TEST_F(FieldsTest, SayTheFilesModulesForItsFirstDeviceAndModulesOfTheirOwnForOthers) {
  const FieldTablePtr table = table_of("power_kits");
  std::set<std::string, std::less<>> said;
  std::size_t modules = 0;
  for (const std::string_view device :
       {"M106ZAB4Z000001F", "M106ZAB4Z0000020", "M10SIM00000001", "M10SIM00000002"}) {
    Fields kit(table);
    kit.assign_serials(device);
    std::set<std::string_view> own;
    for (std::size_t i = 0; i < table->modules().size(); ++i) {
      const FieldTable::Module& module = table->modules()[i];
      EXPECT_EQ(kit.serial(i), kit.serial(module.sn)) << module.sn;
      EXPECT_EQ(kit.serial(i).substr(0, 4), module.sn.substr(0, 4));
      EXPECT_EQ(kit.serial(i).size(), 16U);
      own.insert(kit.serial(i));
    }
    modules += own.size();
    said.insert(own.begin(), own.end());
    Fields again(table);
    again.assign_serials(device);
    EXPECT_EQ(again.serial("M1093-DCIN-CA7C3"), kit.serial("M1093-DCIN-CA7C3"));
  }
  EXPECT_EQ(said.size(), modules) << "two kits share a module";
  Fields first(table);
  first.assign_serials("M106ZAB4Z000001F");
  EXPECT_EQ(first.serial("M1093-DCIN-CA7C3"), "M1093-DCIN-CA7C3");
}

// The list of all modules is excepted, because it names each of them.
TEST_F(FieldsTest, NoModuleOfAVirtualKitIsInTwoGroups) {
  std::set<std::string> seen;
  for (const FieldTable::Module& module : table_of("power_kits")->modules()) {
    if (module.group == "onLineModuleSnList") continue;
    EXPECT_TRUE(seen.insert(module.sn).second) << module.sn;
  }
}

}  // namespace
}  // namespace gridloom::sim
