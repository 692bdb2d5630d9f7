#include "operations/table.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <utility>
#include <vector>

#include "operations/accounts.h"
#include "operations/arguments.h"
#include "operations/audit.h"
#include "operations/backup.h"
#include "operations/damage.h"
#include "operations/device_values.h"
#include "operations/devices.h"
#include "operations/faults.h"
#include "operations/sign_in.h"
#include "operations/simulated.h"
#include "operations/streams.h"
#include "operations/time.h"
#include "operations/tokens.h"

namespace gridloom::operations {
namespace {

using wire::JsonArray;
using wire::JsonObject;

wire::Json number(double value) {
  const auto whole = static_cast<std::int64_t>(value);
  return value == static_cast<double>(whole) ? wire::Json(whole) : wire::Json(value);
}

JsonObject description(const Parameter& parameter) {
  JsonObject row{{"name", parameter.name},
                 {"text", parameter.text},
                 {"type", name_of(parameter.type)},
                 {"required", parameter.required}};
  if ((is_text(parameter.type) && parameter.type != Type::kChoice) ||
      parameter.type == Type::kTexts) {
    row["maxBytes"] = parameter.most_bytes;
  }
  if (is_number(parameter.type)) {
    row["minimum"] = number(parameter.least);
    row["maximum"] = number(parameter.most);
  }
  if (is_list(parameter.type)) row["maxItems"] = parameter.most_items;
  if (parameter.type == Type::kChoice) {
    row["values"] = JsonArray(parameter.values.begin(), parameter.values.end());
  }
  return row;
}

}  // namespace

std::span<const Operation> table() {
  static const std::vector<Operation> rows = [] {
    std::vector<Operation> all;
    for (const auto& kind : {account_operations(), token_operations(), sign_in_operations(),
                             device_operations(), simulated_operations(), device_value_operations(),
                             audit_operations(), damage_operations(), fault_operations(),
                             backup_operations(), stream_operations(), time_operations()}) {
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
  JsonArray parameters;
  for (const Parameter& each : operation.parameters) parameters.push_back(description(each));
  JsonObject row{{"name", operation.name},
                 {"text", operation.text},
                 {"parameters", std::move(parameters)},
                 {"access", operation.access == Access::kOwner ? "owner" : "administrator"},
                 {"changes", is_change(operation)},
                 {"http", is_one_answer(operation)}};
  if (!operation.audit.kind.empty()) row["audit"] = operation.audit.kind;
  return row;
}

}  // namespace gridloom::operations
