// A device file as JSON, for `gridloom family show`, `gridloom explain` and the API.
#pragma once

#include <string>
#include <string_view>

#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::catalog {

// Each has a "kind" ("field", "command", "part") and a "name"; what the file does not say is left
// out. docs/user/output.schema.json describes them.
[[nodiscard]] wire::JsonObject json_of(const Family& family, const Field& field);
[[nodiscard]] wire::JsonObject json_of(const Command& command);
[[nodiscard]] wire::JsonObject json_of(const PhysicsPart& part);

// Id, product and description of a family, the prefixes of its serial numbers, and its products.
[[nodiscard]] wire::JsonObject summary_of(const Family& family, const Catalog& catalog);
// The same with all fields, commands, reports and quirks; each command with an example of a set.
[[nodiscard]] wire::JsonObject json_of(const Family& family, const Catalog& catalog);
// The products that no family serves, each with the reason.
[[nodiscard]] wire::JsonArray unserved_products(const Catalog& catalog);

// Adds what is known of a device's product if no family serves it: "product", "unserved", which is
// name_of() the reason, and "reason", the same for people. Adds nothing otherwise.
void add_unserved(const Catalog& catalog, std::string_view sn, wire::JsonObject& row);
// The reason for people: "the vendor's platform refuses it (1006)". It names the device that
// reports its values, if that is known. `product` is unserved.
[[nodiscard]] std::string reason_of(const Product& product, const Catalog& catalog);

}  // namespace gridloom::catalog
