#include "app/command_line/device_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line/admin_command.h"
#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/control/admin_client.h"
#include "app/process/progress.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

struct Arguments {
  AdminArguments admin;
  std::string sn, owner, name, account, rights;
  std::vector<std::int64_t> numbers;
  bool unknown = false;
  bool with_history = false;
  bool dry_run = false;
  bool yes = false;
};

void print_devices(const std::vector<Json>& rows, bool json) {
  Table table({{.title = "SN"},
               {.title = "NAME"},
               {.title = "OWNER"},
               {.title = "FAMILY"},
               {.title = "STATE"},
               {.title = "SHARED WITH"}});
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

Result<std::vector<Json>> devices_of(const Arguments& arguments) {
  const auto rows = ask(arguments.admin, {{"op", "device.list"}, {"owner", arguments.owner}});
  if (!rows) return std::unexpected(rows.error());
  const JsonArray& all = rows->get_array();
  if (all.empty() && !arguments.owner.empty()) {
    if (Status known = check_account(arguments.admin, arguments.owner); !known) {
      return std::unexpected(std::move(known.error()));
    }
  }
  return std::vector<Json>(all.begin(), all.end());
}

int list(const Arguments& arguments) {
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

Result<std::vector<Json>> matching(const Arguments& arguments) {
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

int remove_matching(const Arguments& arguments) {
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

int remove(const Arguments& arguments) {
  if (is_pattern(arguments.sn)) return remove_matching(arguments);
  if (!arguments.owner.empty() || arguments.dry_run) {
    return report_error({.code = ErrorCode::kBadParams,
                         .detail = "--owner and --dry-run are for patterns, such as 'R331*'"});
  }
  return ask_and_print(arguments.admin, {{"op", "device.remove"}, {"sn", arguments.sn}});
}

void add_sn(CLI::App& command, std::string& sn) {
  add_value(command, "sn", sn, placeholder::kSn, "Serial number of the device").required();
}

void add_changes(CLI::App& device, Arguments& a, std::function<int()>& chosen) {
  CLI::App* renamed =
      add_admin_command(device, "rename", "Changes the name of a device", a.admin, chosen, [&a] {
        return ask_and_print(a.admin, {{"op", "device.rename"}, {"sn", a.sn}, {"name", a.name}});
      });
  add_sn(*renamed, a.sn);
  add_value(*renamed, "name", a.name, placeholder::kName, "The new name").required();
  set_examples(*renamed, {"gridloom device rename R331ZEB4ZEAL0528 'Power station'"});
  CLI::App* shared = add_admin_command(
      device, "share", "Shares a device with another account", a.admin, chosen, [&a] {
        return ask_and_print(
            a.admin,
            {{"op", "device.share"}, {"sn", a.sn}, {"account", a.account}, {"rights", a.rights}});
      });
  add_sn(*shared, a.sn);
  add_value(*shared, "account", a.account, placeholder::kAccount, "Account that gets the rights")
      .required();
  add_value(*shared, "rights", a.rights, "RIGHTS", "monitor, full, or none to stop sharing")
      .required();
  set_examples(*shared, {"gridloom device share R331ZEB4ZEAL0528 ben monitor",
                         "gridloom device share R331ZEB4ZEAL0528 ben none"});
  CLI::App* moved = add_admin_command(
      device, "move", "Gives a device to another account, with a new key and without its history",
      a.admin, chosen, [&a] {
        return ask_and_print(a.admin, {{"op", "device.move"},
                                       {"sn", a.sn},
                                       {"owner", a.owner},
                                       {"withHistory", a.with_history}});
      });
  add_sn(*moved, a.sn);
  add_value(*moved, "owner", a.owner, placeholder::kAccount, "The new owner").required();
  add_flag(*moved, "--with-history", a.with_history,
           "Hand the history of the device to the new owner as well");
  set_examples(*moved, {"gridloom device move R331ZEB4ZEAL0528 ben --with-history"});
  CLI::App* rotated = add_admin_command(
      device, "rotate", "Gives a device a new key and prints it, once", a.admin, chosen,
      [&a] { return ask_and_print(a.admin, {{"op", "device.rotate"}, {"sn", a.sn}}); });
  add_sn(*rotated, a.sn);
  set_examples(*rotated, {"gridloom device rotate R331ZEB4ZEAL0528"});
}

void add_removals(CLI::App& device, Arguments& a, std::function<int()>& chosen) {
  CLI::App* removed = add_admin_command(device, "remove",
                                        "Removes a device, or all that match a pattern, and their "
                                        "history",
                                        a.admin, chosen, [&a] { return remove(a); });
  add_value(*removed, "sn", a.sn, placeholder::kSn,
            "Serial number, or a pattern of several: 'R331SIM*' (quoted)")
      .required();
  add_value(*removed, "--owner", a.owner, placeholder::kAccount,
            "Only devices of this account that match the pattern");
  add_flag(*removed, "--dry-run", a.dry_run,
           "List what the pattern would remove, and remove nothing");
  add_flag(*removed, "--yes", a.yes, "Remove all devices that match the pattern");
  set_examples(*removed, {"gridloom device remove R331ZEB4ZEAL0528",
                          "gridloom device remove '*' --owner simulated --dry-run",
                          "gridloom device remove '*' --owner simulated --yes"});
  CLI::App* purged = add_admin_command(
      device, "purge", "Purges the history of devices that the registry does not have", a.admin,
      chosen, [&a] {
        return ask_and_print(a.admin, {{"op", "device.purge"},
                                       {"numbers", JsonArray(a.numbers.begin(), a.numbers.end())},
                                       {"unknown", a.unknown}});
      });
  add_value(*purged, "number", a.numbers, "NUMBER",
            "Device numbers, as the log of the server names them");
  add_flag(*purged, "--unknown", a.unknown, "Every device that the registry does not have");
  set_examples(*purged, {"gridloom device purge 17 18", "gridloom device purge --unknown"});
}

}  // namespace

std::shared_ptr<void> add_device(CLI::App& app, std::function<int()>& chosen) {
  const auto kept = std::make_shared<Arguments>();
  Arguments& a = *kept;
  CLI::App* device = add_command(app, "device", "Manages devices and who may use them");
  set_group(*device, group::kUse);
  set_examples(*device, {"gridloom device list", "gridloom device add R331ABC1 --owner ann"});
  require_command_below(*device);
  CLI::App* listed = add_admin_command(*device, "list", "Lists devices", a.admin, chosen,
                                       [&a] { return list(a); });
  add_value(*listed, "--owner", a.owner, placeholder::kAccount, "Only devices of this account");
  set_examples(*listed, {"gridloom device list", "gridloom device list --owner ann --json"});
  CLI::App* added = add_admin_command(
      *device, "add", "Adds a device and prints its key, once", a.admin, chosen, [&a] {
        return ask_and_print(
            a.admin, {{"op", "device.add"}, {"sn", a.sn}, {"owner", a.owner}, {"name", a.name}});
      });
  add_value(*added, "sn", a.sn, "NEW_SN", "Serial number of the new device").required();
  add_value(*added, "--owner", a.owner, placeholder::kAccount, "Account that owns the device")
      .required();
  add_value(*added, "--name", a.name, placeholder::kName,
            "Name of the device; by default that of the product");
  set_examples(*added, {"gridloom device add R331ABC1 --owner ann --name 'Power station'"});
  add_changes(*device, a, chosen);
  add_removals(*device, a, chosen);
  return kept;
}

}  // namespace gridloom::app
