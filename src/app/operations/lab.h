// The operation of a server that is for tests (`gridloom serve --lab`).
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "app/operations/operation.h"

namespace gridloom::operations {

// The functions of a server with `--lab`. Any thread.
struct Lab {
  std::uint64_t run = 1;          // counts the resets
  std::function<void()> reset{};  // begins a reset, and does not wait for it
};

// {"op": "lab.reset"}: everything is as at the start of the server. The answer has the "run" that
// begins: ready.json has that number once it is there. kConflict: the server has no --lab.
[[nodiscard]] std::span<const Operation> lab_operations();

}  // namespace gridloom::operations
