// What a command does to a device's fields and what the device answers, as its family's file says.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "catalog/family.h"
#include "sim/model.h"
#include "wire/json.h"

namespace gridloom::sim {

// Carries the command's effects out. `params` as catalog::CheckedSet gives them.
void apply_effects(const catalog::Command& command, const wire::JsonObject& params, Fields& fields);

// What "$name" stands for in a template (devices/README.md); nothing if it is absent.
using Lookup = std::function<std::optional<wire::Json>(std::string_view name)>;

// A copy of the template with every "$name" string replaced; members that stand for nothing are
// left out.
[[nodiscard]] wire::JsonObject fill(const wire::JsonObject& shape, const Lookup& lookup);

}  // namespace gridloom::sim
