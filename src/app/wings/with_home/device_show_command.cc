// `gridloom device show`: one device in full, but for its values, which `gridloom get` shows.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "base/printable.h"
#include "catalog/family_json.h"
#include "time/grammar.h"
#include "with_home/home_status.h"

namespace gridloom::app {
namespace {

using overview::ActiveError;
using overview::Overview;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

struct DeviceShowArguments {
  HomeOptions home;
  std::string device;
};

void print_line(std::string_view key, std::string_view text) {
  if (!text.empty()) fmt::print("{:<10} {}\n", key, wrapped_words(printable(text), 11));
}

void print_number(std::string_view key, const std::optional<double>& number,
                  std::string_view unit) {
  if (number) print_line(key, fmt::format("{} {}", std::round(*number), unit));
}

// "DELTA 3 Max (delta_3_max)", or why no family serves the product.
std::string family_text(const catalog::Catalog& catalog, const std::string& sn) {
  const catalog::Family& family = *catalog.of_serial(sn);
  const std::string& product = catalog.product_name(sn);
  const catalog::Product* known = catalog.product_of(sn);
  if (family.passthrough && known != nullptr && known->unserved) {
    return fmt::format("none serves {}: {}", product, reason_of(*known, catalog));
  }
  return product.empty() ? family.id : fmt::format("{} ({})", product, family.id);
}

void print_text(const DeviceStatus& status, const catalog::Catalog& catalog) {
  const ShownDevice& device = status.device;
  print_line("serial", device.sn);
  print_line("name", device.name);
  print_line("family", family_text(catalog, device.sn));
  print_line("owner", device.owner);
  print_line("shared", fmt::format("{}", fmt::join(device.shares, ", ")));
  print_line("presence", device.online ? "online" : "offline");
  print_line("reported", status.age ? time::rounded_span_text(*status.age) + " ago" : "");
  const Overview& overview = status.overview;
  if (overview.charge_percent) {
    print_line("charge", fmt::format("{} {:.0f} %", charge_bar(*overview.charge_percent),
                                     *overview.charge_percent));
  }
  print_number("sun", overview.sun_w, "W");
  print_number("grid", overview.grid_w, "W");
  print_number("load", overview.load_w, "W");
  print_number("battery", overview.battery_w, "W");
  for (const ActiveError& each : overview.errors) {
    print_line(catalog::name_of(each.severity), fmt::format("{} ({})", each.text, each.field));
  }
  for (const auto& [name, kwh] : status.energy_kwh) {
    if (std::string_view(name).starts_with("self")) continue;
    print_line("today", fmt::format("{} {} kWh", std::string_view(name), wire::to_text(kwh)));
  }
  print_line("problem", status.error);
}

int show_device(const DeviceShowArguments& arguments) {
  auto open = open_device(arguments.home, arguments.device);
  if (!open) return report_error(open.error());
  auto& [home, device, family] = *open;
  const DeviceStatus status = read_status(home, device);
  if (arguments.home.json) {
    JsonObject facts = status_json(status);
    facts["owner"] = device.owner;
    facts["shares"] = JsonArray(device.shares.begin(), device.shares.end());
    facts["product"] = home.catalog->product_name(device.sn);
    add_unserved(*home.catalog, device.sn, facts);
    print_json(facts);
  } else {
    print_text(status, *home.catalog);
  }
  return 0;
}

}  // namespace

std::shared_ptr<void> add_device_show(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<DeviceShowArguments>();
  DeviceShowArguments& a = *kept;
  CLI::App* show = add_command(*command_below(app, "device"), "show",
                               "Shows one device: presence, powers, errors, today's energy");
  set_examples(*show, {"gridloom device show R331ZEB4ZEAL0528"});
  add_device_argument(*show, a.device).required();
  add_home_options(*show, a.home);
  set_action(*show, chosen, [&a] { return show_device(a); });
  return kept;
}

}  // namespace gridloom::app
