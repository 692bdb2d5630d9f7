// One entity of Home Assistant: what it is called, what kind of value it shows, and where in a
// device's values that stands. Entities point into the family that they were made of
// (entities.h). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "history/energy/energy_flow.h"
#include "wire/json.h"

namespace gridloom::bridges::home_assistant {

enum class Platform : std::uint8_t { kSensor, kBinarySensor, kSwitch, kNumber, kSelect, kButton };
// "sensor", "binary_sensor", ...
[[nodiscard]] std::string_view name_of(Platform platform);
[[nodiscard]] std::optional<Platform> platform_named(std::string_view name);

enum class Category : std::uint8_t { kNone, kDiagnostic, kConfig };

enum class StateClass : std::uint8_t { kNone, kMeasurement, kTotalIncreasing };

// How the state is made of a value.
enum class Form : std::uint8_t {
  kNone,     // there is no state: a button
  kNumber,   // in the unit
  kMoment,   // seconds since 1970, as RFC 3339
  kText,     // as people read it
  kOption,   // the name of the value; nothing for a value without a name
  kOnOff,    // ON for a value of Entity::on
  kProblem,  // ON while one of the sources has an error
  kFault,    // the same, and a warning is none
  kChoice,   // the name of the choice of the control whose effect is there
  kSetting   // the number of the control whose effect is there
};

// A value that a control offers.
struct Choice {
  std::string name;
  wire::Json value;     // of the parameter
  std::string quota{};  // shows it
  wire::Json shown{};   // the quota's value then
};

// A parameter of a command that somebody sets. Its other parameters stay as they are.
struct Control {
  const catalog::Command* command = nullptr;
  const catalog::Param* param = nullptr;  // null: the command has none
  std::vector<Choice> choices{};          // of a switch: off, on
  // The bounds of a number, in the parameter's unit.
  double least = 0;
  double most = 0;
  double step = 1;
  const catalog::Effect* effect = nullptr;  // on the quota that shows a number
  std::optional<std::int64_t> bit{};        // of the quota that shows the choices
};

// A quota that an entity shows.
struct Source {
  std::string quota;
  const catalog::Field* field = nullptr;  // null: the family does not declare it
};

struct Entity {
  std::string key{};  // [A-Za-z0-9_-], unique in its device, the same in each run
  Platform platform = Platform::kSensor;
  std::string title{};
  std::string slug{};             // the English title for an entity id: "charge_of_the_battery"
  std::vector<Source> sources{};  // whose values make the state
  std::optional<history::EnergyFlow> counter{};  // of Gridloom itself (entities.h), if it is one
  std::string path{};                     // in the source's value: "[2].ctrlSta"; empty: all of it
  const catalog::Field* field = nullptr;  // of the value at the path; null: it is not declared
  Form form = Form::kText;
  std::string_view device_class{};
  StateClass state_class = StateClass::kNone;
  std::string_view unit{};
  std::vector<std::string> options{};
  std::optional<int> decimals{};
  Category category = Category::kNone;
  bool is_enabled = false;
  bool never_falls = false;
  std::vector<wire::Json> on{};
  std::string topic{};  // the last level of the topic with its state: "main"
  std::optional<Control> control{};
};

// The names that Home Assistant has for the units of device files. A device class that does not
// allow its unit, or its state class, makes Home Assistant drop the entity, so all three come from
// one table.
struct UnitRow {
  std::string_view unit;          // as in a device file
  std::string_view device_class;  // empty: Home Assistant has none for it
  std::string_view name;          // as Home Assistant spells it
};
// Energy has no row: whether a number of watt-hours counts or stores is for the nature to say.
[[nodiscard]] std::span<const UnitRow> unit_rows();  // tidy: allowed, a test compares all rows
// A unit without a row has no device class and stays as it is.
[[nodiscard]] UnitRow unit_row(std::string_view unit);

// The value of a quota; nothing: the device has not reported it.
using ValueOf = std::function<std::optional<wire::Json>(std::string_view quota)>;

// Longer states are refused by Home Assistant; these are bytes, which are at least as many.
inline constexpr std::size_t kMaxState = 250;

// The state of an entity, made of what the device reports now: a number, a text, or nothing where
// it is not known: it is never 0 or off then.
[[nodiscard]] std::optional<wire::Json> state_of(const Entity& entity, const ValueOf& value_of);

}  // namespace gridloom::bridges::home_assistant
