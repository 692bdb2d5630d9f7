#include "app/control/damage.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/reconcile.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Result<std::vector<std::int64_t>> numbers_of(const AdminContext& context,
                                             const JsonObject& request) {
  std::vector<std::int64_t> unknown = context.archive.unknown();
  const Json* all = request.if_contains("unknown");
  if (all != nullptr && all->is_bool() && all->get_bool()) {
    return unknown;
  }
  std::vector<std::int64_t> numbers;
  const Json* given = request.if_contains("numbers");
  if (given == nullptr || !given->is_array() || given->get_array().empty()) {
    return fail(ErrorCode::kBadParams,
                "numbers is missing: must be numbers of unknown devices, or --unknown for all of "
                "them");
  }
  for (const Json& each : given->get_array()) {
    const std::int64_t number = wire::is_whole(each) ? wire::whole(each) : 0;
    if (!std::ranges::binary_search(unknown, number)) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("{} is not the number of an unknown device: one that has history and "
                              "is not in the registry",
                              wire::to_text(each)));
    }
    numbers.push_back(number);
  }
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace

Result<Json> list_damage(const AdminContext& context, const JsonObject&) {
  const std::vector<std::string> notes = context.archive.damage().all();
  return Json(JsonArray(notes.begin(), notes.end()));
}

Result<Json> accept_damage(const AdminContext& context, const JsonObject&) {
  const std::size_t accepted = context.archive.damage().count();
  if (const Status done = context.archive.damage().accept(); !done) {
    return std::unexpected(done.error());
  }
  context.registry.accept_setback();
  return JsonObject{{"accepted", accepted}};
}

Result<Json> purge_devices(const AdminContext& context, const JsonObject& request) {
  const auto numbers = numbers_of(context, request);
  if (!numbers) return std::unexpected(numbers.error());
  if (const Status counted = context.registry.purge_devices(*numbers); !counted) {
    return std::unexpected(counted.error());
  }
  for (const std::int64_t number : *numbers) context.archive.purge(number);
  return JsonObject{{"purged", numbers->empty() ? "none" : server::ranges_text(*numbers)}};
}

}  // namespace gridloom::app
