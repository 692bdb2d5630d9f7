#include "bridges/core/plain_value.h"

#include <algorithm>
#include <cmath>

#include "catalog/readable_values.h"

namespace gridloom::bridges {
namespace {

using catalog::Field;
using catalog::FieldType;
using wire::Json;

// The scale must not add digits of its own: 523 * 0.1 is 52.3.
double without_noise(double number) {
  constexpr double kDigits = 1e6;
  constexpr double kMostExact = 1e9;
  return std::abs(number) < kMostExact ? std::round(number * kDigits) / kDigits : number;
}

bool is_scalar(const Json& value) { return !value.is_object() && !value.is_array(); }

PlainValue plain(std::string name, const Field* field, const Json& value) {
  PlainValue made{.name = std::move(name), .field = field};
  const bool is_absent = value.is_null() || (field != nullptr && field->absent &&
                                             catalog::same_value(*field->absent, value));
  if (is_absent) return made;
  if (field != nullptr) {
    const auto named = std::ranges::find_if(field->values, [&](const catalog::NamedValue& each) {
      return catalog::same_value(each.value, value);
    });
    if (named != field->values.end()) made.meaning = named->name;
  }
  if (value.is_bool()) {
    made.value = value.get_bool();
  } else if (value.is_string()) {
    made.value = std::string(value.get_string());
  } else if (field != nullptr && field->type == FieldType::kBool) {
    made.value = value.to_number<double>() != 0;
  } else if (field != nullptr) {
    const auto number = catalog::number_of(*field, value);
    if (number) made.value = field->scale == 1 ? *number : without_noise(*number);
  } else {
    made.value = value.to_number<double>();
  }
  return made;
}

}  // namespace

void for_each_plain_value(std::string_view quota, const Field* field, const Json& value,
                          const OnPlainValue& on_value) {
  if (is_scalar(value)) return on_value(plain(std::string(quota), field, value));
  if (field == nullptr) return;
  catalog::for_each_value(*field, value,
                          [&](const Field& inner, const Json& leaf, const std::string& path) {
                            if (!is_scalar(leaf)) return;
                            std::string name(quota);
                            if (!path.empty() && !path.starts_with('[')) name += '.';
                            on_value(plain(name += path, &inner, leaf));
                          });
}

void for_each_plain_value(std::string_view quota, const Field* field, std::string_view json,
                          const OnPlainValue& on_value) {
  const auto parsed = wire::parse_json(json);
  if (parsed) for_each_plain_value(quota, field, *parsed, on_value);
}

}  // namespace gridloom::bridges
