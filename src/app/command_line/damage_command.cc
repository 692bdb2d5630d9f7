#include "app/command_line/damage_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>
#include <string_view>

#include "app/control/admin_client.h"
#include "wire/json.h"

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

}  // namespace

std::shared_ptr<void> add_damage(CLI::App& app, std::function<int()>& chosen) {
  const auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  CLI::App* damage = app.add_subcommand(
      "damage", "Lists known losses and damage of a data folder; exits with 1 if there are any");
  damage->add_option("--data", a.data, "Data folder of the server")->capture_default_str();
  damage->add_flag("--accept", a.accept,
                   "Accept all notes, and clear the list; damage that persists is noted again");
  damage->callback([arguments, &chosen] { chosen = [arguments] { return run(*arguments); }; });
  return arguments;
}

}  // namespace gridloom::app
