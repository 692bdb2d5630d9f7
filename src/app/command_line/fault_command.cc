#include "app/command_line/fault_command.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdio>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

#include "app/control/admin_client.h"
#include "sim/device_faults.h"
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
  if (Status possible = sim::check_fault_rule(rule, catalog); !possible) {
    return fail(ErrorCode::kBadParams, "--fault: " + possible.error().detail);
  }
  return rule;
}

namespace {

struct Arguments {
  std::string data = "data";
  std::string fault, sn, account, span;
  double probability = 1;
  std::optional<double> value;
  bool all = false;
};

int ask(const Arguments& arguments, const JsonObject& request) {
  const auto answer = ask_admin(arguments.data, request);
  if (!answer) {
    fmt::print(stderr, "gridloom: {}\n", answer.error().detail);
    return 1;
  }
  const auto print = [](const Json& row) {
    std::string line;
    for (const auto& [name, value] : row.get_object()) {
      if (name == "warning") continue;  // goes to standard error
      const bool head = line.empty();
      const std::string text =
          value.is_string() ? std::string(value.get_string()) : wire::to_text(value);
      line += name == "fault" || name == "means" || name == "of"
                  ? fmt::format("{}{:18}", head ? "" : "  ", text)
                  : fmt::format("  {} {}", std::string_view(name), text);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  };
  if (answer->is_array()) {
    for (const Json& row : answer->get_array()) print(row);
  } else if (answer->get_object().contains("fault")) {
    print(*answer);
  }
  return report_warning(*answer);
}

int switch_on(const Arguments& a) {
  JsonObject request{{"op", "fault.on"}, {"fault", a.fault}, {"probability", a.probability}};
  if (!a.sn.empty()) request["sn"] = a.sn;
  if (!a.account.empty()) request["account"] = a.account;
  if (a.value) request["value"] = *a.value;
  if (!a.span.empty()) {
    const auto span = time::parse_span(a.span, {.name = "--for"});
    if (!span) {
      fmt::print(stderr, "gridloom: {}\n", span.error().detail);
      return 1;
    }
    request["for_ms"] = span->count();
  }
  return ask(a, request);
}

}  // namespace

std::shared_ptr<void> add_fault(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<Arguments>();
  Arguments& a = *kept;
  CLI::App* fault =
      app.add_subcommand("fault", "Injects faults into virtual devices and the platform");
  fault->require_subcommand(1);
  const auto verb = [&](const std::string& name, const std::string& help,
                        std::function<int()> run) {
    CLI::App* made = fault->add_subcommand(name, help);
    made->add_option("--data", a.data, "Data folder of the server")->capture_default_str();
    made->callback([&chosen, run = std::move(run)] { chosen = run; });
    return made;
  };
  CLI::App* on = verb("on", "Switches a fault on", [&a] { return switch_on(a); });
  on->add_option("fault", a.fault, "Name of the fault; `gridloom fault list --all` lists the names")
      ->required();
  on->add_option("--device", a.sn,
                 "Serial number of the device; by default all devices that can have the fault");
  on->add_option("--account", a.account,
                 "Platform faults only: restrict the fault to apps of this account");
  on->add_option("--probability", a.probability,
                 "Probability of the fault: of each minute for devices, of each case for the "
                 "platform")
      ->capture_default_str();
  on->add_option("--value", a.value, "Parameter of the fault; its description explains it");
  on->add_option("--for", a.span, "Duration: 30s, 15m, 2h; by default until it is switched off");
  CLI::App* off = verb("off", "Switches a fault off; without a name, all of them", [&a] {
    return ask(a, {{"op", "fault.off"}, {"fault", a.fault}, {"sn", a.sn}});
  });
  off->add_option("fault", a.fault);
  off->add_option("--device", a.sn, "Only faults of this device");
  CLI::App* list = verb("list", "Lists the faults that are on", [&a] {
    return ask(a, {{"op", "fault.list"}, {"all", a.all ? "yes" : ""}});
  });
  list->add_flag("--all", a.all, "List every fault that can be injected");
  return kept;
}

}  // namespace gridloom::app
