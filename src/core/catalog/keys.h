// The keys of a device file, of a home file and of a translation: what each kind of mapping in them
// may and must have. The readers go by these tables, and the JSON Schemas for editors (schema.h)
// are made of them, so that both accept the same keys. Private to catalog.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace gridloom::catalog {

// The form of a key's value.
enum class Form : std::uint8_t {
  kText,         // a scalar
  kChoice,       // one of Key::choices
  kSource,       // the source of a fact: "002:1004", real, ours, several with commas
  kSources,      // a mapping of any keys to sources
  kFlag,         // true or false
  kWhole,        // a whole number
  kSize,         // a whole number from 0
  kNumber,       // a number
  kRange,        // [low, high]
  kTexts,        // a list of scalars
  kTextOrTexts,  // a scalar or a list of scalars
  kAny,          // any JSON value
  kList,         // a list of JSON values
  kListOrValue,  // a list of JSON values, or one that is no list
  kValues,       // a list of JSON values, or kNamedValues
  kNamedValues,  // a mapping of values to their names: {0: off, 1: on}
  kObject,       // a mapping of any keys to JSON values
  kNames,        // a mapping of any keys to scalars
  kTextLists,    // a mapping of any keys to lists of scalars
  kNumbers,      // a mapping of Key::choices to numbers
  kNumberMap,    // a mapping of any keys to numbers
  kChosenTexts,  // a mapping of Key::choices to scalars or lists of scalars
  kEntry,        // a mapping of the kind Key::section
  kEntryOrNone,  // such a mapping, or the word none
  kEntries,      // a mapping of any keys to such mappings
  kItems,        // a list of such mappings
  kItemsOrSize,  // such a list, or a whole number from 0: how many, with nothing special
  kFields,       // fields, groups of fields and uses of templates (expand.h), by their names
};

// The kinds of mappings: from kFile on those in a device file, which kFile is as a whole, from
// kHome on those in a home file, and from kTranslation on those in a translation.
enum class SectionId : std::uint8_t {
  kFile,
  kMessages,
  kReport,
  kField,
  kMember,
  kCommand,
  kParam,
  kEffect,
  kHistory,
  kIndex,
  kQuirk,
  kFault,
  kVirtual,
  kDevice,
  kDefaults,
  kTemplate,
  kUse,
  kSignal,
  kPhysics,
  kBattery,
  kAllBatteries,
  kPvInput,
  kInverter,
  kCharger,
  kGrid,
  kLoad,
  kHeatPump,
  kIdentity,
  kSystem,
  kBatteryMode,
  kGroup,
  kModbus,
  kModbusRegister,
  kModbusHeartbeat,
  kModbusCommand,
  kModbusWrite,
  kModbusEffect,
  kHome,
  kSite,
  kSiteGrid,
  kHousehold,
  kRoof,
  kSiteDevice,
  kPack,
  kHabit,
  kTranslation,
  kDefaultTexts,
  kTemplateTexts,
  kUseTexts,
  kFieldTexts,
  kCommandTexts,
  kParamTexts,
  kFaultTexts,
  kGroupTexts,
  kProducts,
  kProduct,
};

inline constexpr std::string_view kNone = "none";  // of Form::kEntryOrNone

// How much of a section a mapping has.
enum class Variant : std::uint8_t {
  kWhole,     // an entry of its own: with all keys that are required
  kPart,      // keys that other entries take over: none is required
  kTemplate,  // the same, and a value may be a placeholder: <n>
};

struct Key {
  std::string_view name;
  Form form = Form::kText;
  std::string_view description;  // shown by editors
  bool required = false;
  std::span<const std::string_view> choices{};
  SectionId section = SectionId::kFile;  // of the forms that have such mappings
  Variant variant = Variant::kWhole;     // of that section
  bool inherited = false;  // a required key that an entry may have from defaults or a group
};

struct Section {
  std::string_view name;  // of its definition in the JSON Schema
  std::span<const Key> keys;

  [[nodiscard]] const Key* find(std::string_view key) const;  // nullptr if there is none
};
[[nodiscard]] std::span<const Section> sections();  // in the order of SectionId
[[nodiscard]] const Section& section_of(SectionId id);
// The sections of a whole file, kFile, kHome, kTranslation or kProducts: the file first.
[[nodiscard]] std::span<const Section> sections_of_file(SectionId file);

// The name of a key of earlier device files today; empty if `key` is none.
[[nodiscard]] std::string_view renamed_key(std::string_view key);

struct Nature {
  std::string_view name;
  std::string_view unit;
};
inline constexpr std::array<Nature, 30> kNatures = {{{"pv.power", "W"},
                                                     {"battery.power", "W"},
                                                     {"grid.power", "W"},
                                                     {"load.power", "W"},
                                                     {"ev.power", "W"},
                                                     {"heater.power", "W"},
                                                     {"heatpump.power", "W"},
                                                     {"battery.soc", "%"},
                                                     {"battery.charge_power", "W"},
                                                     {"battery.discharge_power", "W"},
                                                     {"grid.import_power", "W"},
                                                     {"pv.energy", "Wh"},
                                                     {"battery.energy_in", "Wh"},
                                                     {"battery.energy_out", "Wh"},
                                                     {"grid.energy_in", "Wh"},
                                                     {"grid.energy_out", "Wh"},
                                                     {"load.energy", "Wh"},
                                                     {"battery.time_to_full", "min"},
                                                     {"battery.time_to_empty", "min"},
                                                     {"battery.time_left", "min"},
                                                     {"battery.temperature", "°C"},
                                                     {"battery.cycles", ""},
                                                     {"battery.voltage", "V"},
                                                     {"battery.capacity", "Wh"},
                                                     {"battery.stored", "Wh"},
                                                     {"output.voltage", "V"},
                                                     {"grid.voltage", "V"},
                                                     {"grid.present", ""},
                                                     {"grid.meter", ""},
                                                     {"heatpump.temperature", "°C"}}};

}  // namespace gridloom::catalog
