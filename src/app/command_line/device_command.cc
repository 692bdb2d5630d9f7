// `gridloom device`: adds, lists, shares, moves and removes devices, one or many.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/operation_command.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/home/home.h"
#include "app/process/progress.h"
#include "base/printable.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::size_t kLeastName = 14;  // characters of a device's name

struct DeviceArguments {
  AdminArguments admin;
  std::string sn, owner;
  bool dry_run = false;
  bool yes = false;
};

void print_devices(const std::vector<Json>& rows, bool json) {
  Table table({{.title = "SN"},
               {.title = "NAME", .shrinks_to = kLeastName},
               {.title = "OWNER"},
               {.title = "FAMILY"},
               {.title = "STATE"},
               {.title = "SHARED WITH", .wraps = true}});
  for (const Json& row : rows) {
    if (json) {
      print_json(row);
      continue;
    }
    std::vector<std::string> shares;
    for (const Json& share : row.at("shares").as_array()) {
      shares.push_back(
          fmt::format("{} ({})", member_text(share, "account"), member_text(share, "rights")));
    }
    // Presence is known while the server runs.
    const Json* const online = wire::member(row, "online");
    const std::string_view state = online == nullptr   ? "-"
                                   : online->as_bool() ? "online"
                                                       : "offline";
    table.add({member_text(row, "sn"), member_text(row, "name"), member_text(row, "owner"),
               member_text(row, "family"), std::string(state),
               fmt::format("{}", fmt::join(shares, ", "))});
  }
  table.print();
}

Result<std::vector<Json>> devices_of(const DeviceArguments& arguments) {
  GL_TRY(const auto rows,
         ask(arguments.admin, {{"op", "device.list"}, {"owner", arguments.owner}}));
  const JsonArray& all = rows.get_array();
  if (all.empty() && !arguments.owner.empty()) {
    GL_TRY(check_account(arguments.admin, arguments.owner));
  }
  return std::vector<Json>(all.begin(), all.end());
}

int list(const DeviceArguments& arguments) {
  const auto rows = devices_of(arguments);
  if (!rows) return report_error(rows.error());
  if (rows->empty() && !arguments.admin.json) {
    print_note(arguments.owner.empty()
                   ? "There are no devices; `gridloom device add SN --owner ACCOUNT` adds one."
                   : fmt::format("The account {} owns no devices.", arguments.owner));
  }
  print_devices(*rows, arguments.admin.json);
  return 0;
}

bool is_pattern(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

Result<std::vector<Json>> matching(const DeviceArguments& arguments) {
  auto rows = devices_of(arguments);
  if (!rows) return rows;
  std::erase_if(*rows, [&arguments](const Json& row) {
    return ::fnmatch(arguments.sn.c_str(), member_text(row, "sn").c_str(), 0) != 0;
  });
  if (!rows->empty()) return rows;
  return fail(ErrorCode::kNotFound,
              fmt::format("no device has a serial number like {}; `gridloom device list` lists "
                          "the devices",
                          wire::shortened(arguments.sn)));
}

int remove_matching(const DeviceArguments& arguments) {
  const auto rows = matching(arguments);
  if (!rows) return report_error(rows.error());
  if (arguments.dry_run) {
    print_devices(*rows, arguments.admin.json);
    if (!arguments.admin.json) {
      print_note(
          fmt::format("Nothing was removed; with --yes instead of --dry-run, {} device{} "
                      "and their history would be.",
                      rows->size(), rows->size() == 1 ? "" : "s"));
    }
    return 0;
  }
  if (!arguments.yes) {
    return report_error(
        {.code = ErrorCode::kBadParams,
         .detail = fmt::format("{} device{} with {}: nothing was removed; --dry-run lists them, "
                               "and --yes removes them and their history",
                               rows->size(), rows->size() == 1 ? "" : "s", arguments.sn)});
  }
  Progress progress;
  for (std::size_t i = 0; i < rows->size(); ++i) {
    const auto removed =
        ask(arguments.admin, {{"op", "device.remove"}, {"sn", member_text((*rows)[i], "sn")}});
    if (!removed) {
      progress.end();
      return report_error(removed.error());
    }
    progress.show(static_cast<double>(i) / static_cast<double>(rows->size()),
                  fmt::format("{} of {} devices", i, rows->size()));
    if (arguments.admin.json) print_json(*removed);
    print_warning(*removed);
  }
  progress.end();
  if (!arguments.admin.json) fmt::print("removed: {} devices\n", rows->size());
  return 0;
}

int remove(const DeviceArguments& arguments) {
  if (is_pattern(arguments.sn)) return remove_matching(arguments);
  if (!arguments.owner.empty() || arguments.dry_run) {
    return report_error({.code = ErrorCode::kBadParams,
                         .detail = "--owner and --dry-run are for patterns, such as 'R331*'"});
  }
  const auto device = local_device(arguments.admin.data, arguments.sn);
  if (!device) return report_error(device.error());
  if (!arguments.yes && !is_whole_name(*device, arguments.sn)) {
    return report_error({.code = ErrorCode::kBadParams,
                         .detail = fmt::format("\"{}\" is a part of {}: nothing was removed; --yes "
                                               "removes it and its history",
                                               printable(arguments.sn), device_text(*device))});
  }
  return ask_and_print(arguments.admin, {{"op", "device.remove"}, {"sn", device->sn}});
}

ParameterOption sn_option(DeviceNaming naming = DeviceNaming::kAny) {
  return {.parameter = "sn", .names = "sn", .placeholder = placeholder::kSn, .device = naming};
}

void add_changes(CLI::App& device, DeviceArguments& a, std::function<int()>& chosen) {
  CLI::App* renamed = add_operation_command(
      device, "rename", "device.rename", a.admin, chosen,
      {sn_option(), {.parameter = "name", .names = "name", .placeholder = placeholder::kName}});
  set_examples(*renamed, {"gridloom device rename R331ZEB4ZEAL0528 'Power station'"});
  CLI::App* shared = add_operation_command(
      device, "share", "device.share", a.admin, chosen,
      {sn_option(),
       {.parameter = "account", .names = "account", .placeholder = placeholder::kAccount},
       {.parameter = "rights", .names = "rights", .placeholder = "RIGHTS"}});
  set_examples(*shared, {"gridloom device share R331ZEB4ZEAL0528 ben monitor",
                         "gridloom device share R331ZEB4ZEAL0528 ben none"});
  CLI::App* moved = add_operation_command(
      device, "move", "device.move", a.admin, chosen,
      {sn_option(DeviceNaming::kWhole),
       {.parameter = "owner", .names = "owner", .placeholder = placeholder::kAccount},
       {.parameter = "withHistory", .names = "--with-history"}});
  set_examples(*moved, {"gridloom device move R331ZEB4ZEAL0528 ben --with-history"});
  CLI::App* rotated =
      add_operation_command(device, "rotate", "device.rotate", a.admin, chosen, {sn_option()});
  set_examples(*rotated, {"gridloom device rotate R331ZEB4ZEAL0528"});
}

void add_removals(CLI::App& device, DeviceArguments& a, std::function<int()>& chosen) {
  // Asks for one operation for each device that matches a pattern.
  CLI::App* removed = add_admin_command(device, "remove",
                                        "Removes a device, or all that match a pattern, and their "
                                        "history",
                                        a.admin, chosen, [&a] { return remove(a); });
  add_value(*removed, "sn", a.sn, placeholder::kSn,
            "Serial number or name, or a pattern of serial numbers: 'R331SIM*' (quoted)")
      .required();
  add_value(*removed, "--owner", a.owner, placeholder::kAccount,
            "Only devices of this account that match the pattern");
  add_flag(*removed, "--dry-run", a.dry_run,
           "List what the pattern would remove, and remove nothing");
  add_flag(*removed, "--yes", a.yes,
           "Remove all devices that match the pattern, or the one of which a part is given");
  set_examples(*removed, {"gridloom device remove R331ZEB4ZEAL0528",
                          "gridloom device remove '*' --owner simulated --dry-run",
                          "gridloom device remove '*' --owner simulated --yes"});
  add_alias(*removed, "rm");
  CLI::App* purged =
      add_operation_command(device, "purge", "device.purge", a.admin, chosen,
                            {{.parameter = "numbers", .names = "number", .placeholder = "NUMBER"},
                             {.parameter = "unknown", .names = "--unknown"}});
  set_examples(*purged, {"gridloom device purge 17 18", "gridloom device purge --unknown"});
}

}  // namespace

std::shared_ptr<void> add_device(CLI::App& app, std::function<int()>& chosen) {
  const auto kept = std::make_shared<DeviceArguments>();
  DeviceArguments& a = *kept;
  CLI::App* device = add_command(app, "device", "Manages devices and who may use them");
  set_group(*device, group::kUse);
  set_examples(*device, {"gridloom device list", "gridloom device add R331ABC1 --owner ann"});
  require_command_below(*device);
  // Prints a table.
  CLI::App* listed = add_admin_command(*device, "list", operation_text("device.list"), a.admin,
                                       chosen, [&a] { return list(a); });
  add_parameter(*listed, "device.list", "owner", "--owner", a.owner, placeholder::kAccount);
  set_examples(*listed, {"gridloom device list", "gridloom device list --owner ann --json"});
  add_alias(*listed, "ls");
  CLI::App* added = add_operation_command(
      *device, "add", "device.add", a.admin, chosen,
      {{.parameter = "sn", .names = "sn", .placeholder = "NEW_SN"},
       {.parameter = "owner", .names = "--owner", .placeholder = placeholder::kAccount},
       {.parameter = "name", .names = "--name", .placeholder = placeholder::kName}});
  set_examples(*added, {"gridloom device add R331ABC1 --owner ann --name 'Power station'"});
  add_changes(*device, a, chosen);
  add_removals(*device, a, chosen);
  return kept;
}

}  // namespace gridloom::app
