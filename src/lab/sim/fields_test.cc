#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "sim/model.h"
#include "sim/test_bench.h"
#include "sim/test_family.h"

namespace gridloom::sim {
namespace {

using wire::Json;

struct FieldsTest : testing::Test {
  FieldTablePtr station = std::make_shared<const FieldTable>(test_family());
  Fields fields{station};

  [[nodiscard]] Slot slot(std::string_view name) const { return station->find(name).value(); }

  [[nodiscard]] std::vector<std::string> changed() const {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < fields.entries().size(); ++i) {
      if (fields.changed(i)) names.emplace_back(fields.entries()[i].name);
    }
    return names;
  }
};

TEST_F(FieldsTest, StartAsTheFileSaysWithModulesInThePlaceOfTheStar) {
  EXPECT_EQ(fields.entries().size(), 11U);
  EXPECT_EQ(fields.get("pd.soc"), Json(60));
  EXPECT_EQ(fields.get("pack.P-1.amp"), Json(1));
  EXPECT_EQ(fields.get("pack.P-2.vol"), Json(0));
  EXPECT_FALSE(fields.has("pack.*.amp"));
  EXPECT_EQ(fields.modules("pack"), (std::vector<std::string>{"P-1", "P-2"}));
  EXPECT_TRUE(fields.modules("pd").empty());
  EXPECT_EQ(changed().size(), fields.entries().size());
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
    fields.set_number(slot(row.name), row.value);
    EXPECT_EQ(fields.get(row.name), row.kept) << row.name << " " << row.value;
  }
}

// As a device's float32: the number with six digits that is nearest, in its shortest form.
TEST_F(FieldsTest, HaveSixSignificantDigitsAtAnySize) {
  const auto six_digits = [](double value) {
    if (value == 0) return Json(0);
    const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
    const double near = std::round(value * scale) / scale;
    const bool is_whole = near == std::trunc(near) && std::abs(near) < 1e15;
    return is_whole ? Json(std::llround(near)) : Json(near);
  };
  const Slot watts = slot("pd.watts");
  const auto expect_at = [&](double value) {
    fields.set_number(watts, value);
    EXPECT_EQ(fields.get(watts), six_digits(value)) << value;
    TextBuffer text;
    fields.append_value(text, watts.index);
    EXPECT_EQ(text.view(), wire::to_text(six_digits(value))) << value;
  };
  for (int power = -12; power <= 18; ++power) {
    const double unit = std::pow(10.0, power);
    for (const double digits : {1.0, 1.5, 9.999994, 9.999995, 9.999996, 9.99999999999}) {
      expect_at(digits * unit);
      expect_at(-digits * unit);
    }
  }
  const Chance chance(1);
  for (std::uint64_t i = 0; i < 20'000; ++i) {
    const double size = std::pow(10.0, 16 * chance.uniform(2 * i) - 8);
    expect_at(size * (2 * chance.uniform(2 * i + 1) - 1));
  }
}

TEST_F(FieldsTest, KeepTextsAndStructuresAndSeeWhenTheyAreTheSame) {
  const struct {
    std::string_view name;
    std::string_view json;
    bool changes;
  } rows[] = {{"tree", R"({"a":1,"b":[2.5,null,true,"\u00fc\n"]})", true},
              {"tree", R"({"b":[2.5,null,true,"\u00fc\n"],"a":1})", false},
              {"tree", "[]", true},
              {"tree", "5", true},
              {"tree", R"("5")", true},
              {"list", R"("5")", true},
              {"pd.name", R"("nobody")", false},
              {"pd.name", R"("so \"called\"")", true},
              {"pd.name", "null", true},
              {"pd.mode", "7.0", true},
              {"pd.mode", "7", true},
              {"pd.mode", "7.25", true},
              {"pd.mode", "7.25", false},
              {"pd.mode", "18446744073709551615", true},
              {"pd.mode", "0.12345678", true}};
  for (const auto& row : rows) {
    fields.clear_changes();
    const Json value = wire::parse_json(row.json).value();
    fields.set(row.name, value);
    EXPECT_EQ(fields.get(row.name), value) << row.json;
    EXPECT_EQ(changed().size(), row.changes ? 1U : 0U) << row.json;
    TextBuffer text;
    fields.append_value(text, slot(row.name).index);
    EXPECT_EQ(wire::parse_json(text.view()).value(), row.json == "7.0" ? Json(7) : value);
  }
  fields.set_text(slot("pd.name"), "a \"b\"");
  EXPECT_EQ(fields.get("pd.name"), Json("a \"b\""));
  fields.set_json(slot("tree"), "[1,[2]]");
  EXPECT_EQ(fields.get("tree"), wire::parse_json("[1,[2]]").value());
}

TEST_F(FieldsTest, KeepTheirValueWhileTheyArePinned) {
  for (const std::string_view name : {"pd.soc", "tree"}) {
    const std::size_t index = slot(name).index;
    const Json before = fields.get(name);
    fields.pin(index, Json("stuck"));
    fields.set(name, Json(61));
    fields.set(name, Json({1, 2}));
    fields.set_number(slot(name), 62);
    fields.reset_to_initial();
    EXPECT_EQ(fields.get(name), Json("stuck"));
    fields.clear_changes();
    fields.unpin(index);
    EXPECT_EQ(fields.get(name), before);
    EXPECT_TRUE(fields.changed(index));
  }
}

TEST_F(FieldsTest, ReadAsNumbersWhateverTheirKind) {
  fields.set("pd.on", true);
  fields.set("pd.watts", 2.9);
  EXPECT_EQ(fields.number("pd.on"), 1);
  EXPECT_TRUE(fields.on(slot("pd.on")));
  EXPECT_EQ(fields.integer(slot("pd.watts")), 2);
  EXPECT_EQ(fields.number("pd.name"), 0);
  fields.add_si(slot("pd.soc"), 2);
  EXPECT_EQ(fields.integer(slot("pd.soc")), 62);
}

// The scales that a wire has, of which none but 1 is a binary fraction.
TEST_F(FieldsTest, TakeUnitsAndKeepWhatTheScaleMakesOfThem) {
  const FieldTablePtr stream = table_of("power_stream");
  Fields of_stream(stream);
  const struct {
    std::string_view name;
    double written;
    Json kept;
    double read;
  } rows[] = {{"20_1.batInputWatts", 123, Json(1230), 123},
              {"20_1.batInputVolt", 0.15, Json(2), 0.2},  // times 10 a half; by 0.1 it is less
              {"20_1.pv1OpVolt", 0.07, Json(7), 0.07},
              {"20_1.invOutputCur", 3.478, Json(3478), 3.478},
              {"20_1.bmsReqChgVol", 54.6, Json(546'000), 54.6},
              {"20_1.batSoc", 41.5, Json(42), 42},
              {"20_1.consWatt", -80.1, Json(-801), -80.1}};
  for (const auto& row : rows) {
    const Slot slot = stream->find(row.name).value();
    of_stream.set_si(slot, row.written);
    EXPECT_EQ(of_stream.get(slot), row.kept) << row.name;
    EXPECT_EQ(of_stream.number(slot), row.kept.to_number<double>()) << row.name;
    EXPECT_EQ(of_stream.si(slot), row.read) << row.name;
  }
}

TEST_F(FieldsTest, TakeAListOfUnits) {
  const FieldTablePtr delta = table_of("delta_2");
  Fields of_delta(delta);
  const Slot cells = delta->find("bms_bmsStatus.cellVol").value();
  of_delta.set_si(cells, std::vector<double>{3.2885, 3.301, 0});
  EXPECT_EQ(of_delta.get(cells), Json({3289, 3301, 0}));
}

TEST_F(FieldsTest, HaveEachElementOfAnArrayAsANumber) {
  const FieldTablePtr table = table_of("delta_3_max");
  Fields of_station(table);
  const std::string name = "powGetAcOutList.powGetAcOutItem";
  const Slot outlet = table->find(name + "[2]").value();
  of_station.clear_changes();
  of_station.set_si(outlet, -35.25);
  EXPECT_EQ(of_station.get(name), Json({0, 0, -35.25, 0, 0}));
  EXPECT_EQ(of_station.si(outlet), -35.25);
  EXPECT_EQ(of_station.number(name + "[1]"), 0);
  EXPECT_TRUE(of_station.changed(outlet.index));
  of_station.set_si(outlet, 0);
  EXPECT_EQ(of_station.get(name), Json({0, 0, 0, 0, 0}));
  of_station.set_si(table->find(name + "[7]").value(), 5);
  EXPECT_EQ(of_station.get(name), Json({0, 0, 0, 0, 0})) << "it has no such element";
  EXPECT_FALSE(table->find("cmsBattSoc[0]").has_value()) << "it is no array";
}

TEST_F(FieldsTest, CountATextByItsPlaceAmongTheFieldsValues) {
  const FieldTablePtr table = table_of("smart_meter");
  Fields of_meter(table);
  const Slot state = table->find("gridConnectionSta").value();
  EXPECT_EQ(of_meter.number(state), 1) << "PANEL_GRID_IN";
  const struct {
    double written;
    Json kept;
  } rows[] = {{3, "PANEL_FEED_GRID"},
              {2.4, "PANEL_GRID_NOT_ONLINE"},
              {-7, "PANEL_GRD_STA_NO_VALID"},
              {99, "PANEL_FEED_GRID"}};
  for (const auto& row : rows) {
    of_meter.set_number(state, row.written);
    EXPECT_EQ(of_meter.get(state), row.kept) << row.written;
  }
  EXPECT_EQ(of_meter.number("utcTimezoneId"), 0) << "its values have no names";
}

TEST_F(FieldsTest, TakeTheNearestValueOfTheirRange) {
  const FieldTablePtr ocean = table_of("power_ocean");
  Fields of_ocean(ocean);
  const Slot solar = ocean->find("mpptPwr").value();
  const double none = std::numeric_limits<double>::quiet_NaN();
  const struct {
    double written;
    Json kept;
  } rows[] = {{7, Json(7)}, {30'000, Json(20'000)}, {-5, Json(0)}, {3, Json(3)}, {none, Json(0)}};
  for (const auto& row : rows) {
    of_ocean.set_in_range(solar, row.written);
    EXPECT_EQ(of_ocean.get(solar), row.kept) << row.written;
  }
  fields.set_in_range(slot("pd.soc"), -1e300);
  EXPECT_EQ(fields.get("pd.soc"), Json(-1'000'000'000'000'000)) << "it has no range";
}

TEST_F(FieldsTest, RememberWhatChangedUntilItIsCleared) {
  fields.clear_changes();
  EXPECT_TRUE(changed().empty());
  fields.set("pd.soc", 60);
  fields.set_si(slot("pd.watts"), 1.5);
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
  EXPECT_EQ(fields.get("pd.mode"), fields.initial(slot("pd.mode")));
}

TEST_F(FieldsTest, RefuseNamesThatTheFamilyDoesNotHaveAndNumbersThatAreNone) {
  EXPECT_THROW(static_cast<void>(fields.get("pd.nothing")), std::logic_error);
  EXPECT_THROW(static_cast<void>(fields.number("pd.nothing")), std::logic_error);
  EXPECT_THROW(fields.set("pd.nothing", 1), std::logic_error);
  EXPECT_FALSE(station->find("pd.nothing").has_value());
  EXPECT_THROW(fields.set_si(slot("pd.soc"), std::nan("")), std::logic_error);
  EXPECT_THROW(fields.set_si(slot("pd.watts"), std::numeric_limits<double>::infinity()),
               std::logic_error);
}

// Clients create one device for each serial number, and a home may have two kits.
TEST_F(FieldsTest, SayTheFilesModulesForTheirDeviceAndModulesOfTheirOwnForOthers) {
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
