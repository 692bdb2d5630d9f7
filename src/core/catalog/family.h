// The description of a device family as data: the tables that devices/*.yaml are loaded into.
//
// A Family is immutable after loading and shared by pointer between all threads. devices/README.md
// describes the files key by key; this header is their representation in memory. No code outside
// the simulator's models refers to a field by name: all names come from these tables.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/string_map.h"
#include "catalog/battery_modes.h"
#include "catalog/formula.h"
#include "catalog/language.h"
#include "catalog/modbus.h"
#include "catalog/physics.h"
#include "catalog/product.h"
#include "wire/json.h"

namespace gridloom::catalog {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

enum class FieldType : std::uint8_t { kInt, kFloat, kString, kBool, kArray, kObject, kAny };
[[nodiscard]] std::string_view name_of(FieldType type);
// Whether fields of the type have numbers: int, float, and bool as 0 and 1.
[[nodiscard]] bool is_numeric(FieldType type);
// Whether a JSON value has the type: kInt requires a whole number, kFloat accepts any number.
[[nodiscard]] bool fits(FieldType type, const Json& value);

// A value that is neither a number with a unit nor one of named values is read in such a form.
enum class FieldFormat : std::uint8_t {
  kPlain,
  kVersion,  // an int, one byte a part: 16908335 (0x0102002F) is 1.2.0.47
  kText,     // an array of character codes: [86, 49] is "V1"
};
[[nodiscard]] constexpr std::string_view name_of(FieldFormat format) {
  switch (format) {
    case FieldFormat::kPlain:
      return "plain";
    case FieldFormat::kVersion:
      return "version";
    case FieldFormat::kText:
      break;
  }
  return "text";
}

// How bad the errors are that a field reports.
enum class Severity : std::uint8_t { kFault, kWarning };
inline constexpr std::array<Severity, 2> kSeverities = {Severity::kFault, Severity::kWarning};
[[nodiscard]] constexpr std::string_view name_of(Severity severity) {
  return severity == Severity::kWarning ? "warning" : "fault";
}

struct Range {
  double low = 0;
  double high = 0;
};

// Whether two values are the same for a client: 1 and 1.0 are.
[[nodiscard]] bool same_value(const Json& a, const Json& b);

// A value on the wire and what it stands for: 2 is "charging". A value without a name says it all.
struct NamedValue {
  Json value;
  std::string name;
};
[[nodiscard]] bool contains(const std::vector<NamedValue>& values, const Json& value);
// "2 (charging)", or "2" for a value without a name.
[[nodiscard]] std::string text_of(const NamedValue& value);
// As above, also for a value that is not in `values`.
[[nodiscard]] std::string named(const std::vector<NamedValue>& values, const Json& value);

inline constexpr std::size_t kMaxTitle = 30;  // characters

struct Field {
  std::string name;   // quota name; a '*' segment stands for a module's serial number
  std::string title;  // at most kMaxTitle; empty if the file has none and the description is long
  FieldType type = FieldType::kAny;
  std::string unit;         // unit of value * scale: "W", "V", "%", "" for none
  double scale = 1;         // wire value * scale = value in `unit`
  std::string description;  // in our own words
  std::string nature;       // "battery.power", "pv.power", ...; empty for most
  std::string sign;         // what a positive value means, where both signs occur
  bool invert = false;      // the sign is opposite to that of the nature
  bool part = false;        // one of those whose sum is the power of the nature
  // The nature holds while another field has one of these values; at any other time it is 0.
  struct When {
    std::string field;
    std::vector<double> values;
    [[nodiscard]] bool is_met_by(double value) const {
      return std::ranges::find(values, value) != values.end();
    }
    friend bool operator==(const When&, const When&) = default;
  };
  std::optional<When> when{};
  bool decides = false;    // a nature holds by its value; filled by the loader
  bool essential = false;  // one of the few that people look at first
  FieldFormat format = FieldFormat::kPlain;
  std::optional<Range> range;      // for a number with values only: from the least to the greatest
  std::vector<NamedValue> values;  // all that the field has; with `others` those that are known
  bool others = false;
  std::vector<NamedValue> bits;  // of a bit mask: number of a bit and its name
  std::optional<Json> absent;    // stands for "there is no value"
  std::optional<double> never;   // of a time: stands for "never"
  std::int64_t signed_bits = 0;  // devices may send a negative number as one of so many bits
  bool error = false;            // an error or a warning: any value but those of `ok`
  bool one_as_object = false;    // an array's only element stands for it in a report
  std::vector<Json> ok;          // values, or all elements of an array, that are no error
  Severity severity = Severity::kFault;  // of its errors
  std::vector<Field> fields;     // declared members of an object; for an array one: its element
  std::optional<Signal> signal;  // how a virtual device's value moves by itself
  // The start value of a virtual device. If the file has none: `absent`, or else the type's zero.
  Json initial;
  std::string source;  // "002:1004" is document and line; "real": only real devices send it
  std::vector<std::string> written_by;  // commands that change this field; filled by the loader
  // The values that a real device can have, in `unit` (catalog/plausible.h); filled by the loader.
  Range plausible{.low = std::numeric_limits<double>::lowest(),
                  .high = std::numeric_limits<double>::max()};
};

// The number that a device means, where that is another than it sent: 65522 of 16 signed bits is
// -14.
[[nodiscard]] std::optional<std::int64_t> meant(const Field& field, std::int64_t sent);

// "2 (charging)", "5 (grid, solar input 1)" for bits, "230" for a value without a name.
[[nodiscard]] std::string named(const Field& field, const Json& value);
// Whether the field, or a declared member of its value, may report errors or warnings.
[[nodiscard]] bool may_report_errors(const Field& field);
// Whether the field reports an error or a warning with this value.
[[nodiscard]] bool is_error(const Field& field, const Json& value);

// Receives a value that `field` declares, and where it stands: "" for the field's own value,
// "[2].ctrlSta" for a member of an element.
using OnValue = std::function<void(const Field& field, const Json& value, const std::string& path)>;
// Calls for the value of a field, and for each declared element and member inside it.
void for_each_value(const Field& field, const Json& value, const OnValue& on_value);

// Whether a virtual device that starts with this value in the field has a number there: not 0,
// which is the value of a field without an initial one, and not what stands for "there is no
// value".
[[nodiscard]] bool starts_with_number(const Field& field, const Json& initial);

// A parameter of a command. Objects and arrays nest.
struct Param {
  std::string name;
  std::string title;  // as Field::title
  FieldType type = FieldType::kInt;
  std::string unit;  // of value * scale
  double scale = 1;
  std::string description;
  std::optional<Range> range;      // numbers
  std::vector<NamedValue> values;  // or: the only values accepted
  std::vector<Json> also;       // accepted outside range and values: a document's example uses them
  std::vector<Json> unchanged;  // sentinels: "leave unchanged"
  std::optional<double> never;  // of a time: stands for "never"
  std::vector<std::string> alias;  // other spellings
  bool required = false;
  bool ignored = false;      // accepted without effect
  bool exactly_one = false;  // of the bools of an object exactly one must be true; left out: false
  std::optional<std::uint16_t> action;   // the number that a reply gives a set of it: $action
  std::optional<std::size_t> min_items;  // of an array; for a string: characters
  std::optional<std::size_t> max_items;
  std::vector<Param> fields;  // an object's members; for an array one entry, its element
  // The value is of the form whose name is the value of the param `form_of` beside it; of any where
  // there is no such form.
  std::string form_of;
  std::vector<Param> forms;
};

// An expression in an effect or reply: a literal, or "$param", "$param-10", "$param.member".
struct Expr {
  Json literal;
  std::string param;  // empty: use the literal. A dotted name selects a member of an object param
  std::int64_t plus = 0;
};

struct Effect {
  std::string field;     // Field::name
  std::vector<Expr> at;  // path into an array or object value
  Expr to;
  double times = 1;
  std::map<std::string, Json> map;  // text of the param's value -> the field's new value
  bool as_bool = false;
  std::map<std::string, Json> when;  // params that must have these values
  std::optional<std::int64_t> bit;   // of an int field, that is set to whether the value is not 0
  // The greatest difference by which the field still shows the value, and the same in percent of
  // it: the greater one counts.
  double within = 0;
  double within_percent = 0;
};

// People look for a command in such a group. The order is that of a page.
enum class CommandGroup : std::uint8_t {
  kOther,
  kPower,     // the device on and off, its modes
  kOutputs,   // sockets, circuits, relays
  kCharging,  // from grid, sun and car
  kBattery,   // limits, reserve, generator
  kClimate,   // temperatures, fan, ice
  kGrid,
  kStandby,  // what switches itself off, and when
  kDisplay,  // screen, light and sound
  kSchedule,
  kSetup,  // names, clock, region
};
inline constexpr std::array<CommandGroup, 11> kCommandGroups = {
    CommandGroup::kOther,    CommandGroup::kPower,   CommandGroup::kOutputs,
    CommandGroup::kCharging, CommandGroup::kBattery, CommandGroup::kClimate,
    CommandGroup::kGrid,     CommandGroup::kStandby, CommandGroup::kDisplay,
    CommandGroup::kSchedule, CommandGroup::kSetup};
[[nodiscard]] constexpr std::string_view name_of(CommandGroup group) {
  switch (group) {
    case CommandGroup::kOther:
      return "other";
    case CommandGroup::kPower:
      return "power";
    case CommandGroup::kOutputs:
      return "outputs";
    case CommandGroup::kCharging:
      return "charging";
    case CommandGroup::kBattery:
      return "battery";
    case CommandGroup::kClimate:
      return "climate";
    case CommandGroup::kGrid:
      return "grid";
    case CommandGroup::kStandby:
      return "standby";
    case CommandGroup::kDisplay:
      return "display";
    case CommandGroup::kSchedule:
      return "schedule";
    case CommandGroup::kSetup:
      break;
  }
  return "setup";
}

struct Command {
  std::string name;
  std::string title;  // as Field::title
  std::string description;
  CommandGroup group = CommandGroup::kOther;
  // Can cut off what hangs on the device, undo settings, or change what protects the wiring: a
  // program asks its user before it sends the command.
  bool dangerous = false;
  std::vector<std::pair<std::string, Json>> select;  // dotted path in the message -> value
  std::vector<Param> params;
  JsonObject example;  // params of an example; others get one by their types and ranges
  std::vector<Effect> effects;
  bool by_model = false;  // the virtual device's model implements (the rest of) the command
  std::vector<std::string> shown_by;  // Field::name: what shows that, beside the effects
  JsonObject reply;                   // merged into the family's reply result; values may be "$..."
  JsonObject envelope;  // merged into the family's reply envelope; values may be "$..."
  // A virtual device refuses a set whose effects would make this formula of fields negative.
  std::optional<Formula> valid_while;
  JsonObject refusal;  // merged into the result of its reply then
  // A set whose values do not fit is answered with it: kBadParams or kInvalidValue.
  ErrorCode refused_with = ErrorCode::kBadParams;
  JsonObject set;        // merged over the family's Messages::set; values may be "$..."
  bool partial = false;  // a set may leave out parameters; otherwise it sends Param::unchanged
  std::string source;
};

struct Report {
  std::string name;                                 // name of the group or of the list of fields
  std::vector<std::pair<std::string, Json>> match;  // top-level keys that identify this report
  std::vector<std::string> fields;  // fields in this report: names or "group."-prefixes
  std::string prefix;               // prepended to the keys of the body to get the quota name
  JsonObject extra;                 // further envelope members, such as "needAck": 0
  bool only_full = false;           // sent only with the full set of fields
  // The envelope member that holds a module's serial number: each message describes one module, and
  // the body has that module's fields, named without group and number. Empty: not a module report.
  std::string module;
  // For a nested body: the body also contains changed values under their full names.
  bool also_flat = false;

  [[nodiscard]] bool carries(std::string_view field) const;
};

// The format of a family's messages. Values may be references, "$name" (see devices/README.md).
struct Messages {
  JsonObject report;  // envelope of a report
  std::string report_body = "params";
  bool nested = false;          // objects in the body are groups of fields, not values
  JsonObject reply;             // envelope of a set_reply
  std::string result = "data";  // the reply's member that holds the result
  JsonObject set;  // members of a set that a client adds to `params` and the selecting ones
  std::int64_t change_ms = 2000;
  std::int64_t full_ms = 60000;
  bool lack_signs = false;  // of fields with Field::signed_bits; filled by the loader
};

// One index in the reply of quota/data.
struct Index {
  std::string name;
  std::string unit;
  std::string counter;   // a counter in Wh; the reply is in kWh
  std::string share_of;  // with share_in: 1 - or + ratio of two counters
  std::string share_in;
  double times = 1;
  bool remainder = false;  // 1 - ratio
  std::string extra;       // further member of the reply; empty: none
};
struct History {
  std::string code;
  std::vector<Index> indexes;
};

struct Quirk {
  std::string what;
  std::string source;
};

// The texts of a device file for people.
struct Notes {
  std::vector<Quirk> quirks;
  // The errors that its energies had, the oldest first: stored ones are counted anew after each.
  std::vector<std::string> energy_corrections;
};

// Two formulas of the family's fields that are equal in every report of a virtual device, up to the
// rounding of its numbers.
struct Identity {
  Formula left;
  Formula right;
  double within = 0;
};

// How the fields say that several devices are units of one system.
struct UnitSystem {
  std::string group;  // Field::name: the number of the system; 0: the unit is alone
  std::string role;   // Field::name
  std::string main;   // value of the role
  std::string unit;   // the same, of all units but the main one
};

// A fault that can be switched on for a virtual device.
struct DeviceFault {
  std::string name;  // "over_temperature"
  std::string description;
  std::vector<std::pair<std::string, double>> environment;  // its changes: kEnvironmentChanges
  std::vector<std::pair<std::string, Json>> reports;        // Field::name -> value while it lasts
  std::vector<std::string> freezes;  // Field::name: keeps its value while the fault lasts
};
// The environment changes that DeviceFault::environment can name: the grid is absent (0), the
// fraction of sunlight that reaches the first and the second PV input (0 to 1), the battery's
// protection blocks charging and discharging (0), the temperature rise (K), the error of the
// device's clock (s), the additional power an appliance draws at the sockets (W), the battery's
// heater is off (0), and the number of extra batteries that are plugged in.
inline constexpr std::array<std::string_view, 9> kEnvironmentChanges = {
    "grid",    "panel_1",     "panel_2", "battery", "warmer_k",
    "clock_s", "appliance_w", "heater",  "packs"};

// Virtual devices of this family. The shipped families list none: their devices stand in the home
// files.
struct Virtual {
  struct Device {
    std::string sn;
    std::string name;
    std::vector<std::pair<std::string, Json>> initial{};  // Field::name -> value at the start
    std::optional<Place> place{};
    std::uint32_t circuits = 0;  // one bit each, by kHomeCircuits; 0: the model chooses
  };
  std::vector<Device> devices;
  bool in_home = true;  // false: the demo home has them only if all families are asked for
  std::map<std::string, std::vector<std::string>> modules;  // group -> modules' serial numbers
  std::string modules_of;  // the device that has these modules; empty: none has
};

// Fields that people look for together.
struct FieldGroup {
  std::string name;
  std::string title;
  // Names of fields, or "group."-prefixes; a field belongs to the longest that matches. A file that
  // lists none means the prefix of the group's own name.
  std::vector<std::string> fields;
};

// The member of a set that names a command over Modbus.
inline constexpr std::string_view kModbusSelector = "operateType";

enum class QuotaAllForm : std::uint8_t { kFlat, kNested };

struct Family {
  std::string id;                // "delta_2"
  std::string product;           // "DELTA 2"
  std::string product_alias;     // another spelling that some clients use
  bool listed_by_alias = false;  // the device list shows the alias
  std::string description;
  std::vector<std::string> prefixes;  // serial numbers start with one of these
  std::int64_t product_type = 0;      // as reported by latestQuotas
  std::int64_t model = 0;
  bool passthrough = false;  // keeps every reported field, passes on every set (generic family)
  bool read_only = false;    // has no commands; the reply to a set says so
  QuotaAllForm all = QuotaAllForm::kFlat;             // shape of the quota/all reply
  std::vector<std::string> all_fields;                // of the quota/all reply; empty: all
  std::vector<std::string> select;                    // the paths that select a command
  std::map<std::string, std::string> select_aliases;  // other spelling of a path -> path
  std::map<std::string, std::string> aliases;         // requested name -> quota name
  std::vector<std::string> as_text;                   // groups returned as JSON inside a string
  std::vector<FieldGroup> groups;                     // in the order that a page shows them
  std::vector<Field> fields;
  std::vector<Command> commands;
  std::vector<Report> reports;
  Messages messages;
  std::vector<History> histories;  // each with another code
  Notes notes;
  std::vector<Identity> identities;
  std::optional<UnitSystem> system;
  ModeCommands battery_modes;  // those that the family can do, beside normal
  std::vector<DeviceFault> faults;
  Virtual virtual_devices;
  std::optional<Modbus> modbus;  // how its devices speak Modbus TCP
  // Commands that devices have over Modbus alone, also those of a family that is read-only: a set's
  // kModbusSelector names one.
  std::vector<Command> modbus_commands;
  std::vector<PhysicsPart> physics;
  Place place = Place::kIndoor;  // of its devices, unless they have another one
  // Indexes of the fields with a signal, each behind those that its formula names.
  std::vector<std::size_t> signals;

  // The productName shown in the device list.
  [[nodiscard]] const std::string& listed_product() const {
    return listed_by_alias ? product_alias : product;
  }

  // The field with this quota name, where a '*' segment matches a module's serial number; nullptr
  // if unknown.
  [[nodiscard]] const Field* field(std::string_view quota) const;

  // Every quota name of a virtual device, in the file's order, with '*' replaced by each of the
  // group's virtual modules (the group is the first segment). The family owns the fields.
  [[nodiscard]] std::vector<std::pair<std::string, const Field*>> slot_names() const;

  // The command that a set's message selects; nullptr if the family does not know the selector.
  // kBadParams, naming the member, if a part of the selector is missing. "11" selects as 11 does.
  [[nodiscard]] Result<const Command*> find_command(const JsonObject& message) const;
  // The command that a set selects of those over Modbus; nullptr if it selects none of them.
  [[nodiscard]] const Command* find_modbus_command(const JsonObject& message) const;
  // For error messages: the selector of a set that find_command() does not know, and the known
  // selectors.
  [[nodiscard]] std::string unknown_command(const JsonObject& message) const;

  StringMap<std::size_t> field_by_name;  // filled by the loader
};

using FamilyPtr = std::shared_ptr<const Family>;

// The serial number of the `number`th simulated device of a family.
[[nodiscard]] std::string simulated_sn(const Family& family, std::size_t number);

// The result of check_set(): the command and the parameters to publish.
struct CheckedSet {
  const Command* command = nullptr;  // nullptr: a passthrough family, or an unknown selector
  JsonObject params;                 // by declared name, without sentinels and ignored parameters
};

// Checks the message of a set against the family. kBadParams names the parameter, its value and the
// valid values; a missing selector is kBadParams too. An unknown selector is no error: the device
// decides (quirk 23).
[[nodiscard]] Result<CheckedSet> check_set(const Family& family, const JsonObject& message);
// The same without the result, for a set that is passed on as it came: copies nothing.
[[nodiscard]] Status validate_set(const Family& family, const JsonObject& message);

// All device families, looked up by serial number, and the vendor's products. Immutable; any
// thread.
class Catalog {
 public:
  // `german`: families with their German texts, for those that have a translation.
  explicit Catalog(std::vector<FamilyPtr> families, std::vector<FamilyPtr> german = {},
                   std::vector<Product> products = {});

  // The family with the longest prefix that `sn` starts with. The passthrough family if none
  // matches, or if a product with a longer prefix is one that no family serves.
  [[nodiscard]] const FamilyPtr& of_serial(std::string_view sn) const;
  // The product with the longest prefix that `sn` starts with; nullptr if none is known.
  [[nodiscard]] const Product* product_of(std::string_view sn) const;
  // The name of the product; that of the family if the product is not known, which may be empty.
  [[nodiscard]] const std::string& product_name(std::string_view sn) const;
  // The same, or the alias where the family's file lists its devices by that.
  [[nodiscard]] const std::string& listed_product(std::string_view sn) const;
  [[nodiscard]] FamilyPtr find(std::string_view id) const;  // nullptr if unknown
  // The family with its texts in the language, which are English where there is no translation.
  // Only its texts differ; nullptr if it is unknown.
  [[nodiscard]] FamilyPtr find(std::string_view id, Language language) const;
  // Translates a family that may be none of these.
  [[nodiscard]] FamilyPtr in_language(const FamilyPtr& family, Language language) const;
  [[nodiscard]] const std::vector<FamilyPtr>& families() const { return families_; }
  // In the order of their file.
  [[nodiscard]] const std::vector<Product>& products() const { return products_; }

 private:
  std::vector<FamilyPtr> families_;
  std::vector<FamilyPtr> german_;
  std::vector<Product> products_;
  FamilyPtr passthrough_;
};

}  // namespace gridloom::catalog
