// What a device family is, as data: the tables that devices/*.yaml are loaded into.
//
// A Family is immutable after loading and shared by pointer between all threads. devices/README.md
// describes the files key by key; this header is their shape in memory. No code outside the
// simulator's models knows a field by name: it all comes from here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"
#include "wire/json.h"

namespace gridloom::catalog {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

enum class FieldType : std::uint8_t { kInt, kFloat, kString, kBool, kArray, kObject, kAny };
[[nodiscard]] std::string_view name_of(FieldType type);
// Whether a JSON value is of the type: kInt wants a whole number, kFloat any number.
[[nodiscard]] bool fits(FieldType type, const Json& value);

struct Range {
  double low = 0;
  double high = 0;
};

struct Field {
  std::string name;  // the quota name; a '*' segment stands for a module's serial number
  FieldType type = FieldType::kAny;
  std::string unit;     // of value * scale: "W", "V", "%", "" for none
  double scale = 1;     // wire value * scale = value in `unit`
  std::string means;    // in our own words
  std::string nature;   // "battery.power", "pv.power", ...; empty for most
  std::string sign;     // what a positive value means, where both signs occur
  bool invert = false;  // the nature's sign is the other way round
  std::optional<Range> range;
  Json initial;      // what a virtual device starts with; the type's zero if the file is silent
  std::string seen;  // "002:1004": document and line; "real": only real devices show it
  std::vector<std::string> written_by;  // commands with an effect on it; filled by the loader
};

// A parameter of a command. Objects and arrays nest.
struct Param {
  std::string name;
  FieldType type = FieldType::kInt;
  std::string unit;
  std::string means;
  std::optional<Range> range;  // numbers
  std::vector<Json> values;    // or: just these
  std::vector<Json> also;  // accepted outside range and values, because a document's example does
  std::vector<Json> unchanged;     // sentinels: "leave as it is"
  std::vector<std::string> alias;  // other spellings
  bool required = false;
  bool ignored = false;                  // accepted, no effect
  std::optional<std::size_t> min_items;  // arrays; strings: characters
  std::optional<std::size_t> max_items;
  std::vector<Param> fields;  // objects: members; arrays: one entry, the element
};

// An expression in an effect or reply: a literal, or "$param", "$param-10", "$param.member".
struct Expr {
  Json literal;
  std::string param;  // empty: the literal counts. May be dotted to reach into an object param
  std::int64_t plus = 0;
};

struct Effect {
  std::string field;     // Field::name
  std::vector<Expr> at;  // steps into an array or object value
  Expr to;
  double times = 1;
  std::map<std::string, Json> map;  // text of the param's value -> value of the field
  bool as_bool = false;
  std::map<std::string, Json> when;  // params that must have these values
};

struct Command {
  std::string name;
  std::string means;
  std::vector<std::pair<std::string, Json>> select;  // dotted path in the message -> value
  std::vector<Param> params;
  std::vector<Effect> effects;
  bool by_model = false;  // the virtual device's model does (the rest of) it
  JsonObject reply;       // laid over the family's reply result; values may be "$..."
  JsonObject envelope;    // laid over the family's reply envelope likewise
  std::string seen;
};

struct Report {
  std::string name;                                 // of the group, or of the list of fields
  std::vector<std::pair<std::string, Json>> match;  // top-level keys that tell it from the others
  std::vector<std::string> fields;  // the fields it carries: names or "group."-prefixes
  std::string prefix;               // put before the keys of the body to get the quota name
  JsonObject extra;                 // further envelope members, as "needAck": 0
  bool only_full = false;           // sent with the full set only
  // The envelope's member that holds a module's serial number: each message is about one module,
  // and the body has its fields, without group and number. Empty: not about modules.
  std::string module;
  // Where the body nests: changed values stand in it under their whole names as well.
  bool also_flat = false;

  [[nodiscard]] bool carries(std::string_view field) const;
};

// How a family's messages look. Values of the templates may be "$name" (see devices/README.md).
struct Messages {
  JsonObject report;  // envelope of a report
  std::string report_body = "params";
  bool nested = false;          // body objects are groups to walk into (not values)
  JsonObject reply;             // envelope of a set_reply
  std::string result = "data";  // its member that holds the result
  std::int64_t change_ms = 2000;
  std::int64_t full_ms = 60000;
};

// An answer of quota/data.
struct Index {
  std::string name;
  std::string unit;
  std::string counter;   // a counter in Wh, answered in kWh
  std::string share_of;  // with share_in: 1 - or + ratio of two counters
  std::string share_in;
  double times = 1;
  bool remainder = false;  // 1 - ratio
};
struct History {
  std::string code;
  std::vector<Index> indexes;
};

struct Quirk {
  std::string what;
  std::string seen;
};

// Something that can go wrong with a virtual device, on demand.
struct Trouble {
  std::string name;  // "over_temperature"
  std::string means;
  std::vector<std::pair<std::string, double>> does;  // to what is around it: kTroubleMeans
  std::vector<std::pair<std::string, Json>> shows;   // Field::name -> value meanwhile
  std::vector<std::string> holds;                    // Field::name: stay as they are meanwhile
};
// What Trouble::does can name: whether there is a grid (0), what of the sun reaches the first and
// the second PV input (0 to 1), whether the battery's protection lets anything in or out (0), how
// much warmer it is (K), how far the device's clock is wrong (s), what an appliance draws at its
// sockets on top (W), and whether the battery's heater heats (0).
inline constexpr std::array<std::string_view, 8> kTroubleMeans = {
    "grid", "panel_1", "panel_2", "battery", "warmer_k", "clock_s", "appliance_w", "heater"};

// What the demo home and other virtual devices of this family start with.
struct Virtual {
  struct Device {
    std::string sn;
    std::string name;
    std::vector<std::pair<std::string, Json>> has{};  // Field::name -> value at the start
  };
  std::vector<Device> devices;
  std::map<std::string, std::vector<std::string>> modules;  // group -> modules' serial numbers
};

enum class Shape : std::uint8_t { kFlat, kNested };

// Lets a map of strings be asked with a view, without making a string.
struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return std::hash<std::string_view>{}(name);
  }
};
using NameIndex = std::unordered_map<std::string, std::size_t, NameHash, std::equal_to<>>;

struct Family {
  std::string id;                // "delta_2"
  std::string product;           // "DELTA 2"
  std::string product_alias;     // another spelling, by which some clients know it
  bool listed_by_alias = false;  // the device list shows the alias
  std::string means;
  std::vector<std::string> prefixes;  // serial numbers start with one of these
  std::int64_t product_type = 0;      // as latestQuotas reports it
  std::int64_t model = 0;
  bool open = false;  // keeps every field it hears of and passes every set (the generic family)
  bool read_only = false;                      // has no commands; a set says so
  Shape all = Shape::kFlat;                    // of quota/all
  std::vector<std::string> select;             // the paths that select a command
  std::map<std::string, std::string> aliases;  // name asked -> quota name
  std::vector<std::string> as_text;            // groups answered as JSON inside a string
  std::vector<Field> fields;
  std::vector<Command> commands;
  std::vector<Report> reports;
  Messages messages;
  std::optional<History> history;
  std::vector<Quirk> quirks;
  std::vector<Trouble> troubles;
  Virtual virtual_devices;

  // productName of the device list.
  [[nodiscard]] const std::string& listed_product() const {
    return listed_by_alias ? product_alias : product;
  }

  // The field of a quota name, '*' segments matching a module's serial number; nullptr if unknown.
  [[nodiscard]] const Field* field(std::string_view quota) const;

  // Every quota name that a virtual device has, in the file's order: '*' replaced by each of the
  // group's virtual modules (the group is the first segment). The fields belong to the family.
  [[nodiscard]] std::vector<std::pair<std::string, const Field*>> slot_names() const;

  // The command that a set's message selects; nullptr if the family does not know the selector.
  // kBadParams, naming the member, if a part of the selector is missing. "11" selects as 11 does.
  [[nodiscard]] Result<const Command*> find_command(const JsonObject& message) const;
  // For messages: what a set that find_command() knows nothing of selects, and what could be.
  [[nodiscard]] std::string unknown_command(const JsonObject& message) const;

  NameIndex field_by_name;  // filled by the loader
};

using FamilyPtr = std::shared_ptr<const Family>;

// A set that was checked: what to publish, or why not.
struct CheckedSet {
  const Command* command = nullptr;  // nullptr: the family is open, or does not know the selector
  JsonObject params;  // under their declared names, sentinels and ignored ones removed
};

// Checks a set's message against the family. kBadParams, naming parameter, value and what is valid;
// a missing selector likewise. An unknown selector is no fault: the device decides (quirk 23).
[[nodiscard]] Result<CheckedSet> check_set(const Family& family, const JsonObject& message);

// All families, found by serial number. Immutable; any thread.
class Catalog {
 public:
  explicit Catalog(std::vector<FamilyPtr> families);

  // The family whose prefix is the longest that `sn` starts with; otherwise the open one.
  [[nodiscard]] const FamilyPtr& of_serial(std::string_view sn) const;
  [[nodiscard]] FamilyPtr find(std::string_view id) const;  // nullptr if unknown
  [[nodiscard]] const std::vector<FamilyPtr>& families() const { return families_; }

 private:
  std::vector<FamilyPtr> families_;
  FamilyPtr open_;
};

}  // namespace gridloom::catalog
