// The effects of a command on a device's fields and the device's reply, as its family's file
// declares them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/family.h"
#include "sim/model.h"
#include "wire/json.h"

namespace gridloom::sim {

// Applies the command's effects. `params` as in catalog::CheckedSet.
void apply_effects(const catalog::Command& command, const wire::JsonObject& params, Fields& fields);

// A field that a command sets as a whole, and its new value.
struct FieldEffect {
  std::string field;  // Field::name; '*' stands for every module
  wire::Json value;
};
// What the command sets with these parameters, except for values inside of arrays and objects, and
// for the effects that a model implements.
[[nodiscard]] std::vector<FieldEffect> effects_of(const catalog::Command& command,
                                                  const wire::JsonObject& params);

// The value of "$name" in a template (devices/README.md); nothing if it is absent.
using Lookup = std::function<std::optional<wire::Json>(std::string_view name)>;

// A copy of the template with every "$name" string replaced; members without a value are left out.
[[nodiscard]] wire::JsonObject fill(const wire::JsonObject& shape, const Lookup& lookup);

}  // namespace gridloom::sim
