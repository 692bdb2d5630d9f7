#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

struct DamageArguments {
  std::string data;
  bool accept = false;
  bool json = false;
};

int run(const DamageArguments& arguments) {
  const auto answer = ask_admin(
      arguments.data, JsonObject{{"op", arguments.accept ? "damage.accept" : "damage.list"}});
  if (!answer) return report_error(answer.error());
  if (arguments.accept) {
    print_object(answer->get_object(), arguments.json);
    print_warning(*answer);
    return 0;
  }
  const JsonArray& notes = answer->as_array();
  for (const Json& note : notes) {
    if (arguments.json) {
      print_json(JsonObject{{"damage", note}});
    } else {
      fmt::print("{}\n", std::string_view(note.as_string()));
    }
  }
  if (notes.empty() && !arguments.json) {
    print_note("No loss or damage is known; `gridloom check DIR` reads every file again.");
  }
  return notes.empty() ? 0 : kFailed;
}

}  // namespace

std::shared_ptr<void> add_damage(CLI::App& app, std::function<int()>& chosen) {
  const auto arguments = std::make_shared<DamageArguments>();
  DamageArguments& a = *arguments;
  CLI::App* damage =
      add_command(app, "damage",
                  "Lists known losses and damage of a data folder; exits with 1 if there are any");
  set_group(*damage, group::kRun);
  set_examples(*damage, {"gridloom damage", "gridloom damage --accept"});
  add_data_option(*damage, a.data);
  add_json_option(*damage, a.json);
  // Two operations, damage.list and damage.accept, and an exit code: the help is of both.
  add_flag(*damage, "--accept", a.accept,
           "Accept all notes, and clear the list; damage that persists is noted again");
  set_action(*damage, chosen, [arguments] { return run(*arguments); });
  return arguments;
}

}  // namespace gridloom::app
