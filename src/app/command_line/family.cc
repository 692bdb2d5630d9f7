// `gridloom family`: lists, shows, checks and starts device files, and prints their JSON
// Schema.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdio>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/virtual_home.h"
#include "base/nearest.h"
#include "base/read_file.h"
#include "catalog/family_json.h"
#include "catalog/family_page.h"
#include "catalog/loader.h"
#include "catalog/natures.h"
#include "catalog/schema.h"
#include "catalog/starter.h"
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
  Table fields({{.title = "FIELD"}, {.title = "TYPE"}, {.title = "UNIT"}, {.title = "TITLE"}});
  for (const Field& field : family.fields) {
    fields.add({field.name, std::string(name_of(field.type)), field.unit,
                title_of(field.title, field.description)});
  }
  fields.print();
  Table commands({{.title = "COMMAND"}, {.title = "TITLE"}});
  for (const Command& command : family.commands) {
    commands.add({command.name, title_of(command.title, command.description) +
                                    (command.dangerous ? " (dangerous)" : "")});
  }
  Table parts({{.title = "PART"}, {.title = "NUMBERS"}});
  for (const PhysicsPart& part : family.physics) parts.add({part.path, numbers_of(part)});
  for (const Table* table : {&commands, &parts}) {
    if (!table->empty()) fmt::print("\n{}", table->text());
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

// Prints which values a field can have.
void show_form(const std::string& indent, const Field& field) {
  show_line(indent + "type", name_of(field.type));
  show_line(indent + "unit", unit_of(field.unit, field.scale));
  if (field.values.empty()) show_line(indent + "range", text_of(field.range));
  show_values(indent + "values", field.values);
  if (field.others) show_line(" ", "and others");
  show_values(indent + "bits", field.bits);
  if (field.absent) show_line(indent + "absent", wire::to_text(*field.absent));
}

// Prints what stands inside of a field's value: "[].ctrlSta" is a member of its elements.
void show_inside(const Field& field, const std::string& path) {
  for (const Field& inner : field.fields) {
    const std::string name = inner.name.empty() ? path + "[]"
                             : path.empty()     ? inner.name
                                                : path + '.' + inner.name;
    if (inner.fields.empty()) {
      fmt::print("  {}\n", name);
      show_line("  title", inner.title == inner.description ? "" : inner.title);
      show_line("  description", inner.description);
      show_form("  ", inner);
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
    case Signal::Shape::kClock:
      return "the time in UTC";
    case Signal::Shape::kCount:
      if (!formula.text.empty()) return fmt::format("one more each time that {} > 0", formula.text);
      return fmt::format("one more in {} s, on average", period_s);
    case Signal::Shape::kTime:
      return fmt::format("time for which {} > 0", formula.text);
    case Signal::Shape::kMoment:
      return fmt::format("when {} rose last", formula.text);
    case Signal::Shape::kAir:
      return "the temperature around the device";
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
  show_form("", field);
  if (field.error) show_line(catalog::name_of(field.severity), catalog::error_text(field));
  show_line("nature", nature_text(field));
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
  for (const auto& [name, formula] : part.formulas) show_line(name, formula.text);
  for (const auto& [name, field] : part.limits) show_line(name, field);
  for (const PhysicsPart::Feed& feed : part.feeds)
    show_line(quantity_name(feed.quantity), feed.field);
}

// The parts of a family that have `name` in their names; all of them for an empty name.
struct Found {
  std::vector<const Field*> fields{};
  std::vector<const Command*> commands{};
  std::vector<const PhysicsPart*> parts{};
  [[nodiscard]] bool empty() const { return fields.empty() && commands.empty() && parts.empty(); }
};

Found find(const Family& family, std::string_view name) {
  Found found;
  for (const Field& each : family.fields) {
    if (each.name.contains(name)) found.fields.push_back(&each);
  }
  for (const Command& each : family.commands) {
    if (each.name.contains(name)) found.commands.push_back(&each);
  }
  for (const PhysicsPart& each : family.physics) {
    if (each.path.contains(name)) found.parts.push_back(&each);
  }
  return found;
}

Error unknown_family(const catalog::Catalog& catalog, std::string_view id) {
  std::vector<std::string_view> known;
  for (const catalog::FamilyPtr& one : catalog.families()) known.emplace_back(one->id);
  const std::string meant = did_you_mean(id, known);
  return {.code = ErrorCode::kBadParams,
          .detail = fmt::format("there is no family {}; there are {}{}", id, fmt::join(known, ", "),
                                meant)};
}

Error unknown_name(const Family& family, std::string_view name) {
  std::vector<std::string_view> known;
  known.reserve(family.fields.size() + family.commands.size() + family.physics.size());
  for (const Field& each : family.fields) known.emplace_back(each.name);
  for (const Command& each : family.commands) known.emplace_back(each.name);
  for (const PhysicsPart& each : family.physics) known.emplace_back(each.path);
  return {.code = ErrorCode::kBadParams,
          .detail = fmt::format("no field, command or part of {} has \"{}\" in its name{}",
                                family.id, name, did_you_mean(name, known))};
}

struct FamilyArguments {
  std::string devices, family, name;
  std::vector<std::string> files;
  bool json = false;
  bool translations = false;
};

int list_families(const FamilyArguments& arguments) {
  const auto catalog =
      catalog::load_catalog(device_files(arguments.devices, default_data_folder()));
  if (!catalog) return report_error(catalog.error());
  Table table({{.title = "FAMILY"},
               {.title = "PRODUCT"},
               {.title = "FIELDS", .align = Table::Align::kRight},
               {.title = "COMMANDS", .align = Table::Align::kRight},
               {.title = "REPORTS", .align = Table::Align::kRight},
               {.title = "PREFIXES", .wraps = true}});
  for (const catalog::FamilyPtr& family : (*catalog)->families()) {
    if (arguments.json) {
      print_json(wire::JsonObject{
          {"family", family->id},
          {"product", family->product},
          {"fields", family->fields.size()},
          {"commands", family->commands.size()},
          {"reports", family->reports.size()},
          {"prefixes", wire::JsonArray(family->prefixes.begin(), family->prefixes.end())}});
      continue;
    }
    table.add({family->id, family->product, std::to_string(family->fields.size()),
               std::to_string(family->commands.size()), std::to_string(family->reports.size()),
               fmt::format("{}", fmt::join(family->prefixes, " "))});
  }
  table.print();
  return 0;
}

int show_family(const FamilyArguments& arguments) {
  const auto catalog =
      catalog::load_catalog(device_files(arguments.devices, default_data_folder()));
  if (!catalog) return report_error(catalog.error());
  const catalog::FamilyPtr family = (*catalog)->find(arguments.family);
  if (!family) return report_error(unknown_family(**catalog, arguments.family));
  const Found found = find(*family, arguments.name);
  if (found.empty() && !arguments.name.empty()) {
    return report_error(unknown_name(*family, arguments.name));
  }
  if (arguments.json) {
    for (const Field* field : found.fields) print_json(json_of(*family, *field));
    for (const Command* command : found.commands) print_json(json_of(*command));
    for (const PhysicsPart* part : found.parts) print_json(json_of(*part));
    return 0;
  }
  if (arguments.name.empty()) {
    show_rows(*family);
    return 0;
  }
  for (const Field* field : found.fields) show_field(*family, *field);
  for (const Command* command : found.commands) show_command(*command);
  for (const PhysicsPart* part : found.parts) show_part(*part);
  return 0;
}

int new_family(const FamilyArguments& arguments) {
  const auto text = catalog::starter_file(arguments.family);
  if (!text) return report_error(text.error());
  const std::filesystem::path file =
      std::filesystem::path(arguments.devices) / (arguments.family + ".yaml");
  if (const Status written = write_new_file(file, *text); !written) {
    return report_error(written.error());
  }
  if (arguments.json) {
    print_json(wire::JsonObject{{"file", file.string()}});
  } else {
    fmt::print("{0}: check it with gridloom family check {0}\n", file.string());
  }
  return 0;
}

int print_family_schema(const FamilyArguments& arguments) {
  fmt::print(
      "{}", arguments.translations ? catalog::translation_schema() : catalog::device_file_schema());
  return 0;
}

// The text of the device file that a translation belongs to: in the folder above, or else one that
// comes with the program.
Result<std::string> translated_file(const std::filesystem::path& translation) {
  const std::filesystem::path beside = translation.parent_path() / ".." / translation.filename();
  std::error_code ignored;
  if (std::filesystem::exists(beside, ignored)) return read_text(beside, catalog::kMaxDeviceFile);
  for (const catalog::EmbeddedFile& file : catalog::embedded_files()) {
    if (file.name == translation.filename().string()) return std::string(file.text);
  }
  return fail(ErrorCode::kNotFound,
              fmt::format("{}: there is no device file {}", translation.string(), beside.string()));
}

// Texts that are missing are no mistakes: they are those of the device file.
int check_translation(const std::string& name, std::string_view text, bool json) {
  const std::filesystem::path path(name);
  const auto file = translated_file(path);
  if (!file) return report_error(file.error());
  const auto family = catalog::load_family(path.filename().string(), *file);
  if (!family) {
    fmt::print(stderr, "{}\n", family.error().detail);
    return kFailed;
  }
  const auto translated = catalog::load_translation(**family, *file, {.name = name, .text = text});
  if (!translated) {
    fmt::print(stderr, "{}\n", translated.error().detail);
    return kFailed;
  }
  const std::vector<std::string> missing = catalog::missing_texts(*file, text);
  if (json) {
    print_json(wire::JsonObject{{"file", name},
                                {"family", (*translated)->id},
                                {"missing", wire::JsonArray(missing.begin(), missing.end())}});
    return 0;
  }
  fmt::print("{}: good: {} texts are missing\n", name, missing.size());
  for (const std::string& each : missing) fmt::print("  {}\n", each);
  return 0;
}

int check_family(const std::string& name, bool json) {
  const auto text = read_text(name, catalog::kMaxDeviceFile);
  if (!text) return report_error(text.error());
  const std::filesystem::path path(name);
  if (path.parent_path().filename() == catalog::kGermanFolder) {
    return check_translation(name, *text, json);
  }
  const auto family = catalog::load_family(name, *text);
  if (!family) {
    fmt::print(stderr, "{}\n", family.error().detail);
    return kFailed;
  }
  if (const Status fits = check_model(*family); !fits) {
    fmt::print(stderr, "{}: {}\n", name, fits.error().detail);
    return kFailed;
  }
  if (json) {
    print_json(wire::JsonObject{{"file", name},
                                {"family", (*family)->id},
                                {"fields", (*family)->fields.size()},
                                {"commands", (*family)->commands.size()},
                                {"reports", (*family)->reports.size()}});
    return 0;
  }
  fmt::print("{}: good: {} fields, {} commands, {} reports\n", name, (*family)->fields.size(),
             (*family)->commands.size(), (*family)->reports.size());
  return 0;
}

// Checks all files, whatever is wrong with the first.
int check_families(const FamilyArguments& arguments) {
  int code = 0;
  for (const std::string& file : arguments.files) {
    if (const int failed = check_family(file, arguments.json); failed != 0) code = failed;
  }
  return code;
}

int print_page(const FamilyArguments& arguments) {
  const auto catalog =
      catalog::load_catalog(device_files(arguments.devices, default_data_folder()));
  if (!catalog) return report_error(catalog.error());
  if (arguments.family.empty()) {
    fmt::print("{}", catalog::families_page(**catalog));
    return 0;
  }
  const catalog::FamilyPtr family = (*catalog)->find(arguments.family);
  if (!family) {
    std::vector<std::string_view> known;
    for (const catalog::FamilyPtr& one : (*catalog)->families()) known.emplace_back(one->id);
    return report_error({.code = ErrorCode::kBadParams,
                         .detail = fmt::format("there is no family {}{}", arguments.family,
                                               did_you_mean(arguments.family, known))});
  }
  fmt::print("{}", catalog::family_page(*family, **catalog));
  return 0;
}

}  // namespace

std::shared_ptr<void> add_family(CLI::App& app, std::function<int()>& chosen) {
  const auto kept = std::make_shared<FamilyArguments>();
  FamilyArguments& a = *kept;
  CLI::App* family =
      add_command(app, "family", "Describes device families: their fields and commands");
  set_group(*family, group::kInspect);
  set_examples(*family, {"gridloom family list", "gridloom family show delta_2 soc"});
  require_command_below(*family);
  const auto verb = [&](const std::string& name, const std::string& help,
                        int (*run)(const FamilyArguments&)) {
    CLI::App* made = add_command(*family, name, help);
    add_json_option(*made, a.json);
    set_action(*made, chosen, [&a, run] { return run(a); });
    return made;
  };
  CLI::App* list = verb("list", "Lists the families", list_families);
  add_devices_option(*list, a.devices);
  set_examples(*list, {"gridloom family list", "gridloom family list --devices my-devices"});
  add_alias(*list, "ls");
  CLI::App* show = verb("show", "Shows fields, commands and parts", show_family);
  add_value(*show, "family", a.family, placeholder::kFamily, "Id of the family").required();
  add_value(*show, "name", a.name, placeholder::kField,
            "Part of the names of fields, commands and parts to show in full");
  add_devices_option(*show, a.devices);
  set_examples(*show, {"gridloom family show delta_2", "gridloom family show delta_2 chgDsgState"});
  CLI::App* start = verb("new", "Writes a device file to start from", new_family);
  add_value(*start, "family", a.family, placeholder::kName,
            "Id of the new family, which is the name of the file")
      .required();
  add_value(*start, "--devices", a.devices, placeholder::kFolder,
            "Folder of the file; the current one by default");
  set_examples(*start, {"gridloom family new heat_pump --devices my-devices"});
  CLI::App* schema = add_command(*family, "schema", "Prints the JSON Schema of device files");
  add_flag(*schema, "--translations", a.translations,
           "Print the schema of their translations, such as devices/de/delta_2.yaml");
  set_action(*schema, chosen, [&a] { return print_family_schema(a); });
  set_examples(*schema, {"gridloom family schema > schema.json"});
  CLI::App* check =
      verb("check", "Reports every mistake in device files and their translations", check_families);
  add_value(*check, "files", a.files, placeholder::kFile,
            "Device files, or their German texts in the folder de beside them")
      .required();
  set_examples(*check, {"gridloom family check my-devices/*.yaml",
                        "gridloom family check my-devices/de/heat_pump.yaml"});
  auto guess = add_family_guess(*family, chosen);
  CLI::App* page =
      add_command(*family, "page", "Prints the reference page of a family, in Markdown");
  set_action(*page, chosen, [&a] { return print_page(a); });
  add_value(*page, "family", a.family, placeholder::kFamily,
            "Id of the family; without it, the page that lists them");
  add_devices_option(*page, a.devices);
  set_examples(*page, {"gridloom family page delta_2 > delta_2.md"});
  return std::make_shared<std::pair<std::shared_ptr<void>, std::shared_ptr<void>>>(
      kept, std::move(guess));
}

}  // namespace gridloom::app
