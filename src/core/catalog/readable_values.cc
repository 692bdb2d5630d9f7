#include "catalog/readable_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/printable.h"
#include "catalog/plausible.h"

namespace gridloom::catalog {
namespace {

using wire::Json;
using wire::JsonObject;

void add(const Family& family, const std::string& name, const Json& value,
         std::vector<FlatValue>& all) {
  const JsonObject* group = value.if_object();
  const Field* field = family.field(name);
  if (group != nullptr && !group->empty() && field == nullptr) {
    for (const auto& [key, member] : *group) {
      add(family,
          name.empty() ? std::string(key) : fmt::format("{}.{}", name, std::string_view(key)),
          member, all);
    }
    return;
  }
  // Some families have groups that are JSON inside of a string.
  if (value.is_string() && std::ranges::find(family.as_text, name) != family.as_text.end()) {
    const auto inner = wire::parse_json(value.get_string());
    if (inner && inner->is_object()) return add(family, name, *inner, all);
  }
  const bool is_number = field != nullptr && wire::is_whole(value);
  const auto meant = is_number ? catalog::meant(*field, wire::whole(value)) : std::nullopt;
  all.push_back({.name = name, .value = meant ? Json(*meant) : value});
}

// "[2].ctrlSta" and "[].ctrlSta" are ".ctrlSta".
std::string without_indexes(std::string_view path) {
  std::string text;
  bool is_inside = false;
  for (const char c : path) {
    if (c == '[') is_inside = true;
    if (!is_inside) text += c;
    if (c == ']') is_inside = false;
  }
  return text;
}

bool is_absent(const Field& field, const Json& value) {
  return value.is_null() || (field.absent && same_value(*field.absent, value));
}

}  // namespace

std::vector<FlatValue> flat_values(const Family& family, const JsonObject& quotas) {
  std::vector<FlatValue> all;
  for (const auto& [key, value] : quotas) add(family, std::string(key), value, all);
  std::ranges::sort(all, {}, &FlatValue::name);
  return all;
}

const Json* find_value(const std::vector<FlatValue>& values, std::string_view name) {
  const auto found = std::ranges::lower_bound(values, name, {}, &FlatValue::name);
  return found != values.end() && found->name == name ? &found->value : nullptr;
}

std::optional<double> number_of(const Field& field, const Json& value) {
  if (!value.is_number() || is_absent(field, value)) return std::nullopt;
  const double number = value.to_number<double>() * field.scale;
  return is_plausible(field, number) ? std::optional(number) : std::nullopt;
}

std::optional<int> decimals_of(const Field& field) {
  if (!is_numeric(field.type)) return std::nullopt;
  if (field.type == FieldType::kFloat && field.scale == 1) return 2;
  const int decimals = static_cast<int>(std::ceil(-std::log10(std::abs(field.scale)) - 1e-9));
  return std::max(decimals, 0);
}

std::string number_text(double number) {
  constexpr double kDigits = 1e6;
  const double rounded = std::round(number * kDigits) / kDigits;
  return fmt::format("{}", rounded == 0 ? 0.0 : rounded);
}

std::string value_text(const Field* field, const Json& value) {
  if (field == nullptr) {
    return printable(wire::plain_text(value));
  }
  if (is_absent(*field, value)) return "-";
  if (!field->values.empty() || !field->bits.empty()) {
    const std::string text = named(*field, value);
    const bool has_name = text != wire::to_text(value);
    if (has_name || field->unit.empty()) return printable(text);
  }
  if (const auto number = number_of(*field, value)) {
    const std::string text = field->scale == 1 && wire::is_whole(value)
                                 ? std::to_string(wire::whole(value))
                                 : number_text(*number);
    return field->unit.empty() ? text : fmt::format("{} {}", text, field->unit);
  }
  return value_text(nullptr, value);
}

const Field* field_inside(const Field* field, std::string_view path) {
  while (field != nullptr && !path.empty() && path.front() != ' ') {
    const bool is_element = path.starts_with('[');
    if (is_element || field->type == FieldType::kArray) {
      field = field->fields.empty() ? nullptr : &field->fields.front();
      if (is_element) path.remove_prefix(std::min(path.find(']'), path.size() - 1) + 1);
      continue;
    }
    if (path.starts_with('.')) path.remove_prefix(1);
    const std::string_view name = path.substr(0, path.find_first_of(".["));
    const auto found = std::ranges::find(field->fields, name, &Field::name);
    field = found == field->fields.end() ? nullptr : &*found;
    path.remove_prefix(name.size());
  }
  return path.empty() ? field : nullptr;
}

std::vector<FlatValue> values_inside(const Field& field, const FlatValue& of,
                                     std::string_view path) {
  const bool names_elements = path.contains('[') && !path.contains("[]");
  std::vector<FlatValue> found;
  for_each_value(field, of.value,
                 [&](const Field& /*inner*/, const Json& value, const std::string& at) {
                   if (at.empty()) return;
                   const std::string full = at.starts_with('[') ? at : '.' + at;
                   if ((names_elements ? full : without_indexes(full)) !=
                       (names_elements ? std::string(path) : without_indexes(path))) {
                     return;
                   }
                   found.push_back({.name = of.name + full, .value = value});
                 });
  return found;
}

const std::string& title_of(const Field& field) {
  return field.title.empty() ? field.description : field.title;
}

}  // namespace gridloom::catalog
