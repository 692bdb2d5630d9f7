// The table of all operations of administration.
//
// Its rows stand in the files of their kinds: accounts, tokens, devices, faults and so on. To add
// an operation, add a row and its function there; every view has it then.
#pragma once

#include <span>
#include <string_view>

#include "app/operations/operation.h"
#include "wire/json.h"

namespace gridloom::operations {

// In the order of their kinds. Lives as long as the program.
[[nodiscard]] std::span<const Operation> table();
// nullptr: there is no such operation.
[[nodiscard]] const Operation* find(std::string_view name);
// An operation that the caller knows to exist; ends the program otherwise.
[[nodiscard]] const Operation& operation(std::string_view name);
// A parameter that the caller knows to exist; ends the program otherwise.
[[nodiscard]] const Parameter& parameter(const Operation& operation, std::string_view name);

// The row as programs read it: {"name","text","parameters":[{"name","text","type","required",..}],
// "access","changes","http","audit"}.
[[nodiscard]] wire::JsonObject description(const Operation& operation);

}  // namespace gridloom::operations
