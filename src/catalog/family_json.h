// A device file as JSON, for `gridloom family show`, `gridloom explain` and the API.
#pragma once

#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::catalog {

// Each has a "kind" ("field", "command", "part") and a "name"; what the file does not say is left
// out. docs/user/output.schema.json describes them.
[[nodiscard]] wire::JsonObject json_of(const Family& family, const Field& field);
[[nodiscard]] wire::JsonObject json_of(const Command& command);
[[nodiscard]] wire::JsonObject json_of(const PhysicsPart& part);

// Id, product and description of a family, and the prefixes of its serial numbers.
[[nodiscard]] wire::JsonObject summary_of(const Family& family);
// The same with all fields and commands.
[[nodiscard]] wire::JsonObject json_of(const Family& family);

}  // namespace gridloom::catalog
