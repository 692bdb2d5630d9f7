// Reads the section battery_modes of a device file.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/battery_modes.h"
#include "catalog/entry.h"
#include "catalog/sections.h"

namespace gridloom::catalog {
namespace {

std::optional<BatteryMode> mode_of(std::string_view name) {
  const auto* const found = std::ranges::find_if(
      kBatteryModes, [name](BatteryMode mode) { return name_of(mode) == name; });
  if (found == kBatteryModes.end() || *found == BatteryMode::kNormal) return std::nullopt;
  return *found;
}

void check_param(const Entry& entry, const Command& command, std::string_view name,
                 const Json& value) {
  const auto param = std::ranges::find(command.params, name, &Param::name);
  if (param == command.params.end()) {
    return entry.mistake("params", fmt::format("\"{}\" is no parameter of {}", name, command.name));
  }
  if (!field_of_param(command, name)) {
    return entry.mistake(
        "params",
        fmt::format("no field shows \"{}\" of {}, so it cannot be put back", name, command.name));
  }
  const bool is_charge = value.is_string() && value.get_string() == kChargeReference;
  const bool fits_type = is_charge ? is_numeric(param->type) : fits(param->type, value);
  if (!fits_type) {
    entry.mistake("params", fmt::format("\"{}\" must be of type {}", name, name_of(param->type)));
  }
}

}  // namespace

void read_battery_modes(const Entry& file, Family& family) {
  file.members(
      "battery_modes", [&](const std::string& key, const YamlNode& value, std::string path) {
        const Entry entry(value, std::move(path), file.mistakes(), SectionId::kBatteryMode);
        const auto mode = mode_of(key);
        if (!mode) {
          return file.mistake("battery_modes",
                              fmt::format("\"{}\" must be hold, charge or holdcharge", key));
        }
        ModeCommand made;
        entry.text("command", made.command);
        entry.object("params", made.params);
        const Command* command = command_named(family, made.command);
        if (command == nullptr) {
          return entry.mistake("command",
                               fmt::format("\"{}\" is no command of this family", made.command));
        }
        for (const auto& each : made.params) check_param(entry, *command, each.key(), each.value());
        family.battery_modes[*mode] = std::move(made);
      });
}

}  // namespace gridloom::catalog
