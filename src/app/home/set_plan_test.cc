// The message that the words of `gridloom set` stand for, and the fields and devices they name.
#include "app/home/set_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "app/home/field_lookup.h"
#include "app/home/home.h"
#include "catalog/test_family.h"
#include "testing/catalog.h"

namespace gridloom::app {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;

catalog::FamilyPtr made_up() {
  return catalog::load_family("made_up.yaml", catalog::kMadeUpFamily).value();
}

std::string planned(const catalog::Family& family, const Words& words) {
  const auto plan = plan_set(family, words);
  return plan ? wire::to_text(plan->message) : plan.error().detail;
}

TEST(SetPlan, IsTheMessageOfACommand) {
  const auto family = made_up();
  const struct {
    Words words;
    std::string_view message;
  } rows[] = {
      {{"quietMode", "enabled=1"},
       R"({"params":{"enabled":1},"moduleType":5,"operateType":"quietMode"})"},
      {{"quietMode", "1"}, R"({"params":{"enabled":1},"moduleType":5,"operateType":"quietMode"})"},
      {{"QUIETMODE", "enalbed=0"},
       R"({"params":{"enabled":0},"moduleType":5,"operateType":"quietMode"})"},
      // A parameter that is not named and may stay as it is, is sent as the value that says so.
      {{"charge", "name=Bob"},
       R"({"params":{"milliamps":255,"name":"Bob"},"moduleType":5,"operateType":"charge"})"},
      {{"charge", "milliamps=5000mA", "on=off"},
       R"({"params":{"milliamps":5000,"on":false},"moduleType":5,"operateType":"charge"})"},
      {{"charge", "ratio=0.05 A"},
       R"({"params":{"milliamps":255,"ratio":0.5},"moduleType":5,"operateType":"charge"})"},
      {{"channel", "ch=10", "list=[0,1]", "info.chName=Kiln"},
       R"({"params":{"ch":10,"list":[0,1],"info":{"chName":"Kiln"}},"moduleType":5,)"
       R"("operateType":"11"})"},
      {{"11", "ch=11", "lock=on"},
       R"({"params":{"ch":11,"lock":true},"moduleType":5,"operateType":"11"})"},
      {{"restart"}, R"({"params":{},"moduleType":1,"operateType":"restart"})"},
  };
  for (const auto& row : rows) EXPECT_EQ(planned(*family, row.words), row.message);
}

TEST(SetPlan, FindsTheCommandThatSetsAField) {
  const auto family = made_up();
  const struct {
    Words words;
    std::string_view message;
  } rows[] = {
      {{"pd.beep", "1"}, R"({"params":{"enabled":1},"moduleType":5,"operateType":"quietMode"})"},
      {{"pd.beep=1"}, R"({"params":{"enabled":1},"moduleType":5,"operateType":"quietMode"})"},
      {{"beep", "1"}, R"({"params":{"enabled":1},"moduleType":5,"operateType":"quietMode"})"},
      {{"pack.*.amp", "5000000"},
       R"({"params":{"milliamps":5000},"moduleType":5,"operateType":"charge"})"},
  };
  for (const auto& row : rows) EXPECT_EQ(planned(*family, row.words), row.message);
  const auto plan = plan_set(*family, Words{"charge", "ratio=0.05"});
  ASSERT_TRUE(plan);
  EXPECT_EQ(command_text(*plan), "charge ratio=0.05");
}

TEST(SetPlan, SaysWhatIsWrong) {
  const auto family = made_up();
  const struct {
    Words words;
    std::string_view why;
  } rows[] = {
      {{"quietMod"}, "field \"quietMod\"; did you mean quietMode? `gridloom family"},
      {{"quietMode"}, "quietMode needs a parameter: enabled=VALUE"},
      {{"charge", "1"}, "\"1\" is not KEY=VALUE; the keys of charge are milliamps, ratio"},
      {{"quietMode", "enable=1"}, "has no parameter enable; did you mean enabled"},
      {{"quietMode", "enabled=5"}, "params.enabled is 5"},
      {{"quietMode", "enabled=loud"}, "enabled is \"loud\": must be 0, 1"},
      {{"charge", "milliamps=1"}, "params.milliamps is 1: must be 4000 to 10000"},
      {{"charge", "milliamps=much"}, "milliamps is \"much\": must be a number of mA"},
      {{"channel", "list=[0]"}, "ch"},
      {{"channel", "info.nope=1"}, "has no parameter nope"},
      {{"pd.soc", "5"}, "no command of Made Up sets pd.soc: it can only be read"},
      {{"pd.beep"}, "pd.beep is a field: its value is missing"},
      {{"pd.beep", "1", "2"}, "takes one value and not 2; a value with a space stands in quotes"},
      {{"quietMode=1"}, "quietMode is a command: its parameters follow as words of their own"},
      {{"charge", "milliamps=5000", "milliamps=6000"}, "milliamps is given twice"},
  };
  for (const auto& row : rows) EXPECT_THAT(planned(*family, row.words), HasSubstr(row.why));
}

TEST(SetPlan, TakesNoValueOfABitForTheWholeField) {
  const catalog::Family& kits = *shipped_catalog()->find("power_kits");
  EXPECT_THAT(planned(kits, {"dcChRelay", "1"}),
              AllOf(HasSubstr("name the command that is to set lddc.*.dcChRelay: chSwitch "),
                    Not(HasSubstr("(sets"))));
}

TEST(SetPlan, TakesKilowatts) {
  catalog::Param param;
  param.name = "chgWatts";
  param.type = catalog::FieldType::kInt;
  param.unit = "W";
  for (const std::string_view text : {"600", "600W", "600 W", "0.6kW", "0.6 kW", "+0.6kW"}) {
    const auto value = param_value(param, text);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(*value, 600) << text;
  }
  for (const std::string_view text : {"kW", "0.6k", "0.6MW", "0.6kkW"}) {
    EXPECT_FALSE(param_value(param, text)) << text;
  }
}

TEST(FieldLookup, SaysWhatAFamilyDoesNotMeasure) {
  const auto& catalog = shipped_catalog();
  const catalog::FamilyPtr plug = catalog->find("smart_plug");
  const auto none = find_quotas(*plug, field_names(*plug), "grid.power");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().detail, HasSubstr("does not measure grid.power; it has load.power"));
  const auto near = find_quotas(*plug, field_names(*plug), "load.powr");
  EXPECT_THAT(near.error().detail, HasSubstr("did you mean load.power?"));
  const auto far = find_quotas(*plug, field_names(*plug), "zzzz");
  EXPECT_THAT(far.error().detail, HasSubstr("; `gridloom family show smart_plug` lists them"));
}

TEST(FieldLookup, HistoryIsAskedForWhatWasOnceReported) {
  const auto& catalog = shipped_catalog();
  const struct {
    std::string_view family, text;
    Words reported, names;
  } rows[] = {
      {"delta_2", "pd.soc", {"pd.soc"}, {"pd.soc"}},
      {"delta_2", "soc", {"pd.soc"}, {"pd.soc"}},
      {"delta_2", "pd.soc", {}, {"pd.soc"}},  // it has not reported since the server's start
      {"delta_2", "soc", {}, {"pd.soc"}},
      {"delta_2", "pd.*", {"pd.soc", "pd.beepMode"}, {"pd.*"}},
      {"power_kits", "bp2000.K1.soc", {"bp2000.K1.soc"}, {"bp2000.K1.soc"}},
      {"power_kits", "bp2000.*.soc", {"bp2000.K1.soc"}, {"bp2000.K1.soc"}},
  };
  for (const auto& row : rows) {
    const auto names = history_names(*catalog->find(row.family), row.reported, row.text);
    ASSERT_TRUE(names) << row.text << ": " << names.error().detail;
    EXPECT_EQ(*names, row.names) << row.text;
  }
  EXPECT_FALSE(history_names(*catalog->find("delta_2"), Words{}, "nothing.like.it"));
  EXPECT_FALSE(history_names(*catalog->find("power_kits"), Words{}, "bp2000.*.soc"))
      << "which modules there are is not known";
}

TEST(FieldLookup, TakesWhatPeopleCallAField) {
  const auto family = made_up();
  const Words names = {"pack.A1.vol", "pack.B2.vol", "pd.beep", "pd.soc", "pd.state"};
  const struct {
    std::string_view text;
    Words found;
  } rows[] = {
      {"pd.soc", {"pd.soc"}},
      {"soc", {"pd.soc"}},
      {"battery.soc", {"pd.soc"}},
      {"BEEP", {"pd.beep"}},
      {"pd.*", {"pd.beep", "pd.soc", "pd.state"}},
      {" state", {"pd.state"}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(find_quotas(*family, names, row.text).value_or(Words()), row.found) << row.text;
  }
  const auto several = find_quotas(*family, names, "vol");
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().code, ErrorCode::kConflict);
  EXPECT_EQ(several.error().detail, "vol is the end of several names: pack.A1.vol, pack.B2.vol");
  const auto none = find_quotas(*family, names, "pd.scoc");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(none.error().detail, HasSubstr(R"(no field "pd.scoc"; did you mean pd.soc?)"));
}

TEST(FindDevice, TakesSerialNumbersTheirBeginningsAndPartsOfNames) {
  const std::vector<ShownDevice> devices = {{.sn = "R331A", .name = "Kitchen station"},
                                            {.sn = "R331AB", .name = "Workshop station"},
                                            {.sn = "HW51", .name = "Balcony"},
                                            {.sn = "HJ31", .name = "Home battery"},
                                            {.sn = "HJ32", .name = "Home battery of the annexe"}};
  const struct {
    std::string_view text, found;
  } rows[] = {
      {"R331A", "R331A"},  {"R331AB", "R331AB"},     {"hw", "HW51"},     {"kitch", "R331A"},
      {"BALCONY", "HW51"}, {"home battery", "HJ31"}, {"annexe", "HJ32"},
  };
  for (const auto& row : rows) {
    const auto device = find_device(devices, row.text);
    ASSERT_TRUE(device) << row.text << ": " << device.error().detail;
    EXPECT_EQ(device->sn, row.found);
  }
  EXPECT_THAT(find_device(devices, "station").error().detail,
              HasSubstr("\"station\" fits several devices: R331A (Kitchen station), R331AB"));
  EXPECT_THAT(find_device(devices, "garage").error().detail,
              HasSubstr("there is no device garage; there are R331A (Kitchen station)"));
  EXPECT_THAT(find_device({}, "x").error().detail, HasSubstr("nor any other"));
}

TEST(FindDevice, OffersTheDeviceWhoseNameIsNearest) {
  const std::vector<ShownDevice> devices = {{.sn = "R331ZEB4", .name = "Kitchen power station"},
                                            {.sn = "R331ZCB4", .name = "Workshop power station"}};
  EXPECT_EQ(find_device(devices, "kitchn").error().detail,
            "there is no device kitchn; did you mean Kitchen power station (R331ZEB4)?");
  EXPECT_EQ(find_device(devices, "R331ZEB5").error().detail,
            "there is no device R331ZEB5; did you mean Kitchen power station (R331ZEB4) or "
            "Workshop power station (R331ZCB4)?");
  EXPECT_EQ(find_device(devices, "powr").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(find_device(devices, "power").error().code, ErrorCode::kConflict);
}

TEST(FindDevice, KnowsAWholeNameFromAPart) {
  const ShownDevice device{.sn = "R331A", .name = "Kitchen station"};
  EXPECT_TRUE(is_whole_name(device, "R331A"));
  EXPECT_TRUE(is_whole_name(device, "kitchen station"));
  EXPECT_FALSE(is_whole_name(device, "kitchen"));
  EXPECT_FALSE(is_whole_name(device, "R331"));
}

}  // namespace
}  // namespace gridloom::app
