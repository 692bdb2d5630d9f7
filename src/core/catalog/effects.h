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

// The target of a command: a field, or a place inside of its value.
struct FieldEffect {
  std::string field;            // Field::name; '*' stands for every module
  std::string path{};           // empty: the value as a whole; or as of value_inside()
  std::optional<Json> value{};  // nothing: the file does not say which value the field gets
  double within = 0;            // greatest difference by which the field still shows it
};
// Whether the field shows the effect with this value: of an object each member that was asked for,
// of a list each element.
[[nodiscard]] bool shows(const Json& value, const Json& asked, double within);
// The fields that the command sets with these parameters, and those that show what a model does. A
// later effect on the same place takes that of the earlier one.
[[nodiscard]] std::vector<FieldEffect> effects_of(const Command& command, const JsonObject& params);
// The value at a path inside of another: ".info[3].chName", "[2]", " bit 5" of a number as 0 or 1.
// Nothing: there is none.
[[nodiscard]] std::optional<Json> value_inside(const Json& value, std::string_view path);

// Why a reply says that the device refused the set: its result has another value than the file's
// reply has for the same member, as an ack that is not 0. Nothing: it does not say so.
[[nodiscard]] std::optional<std::string> refusal_in(const Family& family, const Command& command,
                                                    const Json& reply);

}  // namespace gridloom::catalog
