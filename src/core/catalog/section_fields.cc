// Reads the sections that declare a family's fields, their aliases, and its virtual modules.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "catalog/natures.h"
#include "catalog/sections.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

constexpr std::int64_t kLastBit = 62;  // of an int

// The problem of a quota name; empty if the name is valid.
std::string name_problem(std::string_view name) {
  std::size_t stars = 0;
  bool first = true;
  for (std::string_view rest = name;; first = false) {
    const auto dot = rest.find('.');
    const std::string_view segment = rest.substr(0, dot);
    if (segment.empty()) return "a segment between the dots is empty";
    if (segment == "*") {
      if (first) return "'*' cannot be the first segment: the group's name comes first";
      ++stars;
    } else if (segment.find('*') != std::string_view::npos) {
      return "'*' must be a segment of its own: group.*.name";
    }
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  return stars > 1 ? "only one segment can be '*'" : "";
}

// Requires that the field has a nature.
std::string_view unit_of_nature(const Field& field) {
  return std::ranges::find(kNatures, field.nature, &Nature::name)->unit;
}

void check_nature(const Entry& entry, const Field& field) {
  // A part of physics may feed a field that says its sign.
  if (field.invert && !entry.has("nature") && !entry.has("sign")) {
    entry.mistake("invert", "needs a nature or a sign");
  }
  if (field.nature.empty()) return;
  const bool is_number = field.type == FieldType::kInt || field.type == FieldType::kFloat;
  if (field.nature == kMeterNature) {
    if (field.type != FieldType::kString) entry.mistake("nature", "only a string can have it");
  } else if (!is_number) {
    entry.mistake("nature", "only an int or a float can have it");
  }
  const std::string_view unit = unit_of_nature(field);
  if (field.unit != unit) {
    entry.mistake("nature", fmt::format("{} is in {} (value times scale); the unit here is \"{}\"",
                                        field.nature, unit, field.unit));
  }
}

void read_when(const Entry& entry, Field& field) {
  entry.members("when", [&](const std::string& name, const YamlNode& value, std::string path) {
    const Json said = to_json(value, path, entry.mistakes());
    Field::When when{.field = name, .values = {}};
    const wire::JsonArray* const all = said.if_array();
    for (const Json& each : all == nullptr ? wire::JsonArray{said} : *all) {
      if (!each.is_number()) return entry.mistake("when", "takes a number, or a list of them");
      when.values.push_back(each.to_number<double>());
    }
    if (field.when) return entry.mistake("when", "takes one field");
    field.when = std::move(when);
  });
  if (!entry.has("when") || (!field.nature.empty() && unit_of_nature(field) == "W")) return;
  entry.mistake("when", "needs a nature in W");
}

// A member of an array's elements can have the nature of a power, which is the sum of all.
void check_member_nature(const Entry& entry, const Field& member) {
  if (member.nature.empty()) return;
  if (member.unit == "W" && unit_of_nature(member) == "W" && is_numeric(member.type)) return;
  entry.mistake("nature", "of a member must be a power, of a number in W");
}

void check_part(const Entry& entry, const Field& field) {
  if (!field.part || (!field.nature.empty() && unit_of_nature(field) == "W")) return;
  entry.mistake("part", "needs a nature in W; of counters all of a nature are parts");
}

// "0 (idle), 1 (discharging) or 2 (charging)"
std::string texts_of(const std::vector<NamedValue>& values) {
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const NamedValue& one : values) texts.push_back(text_of(one));
  return join(texts, "or");
}

void check_values(const Entry& entry, Field& field) {
  if (field.range && !field.values.empty()) {
    entry.mistake(
        "values",
        "a field can have a range or values, not both; others: true allows further values");
  }
  if (entry.has("others") && field.values.empty()) {
    entry.mistake("others", "needs values");
  }
  const bool number = field.type == FieldType::kInt || field.type == FieldType::kFloat;
  if (field.range || field.others || field.values.empty() || !number) return;
  const auto number_of = [](const NamedValue& one) { return one.value.to_number<double>(); };
  const auto [low, high] = std::ranges::minmax(field.values | std::views::transform(number_of));
  field.range = Range{.low = low, .high = high};
}

void check_bits(const Entry& entry, const Field& field) {
  if (field.bits.empty()) return;
  if (field.type != FieldType::kInt) entry.mistake("bits", "only an int can have bits");
  if (!field.values.empty()) entry.mistake("bits", "a field can have values or bits, not both");
  for (const NamedValue& bit : field.bits) {
    const std::int64_t number = wire::whole(bit.value);
    if (number >= 0 && number <= kLastBit) continue;
    entry.mistake("bits", fmt::format("{} must be 0 to {}", number, kLastBit));
  }
}

void read_absent(const Entry& entry, Field& field) {
  if (!entry.has("absent")) return;
  Json value;
  entry.json("absent", value);
  if (!fits(field.type, value)) {
    entry.mistake("absent",
                  fmt::format("{} is not of type {}", wire::to_text(value), name_of(field.type)));
  }
  field.absent = std::move(value);
}

void read_signed_bits(const Entry& entry, Field& field) {
  entry.whole("signed_bits", field.signed_bits);
  const std::int64_t bits = field.signed_bits;
  const bool is_size = bits == 8 || bits == 16 || bits == 32;
  if (bits == 0 || (is_size && field.type == FieldType::kInt)) return;
  entry.mistake("signed_bits", "must be 8, 16 or 32, and only an int can have it");
  field.signed_bits = 0;
}

void read_error(const Entry& entry, Field& field) {
  entry.flag("error", field.error);
  entry.values("ok", field.ok);
  std::string severity;
  entry.choice("severity", severity);
  if (severity == name_of(Severity::kWarning)) field.severity = Severity::kWarning;
  if (!field.error) {
    for (const char* key : {"ok", "severity"}) {
      if (entry.has(key)) entry.mistake(key, "needs error: true");
    }
    return;
  }
  field.others = true;  // no document names all errors
  if (entry.has("ok")) return;
  field.ok = {field.type == FieldType::kString ? Json("") : Json(0)};
}

// Whether the file excludes the value; a wrong type is another mistake.
bool excluded(const Field& field, const Json& value) {
  if (field.absent && same_value(*field.absent, value)) return false;
  return !field.values.empty() && !field.others && !contains(field.values, value);
}

// The problem of a start value; empty if there is none.
std::string initial_problem(const Field& field, const Json& value) {
  if (!fits(field.type, value)) {
    return fmt::format("{} is not of type {}", wire::to_text(value), name_of(field.type));
  }
  if (excluded(field, value)) {
    return fmt::format("{} must be {}", wire::to_text(value), texts_of(field.values));
  }
  if (is_error(field, value)) {
    return fmt::format("{} is an error: list it under ok if it is not", wire::to_text(value));
  }
  if (field.absent && same_value(*field.absent, value)) return "";
  if (!field.range || !value.is_number()) return "";
  const double number = value.to_number<double>();
  if (number >= field.range->low && number <= field.range->high) return "";
  return fmt::format("{} is outside its range [{}, {}]", number, field.range->low,
                     field.range->high);
}

// The first member of the object that the field does not declare; empty if there is none, or if
// the field declares no members.
std::string_view stray_member(const Field& field, const Json& value) {
  const JsonObject* object = value.if_object();
  if (object == nullptr || field.fields.empty()) return {};
  for (const auto& member : *object) {
    if (std::ranges::find(field.fields, member.key(), &Field::name) != field.fields.end()) continue;
    return member.key();
  }
  return {};
}

void check_initial(const Entry& entry, const Field& field) {
  for_each_value(
      field, field.initial, [&](const Field& inner, const Json& value, const std::string& path) {
        const std::string at = path.empty() ? "" : path + ": ";
        const std::string problem = initial_problem(inner, value);
        if (!problem.empty()) return entry.mistake("initial", at + problem);
        const std::string_view stray = stray_member(inner, value);
        if (stray.empty()) return;
        entry.mistake("initial",
                      fmt::format("{}{} is not a member: fields does not have it", at, stray));
      });
}

// ---- what fields and what stands inside of them have in common

// Reads the keys that say what a value is.
void read_value(const Entry& entry, Field& field) {
  read_type(entry, field.type);
  entry.unit_and_scale(field.unit, field.scale);
  entry.text("description", field.description);
  entry.title(field.description, field.title);
  entry.range("range", field.range);
  entry.named_values("values", field.type, field.values);
  entry.flag("others", field.others);
  entry.named_values("bits", FieldType::kInt, field.bits);
  read_absent(entry, field);
}

void check_value(const Entry& entry, Field& field) {
  if (field.scale == 0) entry.mistake("scale", "cannot be 0");
  const bool number = field.type == FieldType::kInt || field.type == FieldType::kFloat;
  if (field.range && !number) entry.mistake("range", "only an int or a float can have it");
  if (entry.has("of") && field.type != FieldType::kArray) {
    entry.mistake("of", "only an array can have elements");
  }
  if (entry.has("fields") && field.type != FieldType::kObject) {
    entry.mistake("fields", "only an object can have members");
  }
  check_values(entry, field);
  check_bits(entry, field);
}

void read_inside(const Entry& entry, Field& field);

Field read_member(const std::string& name, const Entry& entry) {
  Field member;
  member.name = name;
  read_value(entry, member);
  read_inside(entry, member);
  entry.choice("nature", member.nature);
  check_member_nature(entry, member);
  check_value(entry, member);
  return member;
}

// Reads the declarations of elements and members, at any depth.
void read_inside(const Entry& entry, Field& field) {
  if (const YamlNode* element = entry.find("of")) {
    const Entry inner(*element, child(entry.path(), "of"), entry.mistakes(), SectionId::kMember);
    field.fields = {read_member("", inner)};
  }
  entry.members("fields", [&](const std::string& key, const YamlNode& value, std::string path) {
    const Entry inner(value, std::move(path), entry.mistakes(), SectionId::kMember);
    if (field.type == FieldType::kObject) field.fields.push_back(read_member(key, inner));
  });
}

// Requires that the elements are read.
void read_form(const Entry& entry, Field& field) {
  entry.flag("one_as_object", field.one_as_object);
  if (!field.one_as_object) return;
  const bool objects = field.type == FieldType::kArray && !field.fields.empty() &&
                       field.fields.front().type == FieldType::kObject;
  if (objects && !field.name.contains('*')) return;
  entry.mistake("one_as_object",
                "only an array whose elements are objects can have it, and no field of modules");
}

void read_format(const Entry& entry, Field& field) {
  std::string format;
  entry.choice("format", format);
  if (format.empty()) return;
  const bool version = format == name_of(FieldFormat::kVersion);
  field.format = version ? FieldFormat::kVersion : FieldFormat::kText;
  const FieldType type = version ? FieldType::kInt : FieldType::kArray;
  if (field.type != type) {
    entry.mistake("format", fmt::format("only an {} can be read as a {}", name_of(type), format));
  }
  if (!field.unit.empty() || !field.values.empty() || !field.bits.empty()) {
    entry.mistake("format", "takes the place of unit, values and bits");
  }
}

void read_field(const std::string& name, const Entry& entry, Family& family) {
  Field field;
  field.name = name;
  read_value(entry, field);
  read_inside(entry, field);
  read_form(entry, field);
  entry.choice("nature", field.nature);
  entry.text("sign", field.sign);
  entry.flag("invert", field.invert);
  entry.flag("part", field.part);
  read_when(entry, field);
  entry.flag("essential", field.essential);
  read_format(entry, field);
  read_never(entry, field.unit, field.never);
  read_signed_bits(entry, field);
  read_error(entry, field);
  entry.json("initial", field.initial);
  if (field.initial.is_null()) field.initial = usual_initial(field);
  read_signal(entry, field);
  entry.source(field.source);
  if (const std::string problem = name_problem(name); !problem.empty()) entry.mistake("", problem);
  check_nature(entry, field);
  check_part(entry, field);
  check_value(entry, field);
  check_initial(entry, field);
  if (family.field_by_name.contains(name)) return;  // a duplicate key, already reported
  family.messages.lack_signs = family.messages.lack_signs || field.signed_bits != 0;
  family.field_by_name.emplace(name, family.fields.size());
  family.fields.push_back(std::move(field));
}

// A name cannot have both a value and members.
void check_groups(const Entry& file, const Family& family) {
  std::set<std::string_view> groups;
  for (const Field& field : family.fields) {
    const std::string_view name = field.name;
    for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1)) {
      groups.insert(name.substr(0, dot));
    }
  }
  for (const Field& field : family.fields) {
    if (!groups.contains(field.name)) continue;
    file.mistake(
        "fields",
        fmt::format("{0} is both a field and a group ({0}.…): it can be only one", field.name));
  }
}

// A field that is a part needs another one.
void check_parts(const Entry& file, const Family& family) {
  for (const Field& field : family.fields) {
    if (!field.part || std::ranges::count(family.fields, field.nature, &Field::nature) > 1)
      continue;
    file.mistake("fields", fmt::format("{} is a part of {}, which no other field has", field.name,
                                       field.nature));
  }
}

void check_conditions(const Entry& file, Family& family) {
  for (const Field& field : family.fields) {
    const bool has_elements = field.type == FieldType::kArray;
    if (!has_elements &&
        std::ranges::any_of(field.fields, [](const Field& each) { return !each.nature.empty(); })) {
      file.mistake("fields", fmt::format("{}: nature of a member: only those of an array's "
                                         "elements can have one",
                                         field.name));
    }
    if (!field.when) continue;
    const auto other = std::ranges::find(family.fields, field.when->field, &Field::name);
    if (other != family.fields.end() && is_numeric(other->type) && !other->name.contains('*')) {
      other->decides = true;
      continue;
    }
    file.mistake("fields", fmt::format("{}: when: \"{}\" is no number of this family", field.name,
                                       field.when->field));
  }
}

// A power in both directions and one of a single direction would be counted twice.
void check_directions(const Entry& file, const Family& family) {
  struct Row {
    std::string_view both;
    std::string_view one;
  };
  static constexpr std::array kRows = {Row{"battery.power", "battery.charge_power"},
                                       Row{"battery.power", "battery.discharge_power"},
                                       Row{"grid.power", "grid.import_power"}};
  for (const Row& row : kRows) {
    const auto both = std::ranges::find(family.fields, row.both, &Field::nature);
    const auto one = std::ranges::find(family.fields, row.one, &Field::nature);
    if (both == family.fields.end() || one == family.fields.end()) continue;
    file.mistake("fields", fmt::format("{} is {} and {} is {}: it would be counted twice",
                                       both->name, row.both, one->name, row.one));
  }
}

bool begins_fields(const Family& family, std::string_view prefix) {
  return prefix.ends_with('.') && is_group(family, prefix.substr(0, prefix.size() - 1));
}

// A page shows a field once.
void read_groups(const Entry& file, Family& family) {
  std::set<std::string> listed;
  file.members("groups", [&](const std::string& key, const YamlNode& value, std::string path) {
    const Entry entry(value, std::move(path), file.mistakes(), SectionId::kGroup);
    FieldGroup group{.name = key, .title = {}, .fields = {}};
    entry.title("", group.title);
    entry.texts("fields", group.fields);
    if (!entry.has("fields")) {
      if (!is_group(family, key)) entry.mistake("", fmt::format("no field begins with {}.", key));
      group.fields.push_back(key + '.');
    }
    for (const std::string& name : group.fields) {
      if (find_field(family, name) == nullptr && !begins_fields(family, name)) {
        entry.mistake("fields", fmt::format("\"{}\" is neither a field of this family nor how the "
                                            "names of fields begin, up to a dot",
                                            name));
      }
      if (!listed.insert(name).second) {
        entry.mistake("fields", fmt::format("\"{}\" stands in a group already", name));
      }
    }
    family.groups.push_back(std::move(group));
  });
}

void read_system(const Entry& file, Family& family) {
  const YamlNode* node = file.find("system");
  if (node == nullptr) return;
  const Entry entry(*node, "system", file.mistakes(), SectionId::kSystem);
  UnitSystem made;
  entry.text("group", made.group);
  entry.text("role", made.role);
  entry.text("main", made.main);
  entry.text("unit", made.unit);
  for (const auto& [key, name, type] : {std::tuple("group", made.group, FieldType::kInt),
                                        std::tuple("role", made.role, FieldType::kString)}) {
    const Field* field = find_field(family, name);
    if (field != nullptr && field->type == type && !name.contains('*')) continue;
    entry.mistake(key, fmt::format("\"{}\" must be a field of type {}", name, name_of(type)));
  }
  family.system = std::move(made);
}

void read_names(const Entry& file, Family& family) {
  file.members("aliases", [&](const std::string& key, const YamlNode& value,
                              const std::string& path) {
    const auto wrong = [&](std::string_view what) { file.mistakes().add(value.line, path, what); };
    if (value.kind != YamlNode::Kind::kScalar) return wrong("must be the name of a field or group");
    if (is_field(family, key) || is_group(family, key)) {
      return wrong("is the name of a field or group itself");
    }
    if (!is_field(family, value.text) && !is_group(family, value.text)) {
      return wrong(fmt::format("\"{}\" is neither a field nor a group of this family", value.text));
    }
    family.aliases[key] = value.text;
  });
  file.texts("quota_all_fields", family.all_fields);
  for (const std::string& name : family.all_fields) {
    if (is_field(family, name)) continue;
    file.mistake("quota_all_fields", fmt::format("\"{}\" is not a field of this family", name));
  }
  if (!family.all_fields.empty() && family.all == QuotaAllForm::kNested) {
    file.mistake("quota_all_fields", "has no effect: quota_all is nested");
  }
  file.texts("as_text", family.as_text);
  for (const std::string& name : family.as_text) {
    if (is_field(family, name) || is_group(family, name)) continue;
    file.mistake("as_text",
                 fmt::format("\"{}\" is neither a field nor a group of this family", name));
  }
}

}  // namespace

Json usual_initial(const Field& field) {
  if (field.absent) return *field.absent;
  switch (field.type) {
    case FieldType::kInt:
    case FieldType::kFloat:
      return 0;
    case FieldType::kString:
      return "";
    case FieldType::kBool:
      return false;
    case FieldType::kArray:
      return JsonArray();
    case FieldType::kObject:
      return JsonObject();
    case FieldType::kAny:
      break;
  }
  return nullptr;
}

std::vector<std::pair<std::string, Json>> read_values(const Entry& entry, std::string_view key,
                                                      const Family& family) {
  JsonObject object;
  entry.object(key, object);
  std::vector<std::pair<std::string, Json>> values;
  for (const auto& member : object) {
    const std::string name(member.key());
    if (!is_field(family, name)) {
      std::vector<std::string_view> known;  // none where comparing many words would be in vain
      if (!entry.mistakes().is_full()) {
        for (const Field& field : family.fields) known.emplace_back(field.name);
      }
      entry.mistake(key, fmt::format("\"{}\" is not a field{}", name, did_you_mean(name, known)));
      continue;
    }
    const Field& field = family.fields[family.field_by_name.find(name)->second];
    if (!fits(field.type, member.value())) {
      entry.mistake(key, fmt::format("{} is {}: must be of type {}", name,
                                     wire::to_text(member.value()), name_of(field.type)));
    } else if (excluded(field, member.value())) {
      entry.mistake(key, fmt::format("{} is {}: must be {}", name, wire::to_text(member.value()),
                                     texts_of(field.values)));
    }
    values.emplace_back(name, member.value());
  }
  return values;
}

void read_type(const Entry& entry, FieldType& to) {
  std::string name;
  entry.choice("type", name);
  const auto* const type =
      std::ranges::find(kFieldTypes, name, [](FieldType each) { return name_of(each); });
  if (type != kFieldTypes.end()) to = *type;
}

void read_never(const Entry& entry, std::string_view unit, std::optional<double>& to) {
  if (!entry.has("never")) return;
  entry.number("never", to.emplace());
  if (unit == "s" || unit == "min" || unit == "h") return;
  entry.mistake("never", "needs the unit s, min or h");
}

const Field* find_field(const Family& family, std::string_view name) {
  const auto found = family.field_by_name.find(name);
  return found == family.field_by_name.end() ? nullptr : &family.fields[found->second];
}

bool is_field(const Family& family, std::string_view name) {
  return family.field_by_name.contains(name);
}

bool is_group(const Family& family, std::string_view name) {
  return std::ranges::any_of(family.fields, [&](const Field& field) {
    return field.name.size() > name.size() && field.name[name.size()] == '.' &&
           field.name.starts_with(name);
  });
}

void read_fields(const Entry& file, Family& family) {
  file.members("fields", [&](const std::string& key, const YamlNode& value, std::string path) {
    const Entry entry(value, std::move(path), file.mistakes(), SectionId::kField);
    read_field(key, entry, family);
  });
  check_groups(file, family);
  check_parts(file, family);
  check_conditions(file, family);
  check_directions(file, family);
  read_groups(file, family);
  read_names(file, family);
  read_system(file, family);
  read_virtual(file, family);
}

}  // namespace gridloom::catalog
