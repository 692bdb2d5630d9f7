#include "app/damage.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "app/admin_client.h"
#include "app/reconcile.h"

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

Result<std::vector<std::int64_t>> numbers_of(const Estate& estate, const JsonObject& request) {
  std::vector<std::int64_t> unknown = estate.archive.unknown();
  const Json* all = request.if_contains("unknown");
  if (all != nullptr && all->is_bool() && all->get_bool()) {
    if (unknown.empty()) {
      return fail(FaultKind::kNotFound, "the registry knows all devices that history has");
    }
    return unknown;
  }
  std::vector<std::int64_t> numbers;
  const Json* given = request.if_contains("numbers");
  if (given == nullptr || !given->is_array() || given->get_array().empty()) {
    return fail(FaultKind::kBadParams, "say which: numbers of devices, or --unknown for all");
  }
  for (const Json& each : given->get_array()) {
    const std::int64_t number = wire::is_whole(each) ? wire::whole(each) : 0;
    if (!std::ranges::binary_search(unknown, number)) {
      return fail(FaultKind::kNotFound,
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

Result<Json> list_damage(const Estate& estate, const JsonObject&) {
  const std::vector<std::string> notes = estate.archive.damage().all();
  return Json(JsonArray(notes.begin(), notes.end()));
}

Result<Json> accept_damage(const Estate& estate, const JsonObject&) {
  const std::size_t accepted = estate.archive.damage().count();
  if (const Status done = estate.archive.damage().accept(); !done) {
    return std::unexpected(done.error());
  }
  estate.registry.accept_setback();
  return JsonObject{{"accepted", accepted}};
}

Result<Json> purge_devices(const Estate& estate, const JsonObject& request) {
  const auto numbers = numbers_of(estate, request);
  if (!numbers) return std::unexpected(numbers.error());
  if (const Status counted = estate.registry.purge_devices(*numbers); !counted) {
    return std::unexpected(counted.error());
  }
  for (const std::int64_t number : *numbers) estate.archive.forget(number);
  return JsonObject{{"purged", ranges_text(*numbers)}};
}

std::shared_ptr<void> add_damage(CLI::App& app, std::function<int()>& chosen) {
  const auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* damage = app.add_subcommand(
      "damage", "Shows what is known to be lost or damaged; exits with 1 if there is anything");
  damage->add_option("--data", a.data, "The server's data folder")->capture_default_str();
  damage->add_flag("--accept", a.accept,
                   "Notes nothing of it any more; what is still so is found again");
  damage->callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
  return arguments;
}

}  // namespace gridloom::app
