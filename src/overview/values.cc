#include "overview/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/printable.h"
#include "catalog/plausible.h"

namespace gridloom::overview {
namespace {

using catalog::Family;
using catalog::Field;
using wire::Json;
using wire::JsonObject;

void add(const Family& family, const std::string& name, const Json& value,
         std::vector<FlatValue>& all) {
  const JsonObject* group = value.if_object();
  if (group != nullptr && !group->empty() && family.field(name) == nullptr) {
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
  all.push_back({.name = name, .value = value});
}

bool is_absent(const Field& field, const Json& value) {
  return value.is_null() || (field.absent && catalog::same_value(*field.absent, value));
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
  return catalog::is_plausible(field, number) ? std::optional(number) : std::nullopt;
}

std::optional<int> decimals_of(const Field& field) {
  if (!catalog::is_numeric(field.type)) return std::nullopt;
  if (field.type == catalog::FieldType::kFloat && field.scale == 1) return 2;
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
    const std::string text = catalog::named(*field, value);
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

const std::string& title_of(const Field& field) {
  return field.title.empty() ? field.description : field.title;
}

}  // namespace gridloom::overview
