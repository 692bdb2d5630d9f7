#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "catalog/effects.h"
#include "catalog/loader.h"
#include "catalog/modbus.h"
#include "catalog/test_mistakes.h"
#include "wire/json.h"

namespace gridloom::catalog {
namespace {

using testing::HasSubstr;

constexpr std::string_view kFamily = R"yaml(
family: inverter
product: Inverter
description: A station that speaks Modbus
prefixes: [IN1]
read_only: true
reports:
  all: {fields: [watts, name, soc]}
fields:
  watts: {type: float, unit: W, description: Power of the battery}
  soc: {type: int, description: Charge}
  name: {type: string, description: Name}
modbus:
  port: 1502
  unit: 3
  reads: low_first
  registers:
    watts: {address: 40525, type: float32, times: -1, source: real}
    soc: {address: 40527, type: uint16}
  heartbeat: {address: 40608, type: uint16, value: 7, every_s: 5, lapses_s: 9}
  shown_within_s: 4
  commands:
    charge:
      description: Charges it
      params:
        power: {type: int, unit: W, range: [0, 5000], required: true, description: Power}
        note: {type: int, description: A note}
      writes:
        - {address: 40571, type: int32, value: $power, times: -1}
        - {address: 40534, type: uint32, value: 48}
      shown_by:
        - {field: watts, value: $power, times: -1, within: 100, within_percent: 10}
      holds: true
)yaml";

FamilyPtr inverter() {
  auto family = load_family("inverter.yaml", kFamily);
  EXPECT_TRUE(family) << (family ? "" : family.error().detail);
  return family ? *family : nullptr;
}

wire::JsonObject message(std::string_view text) {
  auto parsed = wire::parse_json(text);
  return parsed && parsed->is_object() ? parsed->get_object() : wire::JsonObject();
}

TEST(Modbus, IsReadAsItStands) {
  const FamilyPtr family = inverter();
  ASSERT_TRUE(family && family->modbus);
  const Modbus& modbus = *family->modbus;
  EXPECT_EQ(modbus.port, 1502);
  EXPECT_EQ(modbus.unit, 3);
  EXPECT_EQ(modbus.reads, WordOrder::kLowFirst);
  EXPECT_EQ(modbus.writes, WordOrder::kHighFirst);
  ASSERT_EQ(modbus.readings.size(), 2U);
  EXPECT_EQ(modbus.readings[0].field, "watts");
  EXPECT_EQ(modbus.readings[0].from.address, 40525);
  EXPECT_EQ(modbus.readings[0].from.type, RegisterType::kFloat32);
  EXPECT_EQ(modbus.readings[0].times, -1);
  EXPECT_EQ(modbus.readings[0].source, "real");
  EXPECT_EQ(modbus.readings[1].from.type, RegisterType::kUint16);
  EXPECT_EQ(modbus.heartbeat.to.address, 40608);
  EXPECT_EQ(modbus.heartbeat.value, 7);
  EXPECT_EQ(modbus.heartbeat.every_s, 5);
  EXPECT_EQ(modbus.heartbeat.lapses_s, 9);
  EXPECT_EQ(modbus.shown_within_s, 4);
  ASSERT_EQ(modbus.actions.size(), 1U);
  const ModbusAction& action = modbus.actions[0];
  EXPECT_EQ(action.command, "charge");
  EXPECT_TRUE(action.holds);
  ASSERT_EQ(action.writes.size(), 2U);
  EXPECT_EQ(action.writes[0].to.type, RegisterType::kInt32);
  EXPECT_EQ(action.writes[0].value.param, "power");
  EXPECT_EQ(action.writes[0].value.times, -1);
  EXPECT_EQ(action.writes[1].value.number, 48);
}

TEST(Modbus, ACommandOfAReadOnlyFamilyIsSelectedByItsName) {
  const FamilyPtr family = inverter();
  ASSERT_TRUE(family);
  const auto checked =
      check_set(*family, message(R"({"operateType":"charge","params":{"power":2000}})"));
  ASSERT_TRUE(checked) << checked.error().detail;
  EXPECT_EQ(checked->command, family->modbus_commands.data());
  const auto effects = effects_of(*checked->command, checked->params);
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_EQ(effects[0].field, "watts");
  EXPECT_TRUE(same_value(*effects[0].value, Json(-2000)));
  EXPECT_EQ(effects[0].within, 200);
}

TEST(Modbus, OtherSetsOfAReadOnlyFamilyAreRefused) {
  struct Row {
    std::string_view set;
    std::string_view told;
  };
  const FamilyPtr family = inverter();
  ASSERT_TRUE(family);
  for (const Row& row : {
           Row{R"({"operateType":"discharge","params":{"power":2000}})", "is read-only"},
           Row{R"({"params":{"power":2000}})", "is read-only"},
           Row{R"({"operateType":5,"params":{"power":2000}})", "is read-only"},
           Row{R"({"operateType":"charge"})", "params is missing"},
           Row{R"({"operateType":"charge","params":{"power":5001}})", "must be 0 to 5000"},
           Row{R"({"operateType":"charge","params":{"note":1}})", "power"},
       }) {
    const auto checked = check_set(*family, message(row.set));
    ASSERT_FALSE(checked) << row.set;
    EXPECT_EQ(checked.error().code, ErrorCode::kBadParams) << row.set;
    EXPECT_THAT(checked.error().detail, HasSubstr(row.told)) << row.set;
  }
}

TEST(Modbus, AnEffectIsShownByAValueThatIsNear) {
  EXPECT_TRUE(shows(Json(1900.5), Json(2000), 100));
  EXPECT_FALSE(shows(Json(1899), Json(2000), 100));
  EXPECT_TRUE(shows(Json(2000.0), Json(2000), 0));
  EXPECT_FALSE(shows(Json(2001), Json(2000), 0));
  EXPECT_FALSE(shows(Json("2000"), Json(2000), 100));
}

TEST(Modbus, TellsMistakes) {
  expect_told(
      {
          {"port: 1502", "port: 0", "modbus.port: 0 must be 1 to 65535"},
          {"unit: 3", "unit: 256", "modbus.unit: 256 must be 0 to 255"},
          {"unit: 3", "units: 3", "modbus.units: unknown key"},
          {"reads: low_first", "reads: swapped",
           "modbus.reads: \"swapped\" must be high_first or low_first"},
          {"shown_within_s: 4", "shown_within_s: 8", "modbus.shown_within_s: 8 must be 1 to 7"},
          {"address: 40525", "address: 65535",
           "inverter.yaml:18: modbus.registers.watts.address: 65535 must be 0 to 65534"},
          {"type: float32, times", "type: float64, times",
           "modbus.registers.watts.type: \"float64\" must be uint16, int16"},
          {"{address: 40525, type: float32, times: -1", "{address: 40525, times: -1",
           "modbus.registers.watts.type: this key is missing"},
          {"times: -1, source", "times: 0, source", "modbus.registers.watts.times: cannot be 0"},
          {"    soc: {address", "    sock: {address",
           "modbus.registers.sock: \"sock\" is no field of this family"},
          {"    soc: {address", "    name: {address",
           "modbus.registers.name: the field must be an int, a float or a bool"},
          {"every_s: 5", "every_s: 9", "modbus.heartbeat.every_s: is 9: must be less than"},
          {"  heartbeat: {address: 40608, type: uint16, value: 7, every_s: 5, lapses_s: 9}\n", "",
           "modbus.commands.charge.holds: needs a heartbeat"},
          {"value: $power, times: -1}\n        - {address: 40534",
           "value: $note, times: -1}\n        - {address: 40534",
           "writes[0].value: $note must name a required number"},
          {"value: 48}", "value: on}", "writes[1].value: \"on\" must be a number or $param"},
          {"value: 48}", "value: 48, times: 2}", "writes[1].times: is for a parameter"},
          {"field: watts, value", "field: name, value",
           "shown_by[0].field: \"name\" is no field of registers"},
          {"within: 100,", "within: -1,", "shown_by[0].within: must be 0 or more"},
          {"required: true, description: Power}", "required: true, sets: watts, description: P}",
           "modbus.commands.charge.params.power.sets: means nothing over Modbus"},
      },
      "inverter.yaml", kFamily);
}

// Each command of a shipped family is seen by readings that differ from those of a device that
// does nothing, or it says by its place in the file that no reading shows it.
TEST(Modbus, CommandsOfPowerOceanAreSeenByReadings) {
  const auto catalog = load_catalog({});
  ASSERT_TRUE(catalog) << catalog.error().detail;
  const FamilyPtr family = (*catalog)->find("power_ocean");
  ASSERT_TRUE(family && family->modbus);
  ASSERT_EQ(family->modbus_commands.size(), family->modbus->actions.size());
  EXPECT_EQ(family->modbus_commands.size(), 5U);
  for (std::size_t k = 0; k < family->modbus_commands.size(); ++k) {
    const Command& command = family->modbus_commands[k];
    EXPECT_EQ(command.name, family->modbus->actions[k].command);
    EXPECT_EQ(command.effects.empty(), command.name == "automatic") << command.name;
    EXPECT_EQ(family->modbus->actions[k].holds, command.name != "automatic") << command.name;
    for (const Param& param : command.params) {
      ASSERT_TRUE(param.range);
      // The least power is beyond what counts as a battery that rests.
      for (const Effect& effect : command.effects) EXPECT_LT(effect.within, param.range->low);
    }
    // Nothing takes the home off the grid, or switches the system off.
    for (const ModbusWrite& write : family->modbus->actions[k].writes) {
      if (write.to.address != 40534) continue;
      EXPECT_TRUE(write.value.param.empty());
      EXPECT_EQ(static_cast<int>(write.value.number) % 4, 0) << command.name;
    }
  }
}

}  // namespace
}  // namespace gridloom::catalog
