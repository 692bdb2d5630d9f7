// `gridloom token`: adds, lists and removes tokens of programs for /api/v1.
#include <fmt/format.h>

#include <chrono>
#include <string>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/operation_command.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/home/home.h"
#include "registry/directory.h"
#include "time/grammar.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;

constexpr std::string_view kNever = "never";
constexpr Millis kShortest = std::chrono::minutes(1);
constexpr Millis kLongest = std::chrono::days(36'500);

struct TokenArguments {
  AdminArguments admin;
  std::string name, account, device;
  std::string scope = "read";
  std::string valid_for = "365d";
};

int add(const TokenArguments& a) {
  const bool is_admin = a.scope == name_of(registry::Scope::kAdmin);
  if (is_admin && !a.account.empty()) {
    return report_error({.code = ErrorCode::kBadParams,
                         .detail = "--account is not for the scope admin: a token with it belongs "
                                   "to no account"});
  }
  Millis valid_for{0};
  if (a.valid_for != kNever) {
    const auto span = time::parse_span(
        a.valid_for, {.name = "--valid-for", .least = kShortest, .most = kLongest});
    if (!span) {
      return report_error(
          {.code = span.error().code, .detail = fmt::format("{}, or never", span.error().detail)});
    }
    valid_for = *span;
  }
  if (!a.account.empty()) {
    if (Status known = check_account(a.admin, a.account); !known) {
      return report_error(known.error());
    }
  }
  std::string sn;
  if (!a.device.empty()) {
    const auto device = local_device(a.admin.data, a.device);
    if (!device) return report_error(device.error());
    sn = device->sn;
  }
  return ask_and_print(a.admin, {{"op", "token.add"},
                                 {"name", a.name},
                                 {"account", a.account},
                                 {"scope", a.scope},
                                 {"validForMs", valid_for.count()},
                                 {"device", sn}});
}

int list(const TokenArguments& a) {
  if (!a.account.empty()) {
    if (Status known = check_account(a.admin, a.account); !known) {
      return report_error(known.error());
    }
  }
  const auto rows = ask(a.admin, {{"op", "token.list"}, {"account", a.account}});
  if (!rows) return report_error(rows.error());
  if (rows->get_array().empty() && !a.admin.json) {
    print_note("There are no tokens; `gridloom token add NAME` adds one.");
  }
  Table table({{.title = "NUMBER", .align = Table::Align::kRight},
               {.title = "NAME"},
               {.title = "ACCOUNT"},
               {.title = "SCOPE"},
               {.title = "EXPIRES"}});
  for (const Json& row : rows->get_array()) {
    if (a.admin.json) {
      print_json(row);
      continue;
    }
    std::string expires = member_text(row, "expiresAt");
    if (expires.empty()) expires = kNever;
    if (row.at("expired").as_bool()) expires = fmt::format("expired {}", expires);
    std::string scope = member_text(row, "scope");
    if (const std::string device = member_text(row, "device"); !device.empty()) {
      scope = fmt::format("{} of {}", scope, device);
    }
    table.add({member_text(row, "number"), member_text(row, "name"), member_text(row, "account"),
               scope, expires});
  }
  table.print();
  return 0;
}

}  // namespace

std::shared_ptr<void> add_token(CLI::App& app, std::function<int()>& chosen) {
  const auto kept = std::make_shared<TokenArguments>();
  TokenArguments& a = *kept;
  CLI::App* token =
      add_command(app, "token", "Manages tokens with which programs use the API at /api/v1");
  set_group(*token, group::kRun);
  set_examples(*token, {"gridloom token add Grafana --account ann", "gridloom token list"});
  require_command_below(*token);
  // Reads a span, and asks whether the account exists.
  CLI::App* added = add_admin_command(*token, "add", operation_text("token.add"), a.admin, chosen,
                                      [&a] { return add(a); });
  add_parameter(*added, "token.add", "name", "name", a.name, placeholder::kName);
  add_parameter(*added, "token.add", "account", "--account", a.account, placeholder::kAccount);
  add_value(*added, "--scope", a.scope, "SCOPE", parameter_text("token.add", "scope"))
      .check(one_of({registry::kScopeNames.begin(), registry::kScopeNames.end()}));
  add_value(*added, "--device", a.device, placeholder::kSn, parameter_text("token.add", "device"));
  add_value(*added, "--valid-for", a.valid_for, placeholder::kSpan,
            "When it expires, from now; never: it does not");
  set_examples(*added, {"gridloom token add Grafana --account ann",
                        "gridloom token add heating --account ann --scope control --valid-for 30d",
                        "gridloom token add backup --account ann --valid-for never",
                        "gridloom token add kitchen --account ann --scope card --device Balcony",
                        "gridloom token add panel --scope admin"});
  // Prints a table.
  CLI::App* listed = add_admin_command(*token, "list", operation_text("token.list"), a.admin,
                                       chosen, [&a] { return list(a); });
  add_parameter(*listed, "token.list", "account", "--account", a.account, placeholder::kAccount);
  set_examples(*listed, {"gridloom token list", "gridloom token list --account ann"});
  add_alias(*listed, "ls");
  CLI::App* removed =
      add_operation_command(*token, "remove", "token.remove", a.admin, chosen,
                            {{.parameter = "number", .names = "number", .placeholder = "NUMBER"}});
  set_examples(*removed, {"gridloom token remove 3"});
  add_alias(*removed, "rm");
  return kept;
}

}  // namespace gridloom::app
