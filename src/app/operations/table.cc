#include "app/operations/table.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "app/operations/audit.h"
#include "app/operations/backup.h"
#include "app/operations/context.h"
#include "app/operations/faults.h"
#include "app/operations/kinds.h"

namespace gridloom::operations {
using wire::JsonArray;
using wire::JsonObject;

std::span<const Operation> table() {
  static const std::vector<Operation> rows = [] {
    std::vector<Operation> all;
    for (const auto& kind :
         {account_operations(), token_operations(), sign_in_operations(), bridge_operations(),
          device_operations(), simulated_operations(), device_value_operations(),
          energy_operations(), audit_operations(), damage_operations(), fault_operations(),
          backup_operations(), stream_operations(), time_operations(), cluster_operations(),
          lab_operations()}) {
      all.insert(all.end(), kind.begin(), kind.end());
    }
    return all;
  }();
  return rows;
}

const Operation* find(std::string_view name) {
  const auto found = std::ranges::find(table(), name, &Operation::name);
  return found == table().end() ? nullptr : &*found;
}

const Operation& operation(std::string_view name) {
  const Operation* found = find(name);
  if (found == nullptr) std::abort();
  return *found;
}

const Parameter& parameter(const Operation& operation, std::string_view name) {
  const auto found = std::ranges::find(operation.parameters, name, &Parameter::name);
  if (found == operation.parameters.end()) std::abort();
  return *found;
}

JsonObject description(const Operation& operation) {
  JsonArray rows;
  for (const Parameter& each : operation.parameters) rows.push_back(parameters::description(each));
  JsonObject row{{"name", operation.name},
                 {"text", operation.text},
                 {"parameters", std::move(rows)},
                 {"access", operation.access == Access::kOwner ? "owner" : "administrator"},
                 {"changes", is_change(operation)},
                 {"http", is_one_answer(operation)}};
  if (!operation.audit.kind.empty()) row["audit"] = operation.audit.kind;
  return row;
}

}  // namespace gridloom::operations
