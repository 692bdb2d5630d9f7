// `gridloom get`: values of a device with their units and meanings.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/home/field_lookup.h"
#include "base/printable.h"
#include "catalog/readable_values.h"

namespace gridloom::app {
namespace {

using catalog::Family;
using catalog::Field;
using catalog::find_value;
using catalog::flat_values;
using catalog::FlatValue;
using catalog::number_of;
using catalog::title_of;
using catalog::value_text;
using catalog::values_inside;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr std::size_t kMostValue = 44;   // characters in the table
constexpr std::size_t kLeastValue = 12;  // likewise, where the terminal is narrow

struct GetArguments {
  HomeOptions home;
  std::string device;
  std::vector<std::string> fields;
};

std::vector<std::string> names_in(const std::vector<FlatValue>& values) {
  std::vector<std::string> names;
  names.reserve(values.size());
  for (const FlatValue& each : values) names.push_back(each.name);
  return names;
}

// A field that the family has, and that the device has not reported, is no mistake in the name.
Error explained(Error error, const Family& family, const std::string& sn, const std::string& word) {
  if (error.code != ErrorCode::kNotFound) return error;
  const auto declared = find_field(family, word);
  if (!declared) return error;
  return {.code = ErrorCode::kOffline,
          .detail = fmt::format("{} has not reported {}", sn, (*declared)->name)};
}

// A value and the field that declares it; nullptr: none does.
struct Chosen {
  FlatValue value;
  const Field* field = nullptr;
};

std::vector<Chosen> chosen_of(const Family& family, const std::vector<FlatValue>& values,
                              const std::vector<std::string>& names) {
  std::vector<Chosen> chosen;
  chosen.reserve(names.size());
  for (const std::string& name : names) {
    chosen.push_back(
        {.value = {.name = name, .value = *find_value(values, name)}, .field = family.field(name)});
  }
  return chosen;
}

// Members of values that are lists or objects: "heartbeat.loads[1].sta", or those of all elements.
std::vector<Chosen> members_of(const Family& family, const std::vector<FlatValue>& values,
                               const std::string& word) {
  std::vector<Chosen> chosen;
  const auto place = find_member(family, word);
  if (!place) return chosen;
  for (const FlatValue& each : values) {
    if (family.field(each.name) != place->outer) continue;
    for (FlatValue& inside : values_inside(*place->outer, each, place->path)) {
      chosen.push_back({.value = std::move(inside), .field = place->member});
    }
  }
  return chosen;
}

Result<std::vector<Chosen>> chosen_values(const GetArguments& arguments, const Family& family,
                                          const std::string& sn,
                                          const std::vector<FlatValue>& values) {
  const std::vector<std::string> names = names_in(values);
  if (arguments.fields.empty()) return chosen_of(family, values, names);
  std::vector<Chosen> chosen;
  for (const std::string& word : arguments.fields) {
    const auto found = find_quotas(family, names, word);
    auto more = found ? chosen_of(family, values, *found) : members_of(family, values, word);
    if (more.empty() && !found) {
      return std::unexpected(explained(found.error(), family, sn, word));
    }
    std::ranges::move(more, std::back_inserter(chosen));
  }
  return chosen;
}

JsonObject json_of(const std::string& name, const Field* field, const Json& value) {
  JsonObject row{{"field", name}, {"value", value}, {"text", value_text(field, value)}};
  if (field == nullptr) return row;
  const auto number = number_of(*field, value);
  row["number"] = number ? Json(*number) : Json();
  row["unit"] = field->unit;
  row["title"] = title_of(*field);
  row["description"] = field->description;
  return row;
}

int print_values(const GetArguments& arguments) {
  auto open = open_device(arguments.home, arguments.device);
  if (!open) return report_error(open.error());
  const auto& [home, device, family] = *open;
  const auto read = home.home->values(device.sn);
  if (!read) return report_error(read.error());
  const std::vector<FlatValue> values = flat_values(*family, read->quotas);
  const auto chosen = chosen_values(arguments, *family, device.sn, values);
  if (!chosen) {
    const bool is_missing = chosen.error().code == ErrorCode::kOffline;
    return report_error(chosen.error(), is_missing ? kFailed : kWrongUsage);
  }
  Table table({{.title = "FIELD"},
               {.title = "VALUE", .shrinks_to = kLeastValue},
               {.title = "MEANING", .wraps = true}});
  JsonArray rows;
  for (const auto& [each, field] : *chosen) {
    const auto& [name, value] = each;
    if (arguments.home.json) {
      rows.push_back(json_of(name, field, value));
      continue;
    }
    table.add_styled(
        {{.text = printable(name)},
         {.text = shortened_to(value_text(field, value), kMostValue), .style = Style::kStrong},
         {.text = field == nullptr ? "" : field->description}});
  }
  if (arguments.home.json) {
    print_json(
        JsonObject{{"sn", device.sn}, {"online", device.online}, {"fields", std::move(rows)}});
  } else if (table.empty()) {
    fmt::print(stderr, "gridloom: {} has not reported anything yet\n", device.sn);
  } else {
    table.print();
    if (!device.online) fmt::print(stderr, "gridloom: {} is offline\n", device.sn);
  }
  return 0;
}

}  // namespace

std::shared_ptr<void> add_get(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<GetArguments>();
  GetArguments& a = *kept;
  CLI::App* get = add_command(app, "get", "Shows values of a device: their units and meanings");
  set_group(*get, group::kUse);
  set_examples(*get,
               {"gridloom get R331ZEB4ZEAL0528 soc", "gridloom get R331 'bmsMaster.*' --json"});
  add_device_argument(*get, a.device).required();
  add_value(*get, "field", a.fields, placeholder::kField,
            "Fields: pd.soc, pd.*, a nature such as soc, the last part of a name, or a member of a "
            "list, as list[1].name; all by default");
  add_home_options(*get, a.home);
  set_action(*get, chosen, [&a] { return print_values(a); });
  return kept;
}

}  // namespace gridloom::app
