#include "app/command_line/fault_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/operation_command.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/home/home.h"
#include "app/process/language.h"
#include "catalog/device_faults.h"
#include "catalog/family.h"
#include "time/grammar.h"
#include "wire/json.h"

namespace gridloom::app {

using wire::Json;
using wire::JsonObject;

Result<FaultRule> parse_fault_rule(std::string_view text, const catalog::Catalog& catalog) {
  FaultRule rule;
  std::string_view rest = text;
  const auto cut = [&rest](char mark) {
    const std::size_t at = rest.rfind(mark);
    if (at == std::string_view::npos) return std::string_view();
    const std::string_view behind = rest.substr(at + 1);
    rest = rest.substr(0, at);
    return behind;
  };
  const auto number = [&](std::string_view from, double& to) {
    const auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), to);
    return error == std::errc() && end == from.data() + from.size();
  };
  rule.sn = cut('@');
  const std::string_view share = cut('=');
  const std::string_view value = cut(':');
  rule.fault = rest;
  double read = 0;
  const bool good =
      (share.empty() || number(share, rule.probability)) && (value.empty() || number(value, read));
  if (!good) {
    return fail(ErrorCode::kBadParams,
                fmt::format("--fault: \"{}\" is not NAME[:VALUE][=PROBABILITY][@SN]", text));
  }
  if (!value.empty()) rule.value = read;
  if (Status possible = catalog::check_fault_rule(rule, catalog); !possible) {
    return fail(ErrorCode::kBadParams, "--fault: " + possible.error().detail);
  }
  return rule;
}

namespace {

struct FaultArguments {
  HomeOptions server;
  std::string fault, device, account, span;
  double probability = 1;
  std::optional<double> value;
  bool all = false;
};

void print_rules(const std::vector<Json>& rows) {
  Table table({{.title = std::string(translated("FAULT"))},
               {.title = std::string(translated("DEVICE"))},
               {.title = std::string(translated("ACCOUNT"))},
               {.title = std::string(translated("PROBABILITY")), .align = Table::Align::kRight},
               {.title = std::string(translated("VALUE")), .align = Table::Align::kRight},
               {.title = std::string(translated("UNTIL"))}});
  for (const Json& row : rows) {
    const std::string probability = member_text(row, "probability");
    table.add({member_text(row, "fault"), member_text(row, "sn"), member_text(row, "account"),
               localized(probability.empty() ? "1" : probability),
               localized(member_text(row, "value")), member_text(row, "until")});
  }
  table.print();
}

// The description of a fault of a family's devices in the language of the terminal; empty: none.
std::string_view description_of(const catalog::Catalog& catalog, std::string_view of,
                                std::string_view fault) {
  const catalog::FamilyPtr family = catalog.find(of, language());
  if (family == nullptr) return {};
  const auto& faults = family->faults;
  const auto found = std::ranges::find(faults, fault, &catalog::DeviceFault::name);
  return found == faults.end() ? std::string_view() : std::string_view(found->description);
}

void print_known(const std::vector<Json>& rows, const catalog::Catalog& catalog) {
  Table table({{.title = std::string(translated("FAULT"))},
               {.title = std::string(translated("OF"))},
               {.title = std::string(translated("DESCRIPTION")), .wraps = true}});
  for (const Json& row : rows) {
    const std::string fault = member_text(row, "fault");
    const std::string of = member_text(row, "of");
    const std::string_view described = description_of(catalog, of, fault);
    table.add({fault, of, described.empty() ? member_text(row, "means") : std::string(described)});
  }
  table.print();
}

int list(const FaultArguments& a) {
  const auto answer = administer(a.server, {{"op", "fault.list"}, {"all", a.all}});
  if (!answer) return report_error(answer.error());
  if (!answer->is_array()) {
    return report_error({.code = ErrorCode::kMalformed, .detail = "the answer is no list"});
  }
  const wire::JsonArray& all = answer->get_array();
  if (a.server.json) {
    for (const Json& row : all) print_json(row);
    return 0;
  }
  if (all.empty()) {
    print_note(
        translated("No fault is on; `gridloom fault list --all` lists the faults there are."));
  }
  const std::vector<Json> rows(all.begin(), all.end());
  if (!a.all) {
    print_rules(rows);
    return 0;
  }
  const auto catalog = catalog_of(a.server);
  if (!catalog) return report_error(catalog.error());
  print_known(rows, **catalog);
  return 0;
}

// The serial number of the device that is named; empty: of none.
Result<std::string> sn_of(const FaultArguments& a) {
  if (a.device.empty()) return std::string();
  GL_TRY(const auto home, home_of(a.server));
  GL_TRY(const auto devices, home->devices());
  GL_TRY(auto device, find_device(devices, a.device));
  return std::move(device.sn);
}

// Sends the request, whose answer is an object.
Result<JsonObject> ask(const FaultArguments& a, const JsonObject& request) {
  GL_TRY(auto answer, administer(a.server, request));
  if (!answer.is_object()) return fail(ErrorCode::kMalformed, "the answer is no object");
  print_warning(answer);
  return std::move(answer.get_object());
}

int switch_off(const FaultArguments& a) {
  const auto sn = sn_of(a);
  if (!sn) return report_error(sn.error());
  const auto answer = ask(a, {{"op", "fault.off"}, {"fault", a.fault}, {"sn", *sn}});
  if (!answer) return report_error(answer.error());
  const bool none = member_text(*answer, "ended") == "0";
  if (none && !a.server.json) {
    print_note(translated("No fault was on."));
  } else {
    print_object(*answer, a.server.json);
  }
  return 0;
}

int switch_on(const FaultArguments& a) {
  JsonObject request{{"op", "fault.on"}, {"fault", a.fault}, {"probability", a.probability}};
  const auto sn = sn_of(a);
  if (!sn) return report_error(sn.error());
  if (!sn->empty()) request["sn"] = *sn;
  if (!a.account.empty()) request["account"] = a.account;
  if (a.value) request["value"] = *a.value;
  if (!a.span.empty()) {
    const auto span = time::parse_span(a.span, {.name = "--for"});
    if (!span) return report_error(span.error());
    request["for_ms"] = span->count();
  }
  const auto answer = ask(a, request);
  if (!answer) return report_error(answer.error());
  if (a.server.json) {
    print_object(*answer, true);
  } else {
    print_rules({*answer});
  }
  return 0;
}

}  // namespace

std::shared_ptr<void> add_fault(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<std::array<FaultArguments, 3>>();
  CLI::App* fault =
      add_command(app, "fault", "Injects faults into virtual devices and the platform");
  set_group(*fault, group::kTest);
  set_examples(*fault, {"gridloom fault list --all", "gridloom fault on disconnect --for 5m",
                        "gridloom fault off --profile home"});
  require_command_below(*fault);
  const auto verb = [&](const std::string& name, const std::string& help, FaultArguments& a,
                        int (*run)(const FaultArguments&)) {
    CLI::App* made = add_command(*fault, name, help);
    add_server_options(*made, a.server);
    add_json_option(*made, a.server.json);
    add_language_option(*made);
    set_action(*made, chosen, [&a, run] { return run(a); });
    return made;
  };
  auto& [of_on, of_off, of_list] = *kept;
  // These commands print tables, and read a span.
  CLI::App* on = verb("on", operation_text("fault.on"), of_on, switch_on);
  add_parameter(*on, "fault.on", "fault", "fault", of_on.fault, placeholder::kFault);
  add_value(*on, "--device", of_on.device, placeholder::kSn, kDeviceHelp);
  add_parameter(*on, "fault.on", "account", "--account", of_on.account, placeholder::kAccount);
  add_parameter(*on, "fault.on", "probability", "--probability", of_on.probability, "SHARE")
      .show_default();
  add_parameter(*on, "fault.on", "value", "--value", of_on.value, "NUMBER");
  add_value(*on, "--for", of_on.span, placeholder::kSpan,
            "Duration: 30s, 15m, 2h; by default until it is switched off");
  set_examples(*on, {"gridloom fault on disconnect --device R331ZEB4ZEAL0528 --for 5m",
                     "gridloom fault on slow_answer --value 3 --probability 0.1"});
  CLI::App* off = verb("off", operation_text("fault.off"), of_off, switch_off);
  add_parameter(*off, "fault.off", "fault", "fault", of_off.fault, placeholder::kFault);
  add_value(*off, "--device", of_off.device, placeholder::kSn, kDeviceHelp);
  set_examples(*off, {"gridloom fault off disconnect", "gridloom fault off"});
  CLI::App* listed = verb("list", operation_text("fault.list"), of_list, list);
  add_flag(*listed, "--all", of_list.all, std::string(parameter_text("fault.list", "all")));
  set_examples(*listed, {"gridloom fault list", "gridloom fault list --all"});
  add_alias(*listed, "ls");
  return kept;
}

}  // namespace gridloom::app
