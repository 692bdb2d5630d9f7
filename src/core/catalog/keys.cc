#include "catalog/keys.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "catalog/expand_keys.h"
#include "catalog/family.h"
#include "catalog/field_keys.h"
#include "catalog/home_keys.h"
#include "catalog/modbus_keys.h"
#include "catalog/physics_keys.h"
#include "catalog/products_file.h"
#include "catalog/translation_keys.h"
#include "catalog/virtual_keys.h"

namespace gridloom::catalog {
namespace {

// ---- the texts that some keys accept

constexpr auto kListings = std::to_array<std::string_view>({"product", "product_alias"});
constexpr auto kRefusals = std::to_array<std::string_view>({"1008", "8524"});
constexpr auto kShapes = std::to_array<std::string_view>({"flat", "nested"});
constexpr auto kActors = std::to_array<std::string_view>({"model"});
constexpr auto kCommandGroupNames = [] {
  std::array<std::string_view, kCommandGroups.size()> names;
  std::ranges::transform(kCommandGroups, names.begin(),
                         [](CommandGroup group) { return name_of(group); });
  return names;
}();
constexpr auto kConversions = std::to_array<std::string_view>({"bool"});
constexpr auto kCounters = std::to_array<std::string_view>(
    {"pv", "battery_in", "battery_out", "grid_in", "grid_out", "load", "ev", "heater", "heatpump",
     "pv_to_ev", "pv_to_heater", "pv_to_heatpump"});

// ---- the keys of each section

constexpr auto kFileKeys = std::to_array<Key>({
    {.name = "family",
     .description = "Id of the family; the file's name without .yaml",
     .required = true},
    {.name = "product", .description = "productName of the device list, exactly", .required = true},
    {.name = "product_alias",
     .description = "Another spelling of the product that some clients need"},
    {.name = "list_as",
     .form = Form::kChoice,
     .description = "What the device list shows",
     .choices = kListings},
    {.name = "description", .description = "What kind of device this is", .required = true},
    {.name = "prefixes",
     .form = Form::kTexts,
     .description = "How serial numbers begin; the longest match wins"},
    {.name = "product_type",
     .form = Form::kWhole,
     .description = "Product type that latestQuotas answers"},
    {.name = "model", .form = Form::kWhole, .description = "Model that latestQuotas answers"},
    {.name = "passthrough",
     .form = Form::kFlag,
     .description = "Keeps whatever is reported and passes every set on; in one family only"},
    {.name = "read_only", .form = Form::kFlag, .description = "Has no commands: a set is refused"},
    {.name = "quota_all",
     .form = Form::kChoice,
     .description =
         "Shape of the answer to quota/all: flat {\"pd.soc\": 5}, or nested {\"pd\": {\"soc\": 5}}",
     .choices = kShapes},
    {.name = "quota_all_fields",
     .form = Form::kTexts,
     .description = "The fields that quota/all answers, of a flat answer; by default all"},
    {.name = "select",
     .form = Form::kTexts,
     .description = "Members (dotted paths) of a set that select its command"},
    {.name = "select_aliases",
     .form = Form::kNames,
     .description = "Other spelling of a member that selects: member"},
    {.name = "aliases",
     .form = Form::kNames,
     .description = "Name asked for: quota name, where they differ"},
    {.name = "as_text",
     .form = Form::kTexts,
     .description = "Groups that a read answers as JSON inside a string"},
    {.name = "messages",
     .form = Form::kEntry,
     .description = "Envelopes and rhythm of the messages",
     .section = SectionId::kMessages},
    {.name = "reports",
     .form = Form::kEntries,
     .description = "The reports that a device sends, by a name of your choice",
     .section = SectionId::kReport},
    {.name = "defaults",
     .form = Form::kEntry,
     .description =
         "What entries have unless they say otherwise; <name> stands for the name of an entry",
     .section = SectionId::kDefaults},
    {.name = "templates",
     .form = Form::kEntries,
     .description = "Fields that several groups have in the same way, by a name of your choice",
     .section = SectionId::kTemplate},
    {.name = "groups",
     .form = Form::kEntries,
     .description =
         "What people call the groups of fields, by a name of your choice, in the order of "
         "the page",
     .section = SectionId::kGroup},
    {.name = "fields",
     .form = Form::kFields,
     .description = "Every quota name; a segment * stands for a module's serial number. A name "
                    "that ends with a dot is a group: its fields have what it says. A name that "
                    "ends with <template> makes the fields of a template",
     .section = SectionId::kField},
    {.name = "commands",
     .form = Form::kEntries,
     .description = "The commands, by a name of your choice",
     .section = SectionId::kCommand},
    {.name = "history",
     .form = Form::kEntry,
     .description = "What quota/data answers",
     .section = SectionId::kHistory},
    {.name = "histories",
     .form = Form::kItems,
     .description = "The same, where quota/data has several codes",
     .section = SectionId::kHistory},
    {.name = "identities",
     .form = Form::kItems,
     .description = "What is equal in every report of a virtual device",
     .section = SectionId::kIdentity},
    {.name = "system",
     .form = Form::kEntry,
     .description = "How the fields say that several devices are units of one system",
     .section = SectionId::kSystem},
    {.name = "battery_modes",
     .form = Form::kEntries,
     .description = "The commands that bring the battery into a mode: hold, charge or holdcharge",
     .section = SectionId::kBatteryMode},
    {.name = "quirks",
     .form = Form::kItems,
     .description = "What the vendor's wire does oddly, and what Gridloom does",
     .section = SectionId::kQuirk},
    {.name = "energy_corrections",
     .form = Form::kTexts,
     .description =
         "What was wrong with its energies before each time that natures were put right, "
         "the oldest first: stored energies are counted anew after a new one"},
    {.name = "faults",
     .form = Form::kEntries,
     .description = "Faults that a virtual device can have, by name",
     .section = SectionId::kFault},
    {.name = "virtual",
     .form = Form::kEntry,
     .description = "Modules of its virtual devices, and devices of a family of your own",
     .section = SectionId::kVirtual},
    {.name = "modbus",
     .form = Form::kEntry,
     .description = "How devices speak Modbus TCP: registers, and what commands write to them",
     .section = SectionId::kModbus},
    {.name = "physics",
     .form = Form::kEntry,
     .description = "What a virtual device is made of: batteries, PV inputs, loads",
     .section = SectionId::kPhysics},
});

constexpr auto kMessagesKeys = std::to_array<Key>({
    {.name = "change_ms",
     .form = Form::kWhole,
     .description = "Milliseconds between reports of what changed"},
    {.name = "full_ms", .form = Form::kWhole, .description = "Milliseconds between full reports"},
    {.name = "nested",
     .form = Form::kFlag,
     .description = "Objects in a report's body are groups of fields, not values"},
    {.name = "report_body",
     .description = "Member of a report that holds the values; \"\": the report has nothing else"},
    {.name = "report",
     .form = Form::kObject,
     .description = "Envelope of a report; \"$name\" is filled in"},
    {.name = "reply",
     .form = Form::kObject,
     .description = "Envelope of a reply; \"$name\" is filled in"},
    {.name = "result", .description = "Member of a reply that holds the result"},
    {.name = "set",
     .form = Form::kObject,
     .description = "Members that each set has, beside params and those that select the command; "
                    "\"$name\" is filled in"},
});

constexpr auto kReportKeys = std::to_array<Key>({
    {.name = "match",
     .form = Form::kObject,
     .description = "Top-level members that tell this report from the others"},
    {.name = "fields",
     .form = Form::kTexts,
     .description = "Quota names that it carries, or prefixes that end with a dot",
     .required = true,
     .inherited = true},
    {.name = "prefix", .description = "Put before a key of the body to get the quota name"},
    {.name = "extra", .form = Form::kObject, .description = "Further members of the envelope"},
    {.name = "only_full", .form = Form::kFlag, .description = "Sent with full reports only"},
    {.name = "module",
     .description = "A message for each module: the member with its serial number"},
    {.name = "also_flat",
     .form = Form::kFlag,
     .description = "What changed stands under its quota name as well"},
});

constexpr auto kCommandKeys = std::to_array<Key>({
    {.name = "title", .description = kTitleWords},
    {.name = "description", .description = "What the command does", .required = true},
    {.name = "dangerous",
     .form = Form::kFlag,
     .description = "Can cut off what hangs on the device, undo settings or change what protects "
                    "the wiring"},
    {.name = "group",
     .form = Form::kChoice,
     .description = "The commands that it is shown with",
     .choices = kCommandGroupNames},
    {.name = "select",
     .form = Form::kNames,
     .description = "Values of the members that the family's select names",
     .required = true},
    {.name = "defaults",
     .form = Form::kEntry,
     .description = "What every param of this command has unless it says otherwise",
     .section = SectionId::kParam,
     .variant = Variant::kPart},
    {.name = "params",
     .form = Form::kEntries,
     .description = "Parameters, by their names on the wire; {} if there are none",
     .required = true,
     .section = SectionId::kParam},
    {.name = "example",
     .form = Form::kObject,
     .description = "Parameters of an example that means something, where one made of their ranges "
                    "would not"},
    {.name = "effects",
     .form = Form::kItems,
     .description = "What a virtual device does with its fields",
     .section = SectionId::kEffect},
    {.name = "by",
     .form = Form::kChoice,
     .description = "model: the simulator's model does what effects cannot express",
     .choices = kActors},
    {.name = "shown_by",
     .form = Form::kTexts,
     .description = "With by: model, the fields that show what it does"},
    {.name = "reply",
     .form = Form::kObject,
     .description = "Members of the reply's result; \"$name\" is filled in"},
    {.name = "envelope",
     .form = Form::kObject,
     .description = "Members laid over the family's reply; \"$name\" is filled in"},
    {.name = "valid_while",
     .description =
         "Formula of fields: a virtual device refuses a set after whose effects it would "
         "be negative"},
    {.name = "refusal",
     .form = Form::kObject,
     .description = "Members of the reply's result then; \"$name\" is filled in"},
    {.name = "refused_with",
     .form = Form::kChoice,
     .description = "Code of the answer to a set whose values do not fit; 1008 by default",
     .choices = kRefusals},
    {.name = "set",
     .form = Form::kObject,
     .description = "Members laid over the family's set; \"$name\" is filled in"},
    {.name = "partial",
     .form = Form::kFlag,
     .description = "A set may leave out parameters, instead of sending that they are unchanged"},
    {.name = "source", .form = Form::kSource, .description = kSourceWords},
});

constexpr auto kParamKeys = std::to_array<Key>({
    {.name = "type",
     .form = Form::kChoice,
     .description = "Type of the value on the wire",
     .required = true,
     .choices = kTypes,
     .inherited = true},
    {.name = "unit", .description = "Unit of value times scale"},
    {.name = "scale", .form = Form::kNumber, .description = kScaleWords},
    {.name = "title", .description = kTitleWords},
    {.name = "description", .description = "What the parameter says"},
    {.name = "range",
     .form = Form::kRange,
     .description = "Least and greatest value that is accepted"},
    {.name = "values",
     .form = Form::kValues,
     .description = "The only values that are accepted, and their names: {0: off, 1: on}"},
    {.name = "also",
     .form = Form::kList,
     .description = "Values accepted beside range or values, because a document uses them"},
    {.name = "unchanged",
     .form = Form::kListOrValue,
     .description = "Values that leave the setting as it is. all_ones stands for 255, 65535 or "
                    "4294967295: all bits of the fewest bytes that leave it free"},
    {.name = "alias",
     .form = Form::kTexts,
     .description = "Other spellings of the name that are accepted"},
    {.name = "required",
     .form = Form::kFlag,
     .description = "Without it the other parameters mean nothing"},
    {.name = "ignored", .form = Form::kFlag, .description = "Accepted without effect"},
    {.name = "never",
     .form = Form::kNumber,
     .description = "The number that stands for never in a time"},
    {.name = "min_items",
     .form = Form::kSize,
     .description = "Least number of elements, or of characters of a string"},
    {.name = "max_items",
     .form = Form::kSize,
     .description = "Greatest number of elements, or of characters of a string"},
    {.name = "exactly_one",
     .form = Form::kFlag,
     .description = "Of the members of the object exactly one is true; left out is false"},
    {.name = "action",
     .form = Form::kWhole,
     .description = "Number of this setting, which a reply names as $action"},
    {.name = "fields",
     .form = Form::kEntries,
     .description = "Members of an object",
     .section = SectionId::kParam},
    {.name = "of",
     .form = Form::kEntry,
     .description = "Elements of an array",
     .section = SectionId::kParam},
    {.name = "form_of",
     .description = "The parameter beside it whose value says which of the forms the value has"},
    {.name = "forms",
     .form = Form::kEntries,
     .description = "What the value is, by the value of that parameter",
     .section = SectionId::kParam},
    {.name = "sets",
     .form = Form::kTextOrTexts,
     .description = "Field or fields of a virtual device that get the value"},
});

constexpr auto kEffectKeys = std::to_array<Key>({
    {.name = "set", .description = "The field that changes", .required = true},
    {.name = "at", .form = Form::kList, .description = "Path into the value of an array or object"},
    {.name = "to",
     .form = Form::kAny,
     .description = "The new value: a literal, $param, $param.member or $param-10",
     .required = true},
    {.name = "times", .form = Form::kNumber, .description = "Factor of the new value"},
    {.name = "map",
     .form = Form::kObject,
     .description = "The parameter's value: the field's new value; others as they are"},
    {.name = "as",
     .form = Form::kChoice,
     .description = "bool: 0 becomes false, any other value true",
     .choices = kConversions},
    {.name = "when",
     .form = Form::kObject,
     .description = "Parameters that must have these values"},
    {.name = "bit",
     .form = Form::kWhole,
     .description = "Number of the bit that changes, of an int field: set unless the value is 0"},
});

constexpr auto kHistoryKeys = std::to_array<Key>({
    {.name = "code", .description = "The code that a request names", .required = true},
    {.name = "indexes",
     .form = Form::kItems,
     .description = "What the answer contains",
     .required = true,
     .section = SectionId::kIndex},
});

constexpr auto kIndexKeys = std::to_array<Key>({
    {.name = "name", .description = "indexName of the answer", .required = true},
    {.name = "unit", .description = "unit of the answer", .required = true},
    {.name = "counter",
     .form = Form::kChoice,
     .description = "A counter in Wh, answered in kWh",
     .choices = kCounters},
    {.name = "share_of",
     .form = Form::kChoice,
     .description = "With share_in: the ratio of two counters",
     .choices = kCounters},
    {.name = "share_in",
     .form = Form::kChoice,
     .description = "The counter that share_of is divided by",
     .choices = kCounters},
    {.name = "times", .form = Form::kNumber, .description = "Factor of the result"},
    {.name = "remainder", .form = Form::kFlag, .description = "1 minus the ratio"},
    {.name = "extra", .description = "extra of the answer, where several have one name"},
});

constexpr auto kIdentityKeys = std::to_array<Key>({
    {.name = "left", .description = "Field, or formula of fields", .required = true},
    {.name = "right", .description = "Field, or formula of fields", .required = true},
    {.name = "within",
     .form = Form::kNumber,
     .description = "Greatest difference, by rounding; 0 by default"},
});

constexpr auto kSystemKeys = std::to_array<Key>({
    {.name = "group",
     .description = "Field with the number of the system; 0: the unit is alone",
     .required = true},
    {.name = "role", .description = "Field with the unit's role in the system", .required = true},
    {.name = "main", .description = "Role of the main unit, a text", .required = true},
    {.name = "unit", .description = "Role of a further unit, a text", .required = true},
});

constexpr auto kBatteryModeKeys = std::to_array<Key>({
    {.name = "command", .description = "Name of the command", .required = true},
    {.name = "params",
     .form = Form::kObject,
     .description = "Its parameters; $soc is the charge of the battery",
     .required = true},
});

constexpr auto kQuirkKeys = std::to_array<Key>({
    {.name = "what", .description = "What is odd, and what Gridloom does", .required = true},
    {.name = "source", .form = Form::kSource, .description = kSourceWords, .required = true},
});

// ---- renamed keys

struct RenamedKey {
  std::string_view before;
  std::string_view now;
};
constexpr auto kRenamedKeys = std::to_array<RenamedKey>({
    {"means", "description"},
    {"seen", "source"},
    {"has", "initial"},
    {"open", "passthrough"},
    {"does", "environment"},
    {"shows", "reports"},
    {"holds", "freezes"},
});

constexpr auto kSections = std::to_array<Section>({
    {.name = "file", .keys = kFileKeys},
    {.name = "messages", .keys = kMessagesKeys},
    {.name = "report", .keys = kReportKeys},
    {.name = "field", .keys = kFieldKeys},
    {.name = "member", .keys = kMemberKeys},
    {.name = "command", .keys = kCommandKeys},
    {.name = "param", .keys = kParamKeys},
    {.name = "effect", .keys = kEffectKeys},
    {.name = "history", .keys = kHistoryKeys},
    {.name = "index", .keys = kIndexKeys},
    {.name = "quirk", .keys = kQuirkKeys},
    {.name = "fault", .keys = kFaultKeys},
    {.name = "virtual", .keys = kVirtualKeys},
    {.name = "device", .keys = kDeviceKeys},
    {.name = "defaults", .keys = kDefaultsKeys},
    {.name = "template", .keys = kTemplateKeys},
    {.name = "use", .keys = kUseKeys},
    {.name = "signal", .keys = kSignalKeys},
    {.name = "physics", .keys = kPhysicsKeys},
    {.name = "battery", .keys = kBatteryKeys},
    {.name = "all_batteries", .keys = kAllBatteriesKeys},
    {.name = "pv_input", .keys = kPvInputKeys},
    {.name = "inverter", .keys = kInverterKeys},
    {.name = "charger", .keys = kChargerKeys},
    {.name = "grid", .keys = kGridKeys},
    {.name = "load", .keys = kLoadKeys},
    {.name = "heat_pump", .keys = kHeatPumpKeys},
    {.name = "identity", .keys = kIdentityKeys},
    {.name = "system", .keys = kSystemKeys},
    {.name = "battery_mode", .keys = kBatteryModeKeys},
    {.name = "group", .keys = kGroupKeys},
    {.name = "modbus", .keys = kModbusKeys},
    {.name = "modbus_register", .keys = kModbusRegisterKeys},
    {.name = "modbus_heartbeat", .keys = kModbusHeartbeatKeys},
    {.name = "modbus_command", .keys = kModbusCommandKeys},
    {.name = "modbus_write", .keys = kModbusWriteKeys},
    {.name = "modbus_effect", .keys = kModbusEffectKeys},
    {.name = "home", .keys = kHomeKeys},
    {.name = "site", .keys = kSiteKeys},
    {.name = "site_grid", .keys = kSiteGridKeys},
    {.name = "household", .keys = kHouseholdKeys},
    {.name = "roof", .keys = kRoofKeys},
    {.name = "site_device", .keys = kSiteDeviceKeys},
    {.name = "pack", .keys = kPackKeys},
    {.name = "habit", .keys = kHabitKeys},
    {.name = "translation", .keys = kTranslationKeys},
    {.name = "default_texts", .keys = kDefaultTextKeys},
    {.name = "template_texts", .keys = kTemplateTextKeys},
    {.name = "use_texts", .keys = kUseTextKeys},
    {.name = "field_texts", .keys = kFieldTextKeys},
    {.name = "command_texts", .keys = kCommandTextKeys},
    {.name = "param_texts", .keys = kParamTextKeys},
    {.name = "fault_texts", .keys = kFaultTextKeys},
    {.name = "group_texts", .keys = kGroupTextKeys},
    {.name = "products", .keys = kProductsKeys},
    {.name = "product", .keys = kProductKeys},
});
static_assert(kSections.size() == static_cast<std::size_t>(SectionId::kProduct) + 1);

}  // namespace

std::span<const Section> sections() { return kSections; }

const Section& section_of(SectionId id) { return kSections.at(static_cast<std::size_t>(id)); }

std::span<const Section> sections_of_file(SectionId file) {
  constexpr auto kHome = static_cast<std::size_t>(SectionId::kHome);
  constexpr auto kTranslation = static_cast<std::size_t>(SectionId::kTranslation);
  constexpr auto kProducts = static_cast<std::size_t>(SectionId::kProducts);
  if (file == SectionId::kProducts) return sections().subspan(kProducts);
  if (file == SectionId::kTranslation) {
    return sections().subspan(kTranslation, kProducts - kTranslation);
  }
  if (file == SectionId::kHome) return sections().subspan(kHome, kTranslation - kHome);
  return sections().first(kHome);
}

const Key* Section::find(std::string_view key) const {
  const auto found = std::ranges::find(keys, key, &Key::name);
  return found == keys.end() ? nullptr : &*found;
}

std::string_view renamed_key(std::string_view key) {
  const auto* found = std::ranges::find(kRenamedKeys, key, &RenamedKey::before);
  return found == kRenamedKeys.end() ? std::string_view() : found->now;
}

}  // namespace gridloom::catalog
