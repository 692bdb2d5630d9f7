#include "app/damage.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "app/admin_client.h"
#include "server/reconcile.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

struct Arguments {
  std::string data = "data";
  bool accept = false;
};

int run(const Arguments& arguments) {
  const auto answer = ask_admin(
      arguments.data, JsonObject{{"op", arguments.accept ? "damage.accept" : "damage.list"}});
  if (!answer) {
    fmt::print(stderr, "gridloom: {}\n", answer.error().detail);
    return 1;
  }
  if (arguments.accept) {
    const Json* accepted = wire::member(*answer, "accepted");
    fmt::print("accepted: {}\n", accepted == nullptr ? 0 : wire::whole(*accepted));
    return 0;
  }
  const JsonArray& notes = answer->as_array();
  for (const Json& note : notes) fmt::print("{}\n", std::string_view(note.as_string()));
  return notes.empty() ? 0 : 1;
}

Result<std::vector<std::int64_t>> numbers_of(const AdminContext& context,
                                             const JsonObject& request) {
  std::vector<std::int64_t> unknown = context.archive.unknown();
  const Json* all = request.if_contains("unknown");
  if (all != nullptr && all->is_bool() && all->get_bool()) {
    if (unknown.empty()) {
      return fail(ErrorCode::kNotFound, "the registry knows all devices that history has");
    }
    return unknown;
  }
  std::vector<std::int64_t> numbers;
  const Json* given = request.if_contains("numbers");
  if (given == nullptr || !given->is_array() || given->get_array().empty()) {
    return fail(ErrorCode::kBadParams, "say which: numbers of devices, or --unknown for all");
  }
  for (const Json& each : given->get_array()) {
    const std::int64_t number = wire::is_whole(each) ? wire::whole(each) : 0;
    if (!std::ranges::binary_search(unknown, number)) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("{} is not the number of a device that history has and the registry "
                              "does not know",
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
  return JsonObject{{"purged", server::ranges_text(*numbers)}};
}

std::shared_ptr<void> add_damage(CLI::App& app, std::function<int()>& chosen) {
  const auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* damage = app.add_subcommand(
      "damage", "Shows what is known to be lost or damaged; exits with 1 if there is anything");
  damage->add_option("--data", a.data, "Data folder of the server")->capture_default_str();
  damage->add_flag("--accept", a.accept,
                   "Notes nothing of it any more; what is still so is found again");
  damage->callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
  return arguments;
}

}  // namespace gridloom::app
