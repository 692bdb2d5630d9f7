// `gridloom home`: lists, shows, checks and starts home files, and prints their JSON Schema.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstddef>
#include <cstdio>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/virtual_home.h"
#include "base/read_file.h"
#include "catalog/home.h"
#include "catalog/loader.h"
#include "catalog/schema.h"
#include "catalog/starter.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using catalog::Catalog;
using catalog::Household;
using catalog::Roof;
using catalog::Site;
using catalog::SiteDevice;
using catalog::VirtualHome;
using wire::JsonArray;
using wire::JsonObject;

struct HomeFileArguments {
  std::string devices, home, file;
  std::vector<std::string> files;
  bool json = false;
};

std::size_t devices_of(const VirtualHome& home) {
  std::size_t count = 0;
  for (const Site& site : home.sites) count += site.devices.size();
  return count;
}

std::string_view name_of(catalog::Dwelling dwelling) {
  return catalog::kDwellings.at(static_cast<std::size_t>(dwelling));
}

std::string joined(const std::vector<std::string_view>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

std::vector<std::string_view> names_of(const std::vector<Roof>& roofs) {
  std::vector<std::string_view> names;
  names.reserve(roofs.size());
  for (const Roof& roof : roofs) names.emplace_back(roof.name);
  return names;
}

// The roofs of a device's modules, or "none"; empty: its family's usual modules.
std::string panels_text(const SiteDevice& device) {
  if (!device.panels) return "";
  return device.panels->empty() ? "none" : joined(names_of(*device.panels));
}

// ---- as JSON

JsonArray array_of(const std::vector<std::string_view>& words) {
  JsonArray array;
  for (const std::string_view word : words) array.emplace_back(word);
  return array;
}

JsonArray array_of(const std::vector<catalog::Pack>& packs) {
  JsonArray array;
  for (const catalog::Pack& pack : packs) {
    JsonObject row{{"cycles", pack.cycles}};
    if (!pack.sn.empty()) row["sn"] = pack.sn;
    if (pack.capacity_wh) row["capacity_wh"] = *pack.capacity_wh;
    if (pack.charge_percent) row["charge"] = *pack.charge_percent;
    array.emplace_back(std::move(row));
  }
  return array;
}

JsonObject json_of(const SiteDevice& device) {
  JsonObject row{{"sn", device.sn},
                 {"name", device.name},
                 {"family", device.family->id},
                 {"plug", plug_name(device)},
                 {"supplies", array_of(catalog::circuit_names(device.supplies))}};
  if (device.panels) row["panels"] = array_of(names_of(*device.panels));
  if (device.place) {
    row["place"] = catalog::kPlaces.at(static_cast<std::size_t>(*device.place));
  }
  if (device.carried > 0) row["carried"] = device.carried;
  if (!device.packs.empty()) row["packs"] = array_of(device.packs);
  JsonObject initial;
  for (const auto& [field, value] : device.initial) initial[field] = value;
  row["initial"] = std::move(initial);
  JsonArray habits;
  for (const catalog::Habit& habit : device.habits) habits.emplace_back(habit.when.text);
  row["habits"] = std::move(habits);
  return row;
}

JsonObject json_of(const Site& site) {
  JsonObject row{{"site", site.name}, {"latitude", site.latitude_deg}, {"phases", site.phases}};
  if (site.household) {
    const auto& [people, kwh, dwelling] = *site.household;
    row["household"] = JsonObject{{"people", people}, {"dwelling", name_of(dwelling)}};
    if (dwelling == catalog::Dwelling::kHouse) row["household"].get_object()["kwh"] = kwh;
  }
  JsonArray roofs;
  for (const Roof& roof : site.roofs) {
    roofs.push_back(
        JsonObject{{"name", roof.name}, {"azimuth", roof.azimuth_deg}, {"tilt", roof.tilt_deg}});
  }
  row["roofs"] = std::move(roofs);
  JsonArray devices;
  for (const SiteDevice& device : site.devices) devices.push_back(json_of(device));
  row["devices"] = std::move(devices);
  return row;
}

JsonObject json_of(const VirtualHome& home) {
  JsonArray sites;
  for (const Site& site : home.sites) sites.push_back(json_of(site));
  return {{"title", home.title}, {"description", home.description}, {"sites", std::move(sites)}};
}

// ---- as tables

std::string text_of(const Household& household) {
  const std::string people =
      household.people == 1 ? "1 person" : fmt::format("{} people", household.people);
  if (household.dwelling == catalog::Dwelling::kCamper) return people + " in a camper";
  return fmt::format("{}, {} kWh a year", people, household.kwh);
}

std::string text_of(const Roof& roof) {
  return fmt::format("{} ({}°, tilt {}°)", roof.name, roof.azimuth_deg, roof.tilt_deg);
}

Table sites_of(const VirtualHome& home) {
  Table table({{.title = "SITE"},
               {.title = "LATITUDE", .align = Table::Align::kRight},
               {.title = "PHASES", .align = Table::Align::kRight},
               {.title = "HOUSEHOLD"},
               {.title = "ROOFS", .wraps = true}});
  for (const Site& site : home.sites) {
    std::vector<std::string> roofs;
    roofs.reserve(site.roofs.size());
    for (const Roof& roof : site.roofs) roofs.push_back(text_of(roof));
    table.add({site.name, fmt::format("{}", site.latitude_deg),
               site.phases == 0 ? "no grid" : std::to_string(site.phases),
               site.household ? text_of(*site.household) : "nobody",
               fmt::format("{}", fmt::join(roofs, ", "))});
  }
  return table;
}

Table devices_table_of(const VirtualHome& home) {
  constexpr std::size_t kLeastName = 12;      // characters
  constexpr std::size_t kLeastSupplies = 10;  // likewise
  Table table({{.title = "SITE"},
               {.title = "SN"},
               {.title = "NAME", .shrinks_to = kLeastName},
               {.title = "FAMILY"},
               {.title = "PLUG"},
               {.title = "SUPPLIES", .shrinks_to = kLeastSupplies},
               {.title = "PANELS", .wraps = true}});
  for (const Site& site : home.sites) {
    for (const SiteDevice& device : site.devices) {
      const auto supplied = catalog::circuit_names(device.supplies);
      const bool all = supplied.size() == catalog::kHomeCircuits.size();
      table.add({site.name, device.sn, device.name, device.family->id,
                 std::string(plug_name(device)), all ? "all" : joined(supplied),
                 panels_text(device)});
    }
  }
  return table;
}

// ---- the commands

int list_homes(const HomeFileArguments& arguments) {
  const auto catalog =
      catalog::load_catalog(device_files(arguments.devices, default_data_folder()));
  if (!catalog) return report_error(catalog.error());
  Table table({{.title = "HOME"},
               {.title = "TITLE"},
               {.title = "SITES", .align = Table::Align::kRight},
               {.title = "DEVICES", .align = Table::Align::kRight}});
  for (const catalog::EmbeddedFile& file : catalog::embedded_homes()) {
    const auto home = catalog::load_home(file.name, file.text, **catalog);
    if (!home) return report_error(home.error());
    const std::string id(file.name.substr(0, file.name.rfind('.')));
    if (arguments.json) {
      print_json(JsonObject{{"home", id},
                            {"title", home->title},
                            {"sites", home->sites.size()},
                            {"devices", devices_of(*home)}});
      continue;
    }
    table.add(
        {id, home->title, std::to_string(home->sites.size()), std::to_string(devices_of(*home))});
  }
  table.print();
  return 0;
}

int show_home(const HomeFileArguments& arguments) {
  const auto catalog =
      catalog::load_catalog(device_files(arguments.devices, default_data_folder()));
  if (!catalog) return report_error(catalog.error());
  const auto home = catalog::find_home(arguments.home, **catalog);
  if (!home) return report_error(home.error());
  if (arguments.json) {
    print_json(json_of(*home));
    return 0;
  }
  fmt::print("{}\n", home->title);
  if (!home->description.empty()) fmt::print("{}\n", home->description);
  fmt::print("\n");
  sites_of(*home).print();
  fmt::print("\n");
  devices_table_of(*home).print();
  return 0;
}

int new_home(const HomeFileArguments& arguments) {
  const std::string_view text = catalog::starter_home();
  if (!arguments.file.empty()) {
    if (const Status written = write_new_file(arguments.file, text); !written) {
      return report_error(written.error());
    }
  }
  if (arguments.json) {
    print_json(arguments.file.empty() ? JsonObject{{"text", text}}
                                      : JsonObject{{"file", arguments.file}});
  } else if (arguments.file.empty()) {
    fmt::print("{}", text);
  } else {
    fmt::print("{0}: check it with gridloom home check {0}\n", arguments.file);
  }
  return 0;
}

int print_home_schema() {
  fmt::print("{}", catalog::home_file_schema());
  return 0;
}

// The reasons for which `gridloom serve` would not start: families whose files lack what the models
// of their virtual devices need.
std::vector<Error> models_missing(const VirtualHome& home) {
  std::set<const catalog::Family*> seen;
  std::vector<Error> missing;
  for (const Site& site : home.sites) {
    for (const SiteDevice& device : site.devices) {
      if (!seen.insert(device.family.get()).second) continue;
      const Status fits = check_model(device.family);
      if (!fits) missing.push_back(fits.error());
    }
  }
  return missing;
}

// PV inputs that a list of roofs leaves without modules, as people rarely mean it.
void tell_bare_inputs(const VirtualHome& home) {
  for (const Site& site : home.sites) {
    for (const SiteDevice& device : site.devices) {
      const std::size_t inputs = catalog::pv_inputs_of(*device.family);
      if (!device.panels || device.panels->size() >= inputs) continue;
      fmt::print("{}: modules at {} of {} PV inputs\n", device.name, device.panels->size(), inputs);
    }
  }
}

int check_file(const std::string& file, const Catalog& catalog, bool json) {
  const auto text = read_text(file, catalog::kMaxHomeFile);
  if (!text) return report_error(text.error());
  const auto home = catalog::load_home(file, *text, catalog);
  if (!home) {
    fmt::print(stderr, "{}\n", home.error().detail);
    return kFailed;
  }
  if (const std::vector<Error> missing = models_missing(*home); !missing.empty()) {
    for (const Error& error : missing) fmt::print(stderr, "{}: {}\n", file, error.detail);
    return kFailed;
  }
  const std::size_t devices = devices_of(*home);
  if (json) {
    print_json(JsonObject{{"file", file},
                          {"title", home->title},
                          {"sites", home->sites.size()},
                          {"devices", devices}});
  } else {
    fmt::print("{}: good: {} site{}, {} device{}\n", file, home->sites.size(),
               home->sites.size() == 1 ? "" : "s", devices, devices == 1 ? "" : "s");
    tell_bare_inputs(*home);
  }
  return 0;
}

// Checks all files, whatever is wrong with the first.
int check_homes(const HomeFileArguments& arguments) {
  const auto catalog =
      catalog::load_catalog(device_files(arguments.devices, default_data_folder()));
  if (!catalog) return report_error(catalog.error());
  int code = 0;
  for (const std::string& file : arguments.files) {
    if (const int failed = check_file(file, **catalog, arguments.json); failed != 0) code = failed;
  }
  return code;
}

}  // namespace

std::shared_ptr<void> add_home_files(CLI::App& app, std::function<int()>& chosen) {
  const auto kept = std::make_shared<HomeFileArguments>();
  HomeFileArguments& a = *kept;
  CLI::App* home = add_command(app, "home", "Describes virtual homes: their sites and devices");
  set_group(*home, group::kTest);
  set_examples(*home, {"gridloom home list", "gridloom home show demo"});
  require_command_below(*home);
  const auto verb = [&](const std::string& name, const std::string& help,
                        int (*run)(const HomeFileArguments&)) {
    CLI::App* made = add_command(*home, name, help);
    add_json_option(*made, a.json);
    set_action(*made, chosen, [&a, run] { return run(a); });
    return made;
  };
  CLI::App* list = verb("list", "Lists the homes that come with Gridloom", list_homes);
  add_devices_option(*list, a.devices);
  set_examples(*list, {"gridloom home list"});
  add_alias(*list, "ls");
  CLI::App* show = verb("show", "Shows the sites and devices of a home", show_home);
  add_value(*show, "home", a.home, placeholder::kHome,
            "Id of a home that comes with Gridloom, or a home file, such as ./flat.yaml")
      .required();
  add_devices_option(*show, a.devices);
  set_examples(*show, {"gridloom home show demo", "gridloom home show ./flat.yaml --json"});
  CLI::App* start = verb("new", "Writes a home file to start from", new_home);
  add_value(*start, "file", a.file, placeholder::kFile,
            "The new file; without it, its text is printed");
  set_examples(*start, {"gridloom home new flat.yaml", "gridloom home new > flat.yaml"});
  CLI::App* schema = add_command(*home, "schema", "Prints the JSON Schema of home files");
  set_action(*schema, chosen, print_home_schema);
  set_examples(*schema, {"gridloom home schema > schema.json"});
  CLI::App* check = verb("check", "Reports every mistake in home files", check_homes);
  add_value(*check, "files", a.files, placeholder::kFile, "Home files").required();
  add_devices_option(*check, a.devices);
  set_examples(*check, {"gridloom home check flat.yaml", "gridloom home check homes/*.yaml"});
  return kept;
}

}  // namespace gridloom::app
