#include "app/command_line/admin_command.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "base/nearest.h"
#include "base/redacted.h"

namespace gridloom::app {

using wire::Json;
using wire::JsonObject;

CLI::App* add_admin_command(CLI::App& parent, const std::string& name, const std::string& help,
                            AdminArguments& arguments, std::function<int()>& chosen,
                            std::function<int()> run) {
  CLI::App* command = add_command(parent, name, help);
  add_data_option(*command, arguments.data);
  add_value(*command, "--devices", arguments.devices, placeholder::kFolder,
            kDevicesOfStoppedServer);
  add_json_option(*command, arguments.json);
  set_action(*command, chosen, std::move(run));
  return command;
}

Result<Json> ask(const AdminArguments& arguments, const JsonObject& request) {
  return ask_admin(arguments.data, request, arguments.devices);
}

int ask_and_print(const AdminArguments& arguments, const JsonObject& request) {
  const auto answer = ask(arguments, request);
  if (!answer) return report_error(answer.error());
  print_object(answer->get_object(), arguments.json);
  print_warning(*answer);
  return 0;
}

Status check_account(const AdminArguments& arguments, std::string_view name) {
  GL_TRY(const auto accounts, ask(arguments, {{"op", "account.list"}}));
  std::vector<std::string> known;
  for (const Json& row : accounts.get_array()) {
    if (member_text(row, "name") == name) return {};
    known.push_back(member_text(row, "name"));
  }
  const std::string meant = did_you_mean(name, {known.begin(), known.end()});
  return fail(ErrorCode::kNotFound,
              fmt::format("there is no account {}{} `gridloom account list` lists them",
                          redacted_extract(name), meant.empty() ? ";" : meant));
}

}  // namespace gridloom::app
