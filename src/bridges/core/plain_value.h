// Values as programs beside Gridloom take them: numbers, texts, true and false, each under one
// name, in the unit of its field. Pure.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::bridges {

struct NoValue {};  // the device says that there is none

struct PlainValue {
  std::string name;  // of the quota, and behind it where in its value it stands: "a.list[2].on"
  const catalog::Field* field = nullptr;  // null: the family does not declare it
  // Numbers are in the unit of `field`.
  std::variant<NoValue, bool, double, std::string> value{};
  std::string_view meaning{};  // the value's name; empty: it has none. Lives as long as `field`
};
using OnPlainValue = std::function<void(const PlainValue& value)>;

// Calls for the quota's value; if it is an object or an array, for each declared value in it.
// `field` may be null.
void for_each_plain_value(std::string_view quota, const catalog::Field* field,
                          const wire::Json& value, const OnPlainValue& on_value);
// The same of a JSON text; a text that is no JSON has no value.
void for_each_plain_value(std::string_view quota, const catalog::Field* field,
                          std::string_view json, const OnPlainValue& on_value);

}  // namespace gridloom::bridges
