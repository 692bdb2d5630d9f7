#include "app/command_line/family.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <fstream>
#include <ios>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/read_file.h"
#include "catalog/loader.h"
#include "catalog/schema.h"
#include "catalog/starter.h"
#include "sim/model.h"
#include "wire/json.h"

namespace gridloom::app {
namespace {

using catalog::Command;
using catalog::Family;
using catalog::Field;
using catalog::NamedValue;
using catalog::Param;
using catalog::PhysicsPart;
using catalog::Signal;

constexpr std::string_view kRow = "{:<40} {:<6} {:<5} {}\n";

std::string title_of(const std::string& title, const std::string& description) {
  return title.empty() ? description : title;
}

std::string numbers_of(const PhysicsPart& part) {
  std::vector<std::string> numbers;
  numbers.reserve(part.numbers.size());
  for (const auto& [name, value] : part.numbers) {
    numbers.push_back(fmt::format("{}: {}", name, value));
  }
  return fmt::format("{}", fmt::join(numbers, ", "));
}

void show_rows(const Family& family) {
  fmt::print("{}: {}\n\n", family.id, family.description);
  fmt::print(kRow, "FIELD", "TYPE", "UNIT", "TITLE");
  for (const Field& field : family.fields) {
    fmt::print(kRow, field.name, name_of(field.type), field.unit,
               title_of(field.title, field.description));
  }
  if (!family.commands.empty()) fmt::print("\n{:<40} {}\n", "COMMAND", "TITLE");
  for (const Command& command : family.commands) {
    fmt::print("{:<40} {}{}\n", command.name, title_of(command.title, command.description),
               command.dangerous ? " (dangerous)" : "");
  }
  if (!family.physics.empty()) fmt::print("\n{:<40} {}\n", "PART", "NUMBERS");
  for (const PhysicsPart& part : family.physics) {
    fmt::print("{:<40} {}\n", part.path, numbers_of(part));
  }
}

void show_line(std::string_view key, std::string_view text) {
  if (!text.empty()) fmt::print("  {:<12} {}\n", key, text);
}

void show_values(std::string_view key, const std::vector<NamedValue>& values) {
  for (const NamedValue& value : values) {
    show_line(key, text_of(value));
    key = " ";
  }
}

std::string text_of(const std::optional<catalog::Range>& range) {
  return range ? fmt::format("{} to {}", range->low, range->high) : "";
}

std::string unit_of(const std::string& unit, double scale) {
  return scale == 1 ? unit : fmt::format("{} (value times {})", unit, scale);
}

// What stands inside of a field's value: "[].ctrlSta" is a member of its elements.
void show_inside(const Field& field, const std::string& path) {
  for (const Field& inner : field.fields) {
    const std::string name = inner.name.empty() ? path + "[]"
                             : path.empty()     ? inner.name
                                                : path + '.' + inner.name;
    if (inner.fields.empty()) {
      fmt::print("  {}\n", name);
      show_line("  title", inner.title == inner.description ? "" : inner.title);
      show_line("  description", inner.description);
      show_line("  type", name_of(inner.type));
      show_line("  unit", unit_of(inner.unit, inner.scale));
      if (inner.values.empty()) show_line("  range", text_of(inner.range));
      show_values("  values", inner.values);
      if (inner.others) show_line(" ", "and others");
      show_values("  bits", inner.bits);
      if (inner.absent) show_line("  absent", wire::to_text(*inner.absent));
    }
    show_inside(inner, name);
  }
}

std::string text_of(const Signal& signal) {
  const auto& [shape, low, high, period_s, phase_s, step, formula] = signal;
  switch (shape) {
    case Signal::Shape::kRamp:
      return fmt::format("ramp from {} to {} in {} s", low, high, period_s);
    case Signal::Shape::kSine:
      return fmt::format("sine between {} and {} in {} s", low, high, period_s);
    case Signal::Shape::kRandomWalk:
      return fmt::format("random walk between {} and {}, {} a minute", low, high, step);
    case Signal::Shape::kFormula:
      break;
  }
  return formula.text;
}

void show_field(const Family& family, const Field& field) {
  fmt::print("{}\n", field.name);
  show_line("title", field.title);
  show_line("description", field.description);
  show_line("type", name_of(field.type));
  show_line("unit", unit_of(field.unit, field.scale));
  if (field.values.empty()) show_line("range", text_of(field.range));
  show_values("values", field.values);
  if (field.others) show_line(" ", "and others");
  show_values("bits", field.bits);
  if (field.absent) show_line("absent", wire::to_text(*field.absent));
  if (field.error) show_line("error", "any other value than " + wire::to_text(field.ok.front()));
  show_line("nature", field.nature);
  show_line("sign", field.sign);
  show_line("initial", named(field, field.initial));
  if (field.signal) show_line("signal", text_of(*field.signal));
  for (const PhysicsPart& part : family.physics) {
    for (const PhysicsPart::Feed& feed : part.feeds) {
      if (feed.field != field.name) continue;
      show_line("fed by", fmt::format("{} of {}", quantity_name(feed.quantity), part.path));
    }
  }
  show_line("set by", fmt::format("{}", fmt::join(field.written_by, ", ")));
  show_line("source", field.source);
  show_inside(field, "");
}

void show_param(const Param& param) {
  fmt::print("  {}\n", param.name);
  show_line("  title", param.title);
  show_line("  description", param.description);
  show_line("  type", name_of(param.type));
  show_line("  unit", unit_of(param.unit, param.scale));
  show_line("  range", text_of(param.range));
  show_values("  values", param.values);
}

void show_command(const Command& command) {
  fmt::print("{}{}\n", command.name, command.dangerous ? " (dangerous)" : "");
  show_line("title", command.title);
  show_line("description", command.description);
  show_line("source", command.source);
  for (const Param& param : command.params) show_param(param);
}

void show_part(const PhysicsPart& part) {
  fmt::print("{}\n", part.path);
  for (const auto& [name, value] : part.numbers) show_line(name, fmt::format("{}", value));
  show_line("switch", part.switch_field);
  for (const auto& [name, field] : part.limits) show_line(name, field);
  for (const PhysicsPart::Feed& feed : part.feeds)
    show_line(quantity_name(feed.quantity), feed.field);
}

}  // namespace

int list_families(const std::filesystem::path& folder) {
  const auto catalog = catalog::load_catalog(folder);
  if (!catalog) {
    fmt::print(stderr, "{}\n", catalog.error().detail);
    return 1;
  }
  fmt::print("{:<18} {:<18} {:>6} {:>8} {:>7}  {}\n", "FAMILY", "PRODUCT", "FIELDS", "COMMANDS",
             "REPORTS", "PREFIXES");
  for (const catalog::FamilyPtr& family : (*catalog)->families()) {
    fmt::print("{:<18} {:<18} {:>6} {:>8} {:>7}  {}\n", family->id, family->product,
               family->fields.size(), family->commands.size(), family->reports.size(),
               fmt::join(family->prefixes, " "));
  }
  return 0;
}

int show_family(const std::filesystem::path& folder, const std::string& id,
                const std::string& name) {
  const auto catalog = catalog::load_catalog(folder);
  if (!catalog) {
    fmt::print(stderr, "{}\n", catalog.error().detail);
    return 1;
  }
  const catalog::FamilyPtr family = (*catalog)->find(id);
  if (!family) {
    std::vector<std::string> known;
    for (const catalog::FamilyPtr& one : (*catalog)->families()) known.push_back(one->id);
    fmt::print(stderr, "gridloom: there is no family {}; there are {}\n", id,
               fmt::join(known, ", "));
    return 1;
  }
  if (name.empty()) {
    show_rows(*family);
    return 0;
  }
  bool found = false;
  for (const Field& field : family->fields) {
    if (!field.name.contains(name)) continue;
    found = true;
    show_field(*family, field);
  }
  for (const Command& command : family->commands) {
    if (!command.name.contains(name)) continue;
    found = true;
    show_command(command);
  }
  for (const PhysicsPart& part : family->physics) {
    if (!part.path.contains(name)) continue;
    found = true;
    show_part(part);
  }
  if (found) return 0;
  fmt::print(stderr, "gridloom: no field, command or part of {} has \"{}\" in its name\n", id,
             name);
  return 1;
}

int new_family(const std::filesystem::path& folder, const std::string& id) {
  const auto text = catalog::starter_file(id);
  if (!text) {
    fmt::print(stderr, "gridloom: {}\n", text.error().detail);
    return 1;
  }
  const std::filesystem::path file = folder / (id + ".yaml");
  std::ofstream out(file, std::ios::binary | std::ios::noreplace);
  out << *text << std::flush;
  if (!out) {
    fmt::print(stderr, "gridloom: {} exists already, or cannot be written\n", file.string());
    return 1;
  }
  fmt::print("{0}: check it with gridloom family check {0}\n", file.string());
  return 0;
}

int print_family_schema() {
  fmt::print("{}", catalog::device_file_schema());
  return 0;
}

int check_family(const std::filesystem::path& file) {
  const auto text = read_text(file, catalog::kMaxDeviceFile);
  if (!text) {
    fmt::print(stderr, "gridloom: {}\n", text.error().detail);
    return 1;
  }
  const auto family = catalog::load_family(file.string(), *text);
  if (!family) {
    fmt::print(stderr, "{}\n", family.error().detail);
    return 1;
  }
  if (const Status fits = sim::check_model(*family); !fits) {
    fmt::print(stderr, "{}: {}\n", file.string(), fits.error().detail);
    return 1;
  }
  fmt::print("{}: good: {} fields, {} commands, {} reports\n", file.string(),
             (*family)->fields.size(), (*family)->commands.size(), (*family)->reports.size());
  return 0;
}

}  // namespace gridloom::app
