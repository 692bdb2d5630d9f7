#include <fmt/format.h>

#include <cstdio>
#include <string>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/operation_command.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"

namespace gridloom::app {
namespace {

struct SignInArguments {
  AdminArguments admin;
  std::string account;
};

int sign_in(const SignInArguments& a) {
  if (!a.account.empty()) {
    if (Status known = check_account(a.admin, a.account); !known) {
      return report_error(known.error());
    }
  }
  const auto answer = ask(a.admin, {{"op", "sign-in"}, {"account", a.account}});
  if (!answer) return report_error(answer.error());
  if (a.admin.json) {
    print_json(*answer);
  } else {
    fmt::print("{}\n", member_text(*answer, "link"));
    print_note(fmt::format("Open it within ten minutes; it signs {} in once.",
                           member_text(*answer, "account")));
  }
  print_warning(*answer);
  return 0;
}

}  // namespace

std::shared_ptr<void> add_sign_in(CLI::App& app, std::function<int()>& chosen) {
  const auto kept = std::make_shared<SignInArguments>();
  SignInArguments& a = *kept;
  // Prints the link alone, for a shell to take.
  CLI::App* command = add_admin_command(app, "sign-in", operation_text("sign-in"), a.admin, chosen,
                                        [&a] { return sign_in(a); });
  set_group(*command, group::kRun);
  add_parameter(*command, "sign-in", "account", "--account", a.account, placeholder::kAccount);
  set_examples(*command, {"gridloom sign-in", "gridloom sign-in --account ann"});
  return kept;
}

}  // namespace gridloom::app
