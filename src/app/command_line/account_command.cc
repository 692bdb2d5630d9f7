// `gridloom account`: adds, lists and removes accounts, and changes their keys.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/operation_command.h"
#include "app/command_line/output.h"
#include "app/command_line/secret_input.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "base/secret.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonObject;

struct AccountArguments {
  AdminArguments admin;
  std::string name, access_key, secret_key_file;
};

int add(const AccountArguments& arguments) {
  Secret secret;
  if (!arguments.secret_key_file.empty()) {
    auto read = secret_in_file(arguments.secret_key_file);
    if (!read) {
      fmt::print(stderr, "gridloom: --secret-key-file {}\n", read.error().detail);
      return kFailed;
    }
    secret = std::move(*read);
  }
  auto answer = ask(arguments.admin, {{"op", "account.add"},
                                      {"name", arguments.name},
                                      {"accessKey", arguments.access_key},
                                      {"secretKey", secret.reveal()}});
  if (!answer) return report_error(answer.error());
  // A key that was imported is known.
  if (!secret.empty()) answer->get_object().erase("secretKey");
  print_object(answer->get_object(), arguments.admin.json);
  print_warning(*answer);
  return 0;
}

int list(const AdminArguments& arguments) {
  const auto rows = ask(arguments, {{"op", "account.list"}});
  if (!rows) return report_error(rows.error());
  if (rows->get_array().empty() && !arguments.json) {
    print_note("There are no accounts; `gridloom account add NAME` adds one.");
  }
  Table table({{.title = "NAME"},
               {.title = "DEVICES", .align = Table::Align::kRight},
               {.title = "MQTT ACCOUNT"},
               {.title = "ACCESS KEYS"}});
  for (const Json& row : rows->get_array()) {
    if (arguments.json) {
      print_json(row);
      continue;
    }
    std::vector<std::string> keys;
    for (const Json& key : row.at("accessKeys").as_array()) keys.push_back(wire::plain_text(key));
    table.add({member_text(row, "name"), member_text(row, "devices"),
               member_text(row, "certificateAccount"), fmt::format("{}", fmt::join(keys, " "))});
  }
  table.print();
  return 0;
}

ParameterOption name_option() {
  return {.parameter = "name",
          .names = "name",
          .placeholder = placeholder::kAccount,
          .required_here = true};
}

}  // namespace

std::shared_ptr<void> add_account(CLI::App& app, std::function<int()>& chosen) {
  const auto kept = std::make_shared<AccountArguments>();
  AccountArguments& a = *kept;
  CLI::App* account = add_command(app, "account", "Manages accounts and their keys");
  set_group(*account, group::kRun);
  set_examples(*account, {"gridloom account add ann", "gridloom account list"});
  require_command_below(*account);
  // Reads the secret key from a file: an argument would stand in the shell's history.
  CLI::App* added = add_admin_command(*account, "add", operation_text("account.add"), a.admin,
                                      chosen, [&a] { return add(a); });
  add_parameter(*added, "account.add", "name", "name", a.name, placeholder::kName);
  add_parameter(*added, "account.add", "accessKey", "--access-key", a.access_key,
                placeholder::kWord);
  add_value(*added, "--secret-key-file", a.secret_key_file, placeholder::kFile,
            "File with the secret key of the account; - reads standard input");
  set_examples(*added,
               {"gridloom account add ann",
                "gridloom account add ann --access-key MYKEY --secret-key-file secret.txt"});
  // Prints a table.
  CLI::App* listed = add_admin_command(*account, "list", operation_text("account.list"), a.admin,
                                       chosen, [&a] { return list(a.admin); });
  set_examples(*listed, {"gridloom account list", "gridloom account list --json"});
  add_alias(*listed, "ls");
  CLI::App* keys = add_operation_command(
      *account, "keys", "account.keys", a.admin, chosen,
      {name_option(),
       {.parameter = "remove", .names = "--remove", .placeholder = placeholder::kWord}});
  set_examples(*keys, {"gridloom account keys ann", "gridloom account keys ann --remove MYKEY"});
  CLI::App* rotated =
      add_operation_command(*account, "rotate", "account.rotate", a.admin, chosen,
                            {name_option(), {.parameter = "gateway", .names = "--gateway"}});
  set_examples(*rotated, {"gridloom account rotate ann", "gridloom account rotate ann --gateway"});
  CLI::App* removed =
      add_operation_command(*account, "remove", "account.remove", a.admin, chosen, {name_option()});
  set_examples(*removed, {"gridloom account remove ann"});
  add_alias(*removed, "rm");
  return kept;
}

}  // namespace gridloom::app
