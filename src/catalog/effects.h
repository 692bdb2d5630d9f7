// The effects of a set on a device by its family's file: the values that a command gives to fields,
// and whether the device's reply says that it refused. Pure; `params` are those of CheckedSet.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::catalog {

// Nothing: the parameter is absent.
[[nodiscard]] std::optional<Json> value_of(const Expr& expr, const JsonObject& params);
// The value that the effect gives to its field. Nothing: a parameter is absent, or one has another
// value than the effect's conditions ask for.
[[nodiscard]] std::optional<Json> value_of(const Effect& effect, const JsonObject& params);

// A field that a command sets as a whole, and its new value.
struct FieldEffect {
  std::string field;  // Field::name; '*' stands for every module
  Json value;
  double within = 0;  // greatest difference by which the field still shows it
};
// Whether the field shows the effect with this value.
[[nodiscard]] bool shows(const Json& value, const Json& asked, double within);
// The fields that the command sets with these parameters, except for values inside of arrays and
// objects, and for the effects that a model implements.
[[nodiscard]] std::vector<FieldEffect> effects_of(const Command& command, const JsonObject& params);

// Why a reply says that the device refused the set: its result has another value than the file's
// reply has for the same member, as an ack that is not 0. Nothing: it does not say so.
[[nodiscard]] std::optional<std::string> refusal_in(const Family& family, const Command& command,
                                                    const Json& reply);

}  // namespace gridloom::catalog
