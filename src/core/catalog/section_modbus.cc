// Reads the section of the Modbus registers of a family's devices.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "catalog/modbus_keys.h"
#include "catalog/sections.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

constexpr std::int64_t kMostShown_s = 7;  // below hub::Config::set_deadline

template <typename To>
void read_size(const Entry& entry, std::string_view key, std::size_t least, std::size_t most,
               To& to) {
  std::optional<std::size_t> size;
  entry.size(key, size);
  if (!size) return;
  if (*size < least || *size > most) {
    return entry.mistake(key, fmt::format("{} must be {} to {}", *size, least, most));
  }
  to = static_cast<To>(*size);
}

ModbusRegister read_register(const Entry& entry) {
  ModbusRegister read;
  std::string type;
  entry.choice("type", type);
  const auto* const known = std::ranges::find(kRegisterTypes, type);
  if (known != kRegisterTypes.end()) {
    read.type = static_cast<RegisterType>(known - kRegisterTypes.begin());
  }
  const std::size_t last =
      std::numeric_limits<std::uint16_t>::max() + std::size_t{1} - registers_of(read.type);
  read_size(entry, "address", 0, last, read.address);
  return read;
}

void read_order(const Entry& entry, std::string_view key, WordOrder& to) {
  std::string order;
  entry.choice(key, order);
  if (order == name_of(WordOrder::kLowFirst)) to = WordOrder::kLowFirst;
}

void read_times(const Entry& entry, double& to) {
  entry.number("times", to);
  if (to == 0 || !std::isfinite(to)) {
    entry.mistake("times", "cannot be 0");
    to = 1;
  }
}

ModbusValue read_value(const Entry& entry, const Command& command) {
  ModbusValue value;
  read_times(entry, value.times);
  Json given;
  entry.json("value", given);
  if (const auto* text = given.if_string(); text != nullptr && text->starts_with('$')) {
    value.param = std::string(std::string_view(*text).substr(1));
    const auto found = std::ranges::find(command.params, value.param, &Param::name);
    if (found == command.params.end() || !found->required || !is_numeric(found->type)) {
      entry.mistake("value", fmt::format("${} must name a required number of params", value.param));
    }
  } else if (given.is_number()) {
    value.number = given.to_number<double>();
    if (entry.has("times")) entry.mistake("times", "is for a parameter: the value is a number");
  } else if (entry.has("value")) {
    entry.mistake("value", fmt::format("{} must be a number or $param", wire::to_text(given)));
  }
  return value;
}

void read_readings(const Entry& modbus, const Family& family, Modbus& to) {
  modbus.members("registers", [&](const std::string& key, const YamlNode& value, std::string path) {
    const Entry entry(value, std::move(path), modbus.mistakes(), SectionId::kModbusRegister);
    ModbusReading reading{.field = key, .from = read_register(entry)};
    read_times(entry, reading.times);
    entry.source(reading.source);
    const Field* field = find_field(family, key);
    if (field == nullptr) {
      entry.mistake("", fmt::format("\"{}\" is no field of this family", key));
    } else if (key.contains('*') || !is_numeric(field->type)) {
      entry.mistake("", "the field must be an int, a float or a bool, and of one device");
    }
    to.readings.push_back(std::move(reading));
  });
}

void read_heartbeat(const Entry& modbus, Modbus& to) {
  const YamlNode* node = modbus.find("heartbeat");
  if (node == nullptr) return;
  const Entry entry(*node, child(modbus.path(), "heartbeat"), modbus.mistakes(),
                    SectionId::kModbusHeartbeat);
  to.heartbeat.to = read_register(entry);
  entry.number("value", to.heartbeat.value);
  read_size(entry, "every_s", 1, 3600, to.heartbeat.every_s);
  read_size(entry, "lapses_s", 1, 86'400, to.heartbeat.lapses_s);
  if (to.heartbeat.every_s >= to.heartbeat.lapses_s) {
    entry.mistake("every_s", fmt::format("is {}: must be less than lapses_s, {}",
                                         to.heartbeat.every_s, to.heartbeat.lapses_s));
  }
}

Effect read_shown(const Entry& entry, const Modbus& modbus, const Command& command) {
  Effect effect;
  entry.text("field", effect.field);
  if (std::ranges::find(modbus.readings, effect.field, &ModbusReading::field) ==
      modbus.readings.end()) {
    entry.mistake("field", fmt::format("\"{}\" is no field of registers", effect.field));
  }
  const ModbusValue value = read_value(entry, command);
  effect.to = {.literal = value.number, .param = value.param, .plus = 0};
  effect.times = value.times;
  entry.number("within", effect.within);
  entry.number("within_percent", effect.within_percent);
  if (effect.within < 0) entry.mistake("within", "must be 0 or more");
  if (effect.within_percent < 0) entry.mistake("within_percent", "must be 0 or more");
  return effect;
}

void read_action(const std::string& name, const Entry& entry, const Modbus& modbus,
                 Command& command, ModbusAction& action) {
  command.name = action.command = name;
  command.group = CommandGroup::kBattery;
  command.select = {{std::string(kModbusSelector), Json(name)}};
  command.reply = {{"ack", 0}};
  entry.text("description", command.description);
  entry.title(command.description, command.title);
  entry.source(command.source);
  entry.members("params", [&](const std::string& key, const YamlNode& value, std::string path) {
    const Entry param(value, std::move(path), entry.mistakes(), SectionId::kParam);
    command.params.push_back(read_param(key, param));
    if (param.has("sets")) param.mistake("sets", "means nothing over Modbus");
  });
  entry.items("writes", [&](const YamlNode& value, std::string path) {
    const Entry write(value, std::move(path), entry.mistakes(), SectionId::kModbusWrite);
    const ModbusRegister to = read_register(write);
    action.writes.push_back({.to = to, .value = read_value(write, command)});
  });
  entry.items("shown_by", [&](const YamlNode& value, std::string path) {
    const Entry shown(value, std::move(path), entry.mistakes(), SectionId::kModbusEffect);
    command.effects.push_back(read_shown(shown, modbus, command));
  });
  entry.flag("holds", action.holds);
}

}  // namespace

void read_modbus(const Entry& file, Family& family) {
  const YamlNode* node = file.find("modbus");
  if (node == nullptr) return;
  const Entry entry(*node, "modbus", file.mistakes(), SectionId::kModbus);
  Modbus& modbus = family.modbus.emplace();
  read_size(entry, "port", 1, 65'535, modbus.port);
  read_size(entry, "unit", 0, 255, modbus.unit);
  read_size(entry, "shown_within_s", 1, kMostShown_s, modbus.shown_within_s);
  read_order(entry, "reads", modbus.reads);
  read_order(entry, "writes", modbus.writes);
  read_readings(entry, family, modbus);
  if (modbus.readings.empty()) entry.mistake("registers", "must name a register at least");
  read_heartbeat(entry, modbus);
  entry.members("commands", [&](const std::string& key, const YamlNode& value, std::string path) {
    const Entry one(value, std::move(path), file.mistakes(), SectionId::kModbusCommand);
    Command command;
    ModbusAction action;
    read_action(key, one, modbus, command, action);
    if (action.writes.empty()) one.mistake("writes", "must write a register at least");
    if (action.holds && !entry.has("heartbeat")) one.mistake("holds", "needs a heartbeat");
    family.modbus_commands.push_back(std::move(command));
    modbus.actions.push_back(std::move(action));
  });
}

}  // namespace gridloom::catalog
