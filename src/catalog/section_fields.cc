// Reads the sections that declare a family's fields, their aliases, and its virtual modules.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catalog/sections.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

struct Nature {
  std::string_view name;
  std::string_view unit;
};
constexpr std::array<Nature, 17> kNatures = {{{"pv.power", "W"},
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
                                              {"load.energy", "Wh"}}};

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

void check_nature(const Entry& entry, const Field& field) {
  if (field.nature.empty()) {
    if (field.invert) entry.mistake("invert", "turns round a nature, and there is none here");
    return;
  }
  const auto* known = std::ranges::find(kNatures, field.nature, &Nature::name);
  if (known == kNatures.end()) {
    std::vector<std::string> names;
    names.reserve(kNatures.size());
    for (const Nature& nature : kNatures) names.emplace_back(nature.name);
    return entry.mistake("nature", fmt::format("\"{}\" is not known; known are {}", field.nature,
                                               join(names, "and")));
  }
  if (field.type != FieldType::kInt && field.type != FieldType::kFloat) {
    entry.mistake("nature", "only an int or a float has one");
  }
  if (field.unit != known->unit) {
    entry.mistake("nature", fmt::format("{} is in {} (value times scale); the unit here is \"{}\"",
                                        field.nature, known->unit, field.unit));
  }
}

Json zero_of(FieldType type) {
  switch (type) {
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

void check_initial(const Entry& entry, const Field& field) {
  if (!fits(field.type, field.initial)) {
    return entry.mistake(
        "initial", fmt::format("{} is no {}", wire::to_text(field.initial), name_of(field.type)));
  }
  if (!field.range || !field.initial.is_number()) return;
  const double value = field.initial.to_number<double>();
  if (value < field.range->low || value > field.range->high) {
    entry.mistake("initial", fmt::format("{} is outside its range [{}, {}]", value,
                                         field.range->low, field.range->high));
  }
}

void read_field(const std::string& name, const Entry& entry, Family& family) {
  Field field;
  field.name = name;
  entry.need({"type", "means"});
  read_type(entry, field.type);
  entry.text("unit", field.unit);
  entry.number("scale", field.scale);
  entry.text("means", field.means);
  entry.text("nature", field.nature);
  entry.text("sign", field.sign);
  entry.flag("invert", field.invert);
  entry.range("range", field.range);
  entry.json("initial", field.initial);
  if (field.initial.is_null()) field.initial = zero_of(field.type);
  entry.seen(field.seen);
  if (const std::string problem = name_problem(name); !problem.empty()) entry.mistake("", problem);
  if (field.scale == 0) entry.mistake("scale", "cannot be 0");
  const bool number = field.type == FieldType::kInt || field.type == FieldType::kFloat;
  if (field.range && !number) entry.mistake("range", "only an int or a float has one");
  check_nature(entry, field);
  check_initial(entry, field);
  if (family.field_by_name.contains(name)) return;  // a duplicate key, already reported
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
        fmt::format("{0} is a field, and a group too ({0}.…): it can be one only", field.name));
  }
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
  file.texts("as_text", family.as_text);
  for (const std::string& name : family.as_text) {
    if (is_field(family, name) || is_group(family, name)) continue;
    file.mistake("as_text",
                 fmt::format("\"{}\" is neither a field nor a group of this family", name));
  }
}

void check_modules(const Entry& entry, const Family& family) {
  std::set<std::string, std::less<>> wanted;
  for (const Field& field : family.fields) {
    if (field.name.find('*') == std::string::npos) continue;
    wanted.insert(field.name.substr(0, field.name.find('.')));
  }
  const auto& modules = family.virtual_devices.modules;
  for (const auto& [group, numbers] : modules) {
    if (!wanted.contains(group)) {
      entry.mistake("modules", fmt::format("no field starts with {}.*", group));
    }
    if (numbers.empty()) entry.mistake("modules", fmt::format("{} names no module", group));
    for (const std::string& number : numbers) {
      if (!number.empty() && number.find_first_of(".*") == std::string::npos) continue;
      entry.mistake("modules", fmt::format("\"{}\" is no serial number", number));
    }
  }
  if (family.virtual_devices.devices.empty()) return;
  for (const std::string& group : wanted) {
    if (modules.contains(group)) continue;
    entry.mistake("modules", fmt::format("{0} is missing: there are fields {0}.*", group));
  }
}

void read_virtual(const Entry& file, Family& family) {
  const YamlNode* node = file.find("virtual");
  if (node == nullptr) return;
  const Entry entry(*node, "virtual", file.mistakes(), {"devices", "modules"});
  entry.items("devices", [&](const YamlNode& value, std::string path) {
    const Entry device(value, std::move(path), file.mistakes(), {"sn", "name", "has"});
    device.need({"sn", "name"});
    Virtual::Device made;
    device.text("sn", made.sn);
    device.text("name", made.name);
    made.has = read_values(device, "has", family);
    const bool ours = std::ranges::any_of(
        family.prefixes, [&](const std::string& prefix) { return made.sn.starts_with(prefix); });
    if (!ours && !family.open) {
      device.mistake("sn", fmt::format("\"{}\" starts with none of the prefixes {}", made.sn,
                                       join(family.prefixes, "and")));
    }
    family.virtual_devices.devices.push_back(std::move(made));
  });
  entry.members("modules",
                [&](const std::string& group, const YamlNode& value, const std::string& path) {
                  family.virtual_devices.modules[group] = texts_of(value, path, file.mistakes());
                });
  check_modules(entry, family);
}

}  // namespace

std::vector<std::pair<std::string, Json>> read_values(const Entry& entry, std::string_view key,
                                                      const Family& family) {
  JsonObject object;
  entry.object(key, object);
  std::vector<std::pair<std::string, Json>> values;
  for (const auto& member : object) {
    const std::string name(member.key());
    if (!is_field(family, name)) {
      entry.mistake(key, fmt::format("\"{}\" is no field", name));
      continue;
    }
    const Field& field = family.fields[family.field_by_name.find(name)->second];
    if (!fits(field.type, member.value())) {
      entry.mistake(key, fmt::format("{} is {}: must be of type {}", name,
                                     wire::to_text(member.value()), name_of(field.type)));
    }
    values.emplace_back(name, member.value());
  }
  return values;
}

void read_type(const Entry& entry, FieldType& to) {
  std::string text;
  entry.text("type", text);
  if (text.empty()) return;
  std::vector<std::string> names;
  for (const FieldType type : kFieldTypes) {
    if (name_of(type) == text) {
      to = type;
      return;
    }
    names.emplace_back(name_of(type));
  }
  entry.mistake("type", fmt::format("\"{}\" is no type; types are {}", text, join(names, "and")));
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
    const Entry entry(
        value, std::move(path), file.mistakes(),
        {"type", "unit", "scale", "means", "nature", "sign", "invert", "range", "initial", "seen"});
    read_field(key, entry, family);
  });
  check_groups(file, family);
  read_names(file, family);
  read_virtual(file, family);
}

}  // namespace gridloom::catalog
