// Carries out the effects of a command on a virtual device's fields (catalog/effects.h), and makes
// the device's reply, as its family's file declares both.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "catalog/family.h"
#include "sim/model.h"
#include "wire/json.h"

namespace gridloom::sim {

// Applies the command's effects. `params` as in catalog::CheckedSet.
void apply_effects(const catalog::Command& command, const wire::JsonObject& params, Fields& fields);

// The value of "$name" in a template (devices/README.md); nothing if it is absent.
using Lookup = std::function<std::optional<wire::Json>(std::string_view name)>;

// A copy of the template with every "$name" string replaced; members without a value are left out.
[[nodiscard]] wire::JsonObject fill(const wire::JsonObject& shape, const Lookup& lookup);

}  // namespace gridloom::sim
