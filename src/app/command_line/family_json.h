// The parts of a device file as JSON, for `gridloom family show` and `gridloom explain`.
#pragma once

#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::app {

// Each has a "kind" ("field", "command", "part") and a "name"; what the file does not say is left
// out. docs/user/output.schema.json describes them.
[[nodiscard]] wire::JsonObject json_of(const catalog::Family& family, const catalog::Field& field);
[[nodiscard]] wire::JsonObject json_of(const catalog::Command& command);
[[nodiscard]] wire::JsonObject json_of(const catalog::PhysicsPart& part);

}  // namespace gridloom::app
