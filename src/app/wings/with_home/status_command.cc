// `gridloom status`: the home at a glance.
#include <fmt/format.h>

#include <cstdio>
#include <string>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/process/language.h"
#include "base/printable.h"
#include "with_home/home_status.h"

namespace gridloom::app {
namespace {

struct StatusArguments {
  HomeOptions home;
  std::vector<std::string> devices;
  bool watch = false;
  bool is_home = false;
};

Result<std::vector<ShownDevice>> chosen_devices(OpenHome& home,
                                                const std::vector<std::string>& words) {
  auto all = home.home->devices();
  if (!all || words.empty()) return all;
  std::vector<ShownDevice> chosen;
  for (const std::string& word : words) {
    GL_TRY(auto device, find_device(*all, word));
    chosen.push_back(std::move(device));
  }
  return chosen;
}

int print_status(const StatusArguments& arguments) {
  if (arguments.is_home && !arguments.devices.empty()) {
    return report_error({.code = ErrorCode::kBadParams,
                         .detail = "--summary is of all devices: leave out their names"});
  }
  auto home = open_home(arguments.home);
  if (!home) return report_error(home.error());
  const auto devices = chosen_devices(*home, arguments.devices);
  if (!devices) return report_error(devices.error());
  std::vector<DeviceStatus> rows;
  rows.reserve(devices->size());
  for (const ShownDevice& device : *devices) {
    rows.push_back(read_status(*home, device));
    // No server runs on the folder: it is the same for all.
    if (!rows.back().error.empty() && rows.back().code == ErrorCode::kConflict &&
        profile_of(arguments.home).empty()) {
      return report_error({.code = ErrorCode::kConflict, .detail = rows.back().error});
    }
  }
  if (arguments.is_home && arguments.home.json) {
    for (const wire::JsonObject& row : home_json(rows)) print_json(row);
  } else if (arguments.home.json) {
    for (const DeviceStatus& row : rows) print_json(status_json(row));
  } else if (rows.empty()) {
    fmt::print(stderr, "gridloom: {}\n",
               translated("there are no devices yet; `gridloom device add` adds one"));
  } else if (arguments.is_home) {
    fmt::print("{}", home_text(rows));
  } else {
    // A home is all of its devices.
    const std::string home_line = arguments.devices.empty() ? home_text(rows) : std::string();
    fmt::print("{}{}{}", home_line, home_line.empty() ? "" : "\n",
               status_text(rows, {.coloured = has_colours(), .width = columns_of_terminal()}));
  }
  // Without any device's values there is nothing to show.
  for (const DeviceStatus& row : rows) {
    if (row.error.empty()) return 0;
  }
  return rows.empty() ? 0 : report_error({.code = ErrorCode::kIo, .detail = rows.front().error});
}

int watch_status(const StatusArguments& arguments) {
  if (arguments.devices.empty()) return watch_home(arguments.home);
  return report_error({.code = ErrorCode::kBadParams,
                       .detail = fmt::format("--watch shows the whole home; `gridloom watch {}` "
                                             "shows the values of a device",
                                             printable(arguments.devices.front()))});
}

}  // namespace

std::shared_ptr<void> add_status(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<StatusArguments>();
  StatusArguments& a = *kept;
  CLI::App* status =
      add_command(app, "status", "Shows the home at a glance: a line a device, and today's energy");
  set_group(*status, group::kUse);
  set_examples(*status, {"gridloom status", "gridloom status R331 --json",
                         "gridloom status --profile cloud"});
  add_value(*status, "devices", a.devices, placeholder::kSn,
            "Only these: serial numbers, beginnings, or parts of names");
  add_home_options(*status, a.home);
  add_language_option(*status);
  add_flag(*status, "--summary", a.is_home, "Only the powers of the home");
  add_flag(*status, "-w,--watch", a.watch, "Show the home live, as `gridloom watch`");
  set_action(*status, chosen, [&a] { return a.watch ? watch_status(a) : print_status(a); });
  return kept;
}

}  // namespace gridloom::app
