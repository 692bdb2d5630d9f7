// The operations on known losses and damage in a data folder: damage.list and damage.accept, of
// which an administrator accepts what cannot be undone, and device.purge, which purges the history
// of devices that the registry does not know.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "parameters/arguments.h"
#include "server/saved_state.h"

namespace gridloom::operations {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Result<std::vector<std::int64_t>> numbers_of(const Context& context, const Arguments& arguments) {
  std::vector<std::int64_t> unknown = context.archive.unknown();
  if (arguments.flag("unknown")) return unknown;
  std::vector<std::int64_t> numbers = arguments.integers("numbers");
  if (numbers.empty()) {
    return fail(ErrorCode::kBadParams,
                "numbers is missing: must be numbers of unknown devices, or --unknown for all of "
                "them");
  }
  for (const std::int64_t number : numbers) {
    if (!std::ranges::binary_search(unknown, number)) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("{} is not the number of an unknown device: one that has history and "
                              "is not in the registry",
                              number));
    }
  }
  std::ranges::sort(numbers);
  return numbers;
}

Result<Json> list_damage(const Context& context, const Arguments&) {
  const std::vector<std::string> notes = context.archive.damage().all();
  return Json(JsonArray(notes.begin(), notes.end()));
}

Result<Json> accept_damage(const Context& context, const Arguments&) {
  const std::size_t accepted = context.archive.damage().count();
  GL_TRY(context.archive.damage().accept());
  context.registry.accept_setback();
  return JsonObject{{"accepted", accepted}};
}

Result<Json> purge_devices(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto numbers, numbers_of(context, arguments));
  GL_TRY(context.registry.purge_devices(numbers));
  for (const std::int64_t number : numbers) context.archive.purge(number);
  return JsonObject{{"purged", numbers.empty() ? "none" : server::ranges_text(numbers)}};
}

constexpr std::array kPurgeParameters = {
    Parameter{.name = "numbers",
              .text = "Device numbers, as the log of the server names them",
              .type = Type::kIntegers,
              .least = 1,
              .most = kMostInteger,
              .most_items = 10'000},
    Parameter{.name = "unknown",
              .text = "Every device that the registry does not have",
              .type = Type::kFlag},
};

constexpr std::array kDamageOperations = {
    Operation{.name = "device.purge",
              .text = "Purges the history of devices that the registry does not have",
              .parameters = kPurgeParameters,
              .audit = {Recorded::kBeforeAnswer, "device.purge", {"purged"}},
              .function = purge_devices,
              .frees_room = FreesRoom::kYes},
    Operation{.name = "damage.list",
              .text = "Lists known losses and damage of a data folder",
              .audit = kChangesNothing,
              .function = list_damage},
    Operation{.name = "damage.accept",
              .text = "Accepts all notes, and clears the list; damage that persists is noted again",
              .audit = {Recorded::kBeforeAnswer, "damage.accept", {"accepted"}},
              .function = accept_damage},
};
static_assert(are_complete(kDamageOperations));

}  // namespace

std::span<const Operation> damage_operations() { return kDamageOperations; }

}  // namespace gridloom::operations
