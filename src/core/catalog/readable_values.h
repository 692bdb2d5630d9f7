// A device's values as a person reads them: under their flat names, in their units, with the names
// that the device file gives them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::catalog {

struct FlatValue {
  std::string name;  // of the quota
  wire::Json value;
};

// The quotas of an answer to quota/all, sorted by name: groups are taken apart, whatever form the
// family's answer has. A value that is an object by its declaration stays whole.
[[nodiscard]] std::vector<FlatValue> flat_values(const Family& family,
                                                 const wire::JsonObject& quotas);
// Nullptr: there is no such quota.
[[nodiscard]] const wire::Json* find_value(const std::vector<FlatValue>& values,
                                           std::string_view name);

// The number of a value in its field's unit; nothing: it is no number, stands for none, or is one
// that no device can have (catalog/plausible.h).
[[nodiscard]] std::optional<double> number_of(const Field& field, const wire::Json& value);

// "62 %", "52.608 V", "1 (on)", "-" for a value that stands for none. `field` may be null.
[[nodiscard]] std::string value_text(const Field* field, const wire::Json& value);

// Decimals that numbers of the field have in its unit. A number with a fraction may have any; two
// are shown. Nothing: it has no numbers.
[[nodiscard]] std::optional<int> decimals_of(const Field& field);

// "1.5", "230", without noise in the last digits.
[[nodiscard]] std::string number_text(double number);

// The field that stands at a path inside of another, "[2].state" or ".state"; an array's name may
// stand for its elements. Nullptr: the file does not declare it.
[[nodiscard]] const Field* field_inside(const Field* field, std::string_view path);
// The values at such a path in the field's value, each under its name: of all elements where the
// path names none.
[[nodiscard]] std::vector<FlatValue> values_inside(const Field& field, const FlatValue& of,
                                                   std::string_view path);

// The field's title, or its description where it has none.
[[nodiscard]] const std::string& title_of(const Field& field);

}  // namespace gridloom::catalog
