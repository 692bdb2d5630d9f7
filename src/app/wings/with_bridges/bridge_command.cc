// `gridloom bridge`: adds, lists, changes and removes ways in and out of the server. The commands
// below `gridloom bridge add` are the kinds of bridges, and their options the kinds' settings
// (bridges/kinds.h).
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/operation_command.h"
#include "app/command_line/output.h"
#include "app/command_line/secret_input.h"
#include "app/command_line/usage_error.h"
#include "app/process/local_zone.h"
#include "base/clock.h"
#include "base/printable.h"
#include "bridges/configured.h"
#include "bridges/kinds.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using bridges::BridgeKind;
using parameters::Parameter;
using parameters::Type;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

// The arguments of `gridloom bridge add KIND`. Each value is where the parser puts it.
struct Added {
  const BridgeKind* kind = nullptr;
  AdminArguments admin{};
  std::string name{};
  std::string account{};
  bool dry_run = false;
  std::string example{};
  std::map<std::string_view, std::string> texts{};
  std::map<std::string_view, std::vector<std::string>> lists{};
  std::map<std::string_view, bool> flags{};
};

struct BridgeArguments {
  AdminArguments admin;
  std::string account, name;
  std::vector<std::string> settings;
  std::deque<Added> added;  // by kind; their addresses stay
};

time::Now time_now() { return {.at = SystemClock().now(), .zone = local_zone().zone}; }

Result<JsonObject> settings_of(const Added& added) {
  JsonObject settings;
  for (const Parameter& each : added.kind->settings) {
    if (each.type == Type::kFlag) {
      if (added.flags.at(each.name)) settings[each.name] = true;
      continue;
    }
    std::string text;
    if (is_list(each.type)) {
      for (const std::string& one : added.lists.at(each.name)) {
        text += (text.empty() ? "" : ",") + one;
      }
    } else {
      text = added.texts.at(each.name);
    }
    if (text.empty()) continue;
    if (each.type == Type::kSecret) {
      GL_TRY(const auto secret, secret_in_file(text));
      settings[each.name] = secret.reveal();
      continue;
    }
    auto value = bridges::parse_setting(each, text, time_now());
    if (!value) {
      return fail(value.error().code, fmt::format("--{}", value.error().detail));
    }
    settings[each.name] = std::move(*value);
  }
  return settings;
}

int add(const Added& added) {
  auto settings = settings_of(added);
  if (!settings) return report_error(settings.error());
  if (!added.account.empty()) {
    if (Status known = check_account(added.admin, added.account); !known) {
      return report_error(known.error());
    }
  }
  JsonObject request{{"op", added.dry_run ? "bridge.preview" : "bridge.add"},
                     {"kind", added.kind->name},
                     {"account", added.account},
                     {"settings", std::move(*settings)}};
  if (!added.dry_run) {
    if (!added.name.empty()) request["name"] = added.name;
    return ask_and_print(added.admin, request);
  }
  const auto preview = ask(added.admin, request);
  if (!preview) return report_error(preview.error());
  if (!preview->is_array()) {
    print_json(*preview);
    return 0;
  }
  if (preview->get_array().empty()) {
    print_note("It would send nothing now: no device that it is to use has reported.");
  }
  for (const Json& row : preview->get_array()) {
    if (added.admin.json || !row.is_object() || !row.get_object().contains("topic")) {
      print_json(row);
    } else {
      fmt::print("{}\n  {}\n", printable(member_text(row, "topic")), member_text(row, "payload"));
    }
  }
  return 0;
}

int list(const BridgeArguments& a) {
  const auto rows = ask(a.admin, {{"op", "bridge.list"}, {"account", a.account}});
  if (!rows) return report_error(rows.error());
  if (rows->get_array().empty() && !a.admin.json) {
    print_note("There are no bridges; `gridloom bridge kinds` lists what can be added.");
  }
  Table table({{.title = "NAME"},
               {.title = "KIND"},
               {.title = "STATE"},
               {.title = "IN", .align = Table::Align::kRight},
               {.title = "OUT", .align = Table::Align::kRight},
               {.title = "DROPPED", .align = Table::Align::kRight},
               {.title = "LAST ERROR", .wraps = true}});
  for (const Json& row : rows->get_array()) {
    if (a.admin.json) {
      print_json(row);
      continue;
    }
    const std::string state = member_text(row, "state");
    const Style style = state == "failing"     ? Style::kBad
                        : state == "connected" ? Style::kGood
                                               : Style::kPlain;
    table.add_styled({{member_text(row, "name")},
                      {member_text(row, "kind")},
                      {state, style},
                      {member_text(row, "in")},
                      {member_text(row, "out")},
                      {member_text(row, "dropped")},
                      {state == "connected" ? std::string() : member_text(row, "lastError")}});
  }
  table.print();
  return 0;
}

int show(const BridgeArguments& a) {
  const auto rows = ask(a.admin, {{"op", "bridge.list"}});
  if (!rows) return report_error(rows.error());
  for (const Json& row : rows->get_array()) {
    if (member_text(row, "name") != a.name) continue;
    print_object(row.get_object(), a.admin.json);
    return 0;
  }
  return report_error({.code = ErrorCode::kNotFound,
                       .detail = fmt::format("there is no bridge \"{}\"; `gridloom bridge list` "
                                             "shows all",
                                             printable(a.name))});
}

int list_kinds(const BridgeArguments& a) {
  Table table({{.title = "KIND"}, {.title = "WHAT IT DOES", .wraps = true}});
  for (const BridgeKind& kind : bridges::kinds()) {
    if (a.admin.json) {
      print_json(bridges::description(kind));
    } else {
      table.add({std::string(kind.name), std::string(kind.text)});
    }
  }
  table.print();
  if (!a.admin.json) print_note("`gridloom bridge add KIND --help` describes its settings.");
  return 0;
}

// The kind decides what settings there are, so the server is asked for it first.
int change(const BridgeArguments& a) {
  const auto rows = ask(a.admin, {{"op", "bridge.list"}});
  if (!rows) return report_error(rows.error());
  const auto& all = rows->get_array();
  const auto found = std::ranges::find_if(
      all, [&](const Json& row) { return member_text(row, "name") == a.name; });
  JsonObject settings;
  if (found != all.end()) {
    const auto kind = bridges::find_kind(member_text(*found, "kind"));
    if (!kind) return report_error(kind.error());
    for (const std::string& each : a.settings) {
      if (Status added = bridges::add_setting(**kind, each, settings, time_now()); !added) {
        return report_error(added.error());
      }
    }
  }
  return ask_and_print(
      a.admin, {{"op", "bridge.change"}, {"name", a.name}, {"settings", std::move(settings)}});
}

int switch_to(const BridgeArguments& a, bool on) {
  return ask_and_print(a.admin, {{"op", "bridge.change"}, {"name", a.name}, {"on", on}});
}

void declare_setting(CLI::App& command, const Parameter& setting, Added& added) {
  const bool is_secret = setting.type == Type::kSecret;
  const std::string name =
      "--" + (is_secret ? bridges::name_of_file(setting) : std::string(setting.name));
  if (setting.type == Type::kFlag) {
    add_flag(command, name, added.flags[setting.name], std::string(setting.text));
    return;
  }
  if (is_list(setting.type)) {
    add_value(command, name, added.lists[setting.name], "LIST", setting.text).delimiter(',');
    return;
  }
  const bool is_number = parameters::is_number(setting.type);
  std::string text(setting.text);
  if (is_secret) text += "; the name of a file with it";
  if (setting.type == Type::kChoice) text += fmt::format(" ({})", valid_text(setting));
  const char* const placeholder = bridges::is_file(setting)             ? placeholder::kFile
                                  : setting.type == Type::kTime         ? placeholder::kTime
                                  : is_number                           ? placeholder::kCount
                                  : setting.type == Type::kSerialNumber ? placeholder::kSn
                                                                        : placeholder::kWord;
  Option option = add_value(command, name, added.texts[setting.name], placeholder, text);
  if (setting.required) option.required();
  if (setting.type == Type::kChoice) {
    option.check(one_of({setting.values.begin(), setting.values.end()}));
  }
}

CLI::App* add_kind(CLI::App& parent, const std::string& name, const BridgeKind& kind, Added& added,
                   std::function<int()>& chosen) {
  added.kind = &kind;
  // Device files make no difference to it, and `--devices` is a setting of most kinds.
  CLI::App* command = add_command(parent, name, std::string(kind.text));
  add_data_option(*command, added.admin.data);
  add_json_option(*command, added.admin.json);
  set_action(*command, chosen, [&added] { return add(added); });
  add_parameter(*command, "bridge.add", "name", "name", added.name, placeholder::kName);
  add_parameter(*command, "bridge.add", "account", "--account", added.account,
                placeholder::kAccount);
  for (const Parameter& each : kind.settings) declare_setting(*command, each, added);
  if (kind.preview != nullptr) {
    add_flag(*command, "--dry-run", added.dry_run,
             "Show what the bridge would send, and add nothing");
  }
  added.example = fmt::format("gridloom {} {}", name_of(*command), kind.example);
  set_examples(*command, {added.example});
  return command;
}

void add_switch(CLI::App& bridge, const char* name, const char* help, bool on, BridgeArguments& a,
                std::function<int()>& chosen) {
  CLI::App* command =
      add_admin_command(bridge, name, help, a.admin, chosen, [&a, on] { return switch_to(a, on); });
  add_value(*command, "name", a.name, placeholder::kName, parameter_text("bridge.change", "name"))
      .required();
  set_examples(*command, {on ? "gridloom bridge on attic" : "gridloom bridge off attic"});
}

}  // namespace

std::shared_ptr<void> add_bridge(CLI::App& app, std::function<int()>& chosen) {
  const auto kept = std::make_shared<BridgeArguments>();
  BridgeArguments& a = *kept;
  CLI::App* bridge = add_command(
      app, "bridge", "Manages bridges: ways between the devices of an account and other systems");
  set_group(*bridge, group::kRun);
  set_examples(*bridge, {"gridloom bridge kinds", "gridloom bridge list"});
  require_command_below(*bridge);
  CLI::App* added = add_command(*bridge, "add", operation_text("bridge.add"));
  require_command_below(*added);
  set_examples(*added, {"gridloom bridge add mqtt attic --broker mqtt://nas.lan:1883"});
  for (const BridgeKind& kind : bridges::kinds()) {
    add_kind(*added, std::string(kind.name), kind, a.added.emplace_back(), chosen);
  }
  // Prints a table.
  CLI::App* listed = add_admin_command(*bridge, "list", operation_text("bridge.list"), a.admin,
                                       chosen, [&a] { return list(a); });
  add_parameter(*listed, "bridge.list", "account", "--account", a.account, placeholder::kAccount);
  add_alias(*listed, "ls");
  // One of the list.
  CLI::App* shown = add_admin_command(*bridge, "show", "Shows a bridge with its settings", a.admin,
                                      chosen, [&a] { return show(a); });
  add_value(*shown, "name", a.name, placeholder::kName, parameter_text("bridge.remove", "name"))
      .required();
  set_examples(*shown, {"gridloom bridge show attic"});
  add_admin_command(*bridge, "kinds", operation_text("bridge.kinds"), a.admin, chosen,
                    [&a] { return list_kinds(a); });
  // Settings are named with their values.
  CLI::App* changed = add_admin_command(*bridge, "change", operation_text("bridge.change"), a.admin,
                                        chosen, [&a] { return change(a); });
  add_value(*changed, "name", a.name, placeholder::kName, parameter_text("bridge.change", "name"))
      .required();
  add_value(*changed, "settings", a.settings, placeholder::kLimit,
            "Settings; one without a value goes back to what is taken if it is left out")
      .required();
  set_examples(*changed, {"gridloom bridge change attic retain=true"});
  add_switch(*bridge, "on", "Switches a bridge on", true, a, chosen);
  add_switch(*bridge, "off", "Switches a bridge off; it keeps its settings", false, a, chosen);
  CLI::App* removed =
      add_operation_command(*bridge, "remove", "bridge.remove", a.admin, chosen,
                            {{.parameter = "name", .names = "name", .placeholder = "NAME"}});
  set_examples(*removed, {"gridloom bridge remove kitchen"});
  add_alias(*removed, "rm");
  return kept;
}

// The same as `gridloom bridge add mirror`: it is where an owner of real devices begins.
std::shared_ptr<void> add_mirror(CLI::App& app, std::function<int()>& chosen) {
  const auto kept = std::make_shared<Added>();
  CLI::App* mirror = add_command(
      app, "mirror", "Brings the real devices of an account in the vendor's cloud in here");
  set_group(*mirror, group::kRun);
  require_command_below(*mirror);
  const auto kind = bridges::find_kind("mirror");
  if (!kind) return kept;
  add_kind(*mirror, "add", **kind, *kept, chosen);
  set_examples(*mirror, {"gridloom mirror add --help", "gridloom bridge list"});
  return kept;
}

}  // namespace gridloom::app
