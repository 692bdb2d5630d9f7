#include <array>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "parameters/arguments.h"

namespace gridloom::operations {
namespace {

using wire::Json;
using wire::JsonObject;

Result<Json> reset(const Context& context, const Arguments&) {
  if (context.lab == nullptr) {
    return fail(ErrorCode::kConflict,
                context.hub == nullptr
                    ? "only a running server can be set back, and none runs on this data folder"
                    : "this server keeps what it has; start one with --lab to set it back");
  }
  context.lab->reset();
  return JsonObject{{"run", context.lab->run + 1}};
}

constexpr std::array kLabOperations = {
    Operation{.name = "lab.reset",
              .text =
                  "Sets a server with --lab back to its start: home, accounts, time, faults and "
                  "history",
              .audit = kChangesNothing,  // it takes the audit, too
              .function = reset},
};
static_assert(are_complete(kLabOperations));

}  // namespace

std::span<const Operation> lab_operations() { return kLabOperations; }

}  // namespace gridloom::operations
