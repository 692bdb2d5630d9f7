#include "catalog/family_page.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/family_json.h"
#include "catalog/home.h"
#include "catalog/natures.h"

namespace gridloom::catalog {
namespace {

constexpr std::size_t kMostElements = 64;  // of an example's array

// ---- Markdown

// Text of a table's cell.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string code(std::string_view text) { return text.empty() ? "" : fmt::format("`{}`", text); }

class Page {
 public:
  template <typename... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Arguments>(arguments)...);
    text_ += '\n';
  }
  // A paragraph, wrapped at the width of the documents.
  void paragraph(std::string_view words, std::string_view first = "") {
    constexpr std::size_t kWidth = 118;
    const std::string indent(first.size(), ' ');
    std::string row(first);
    bool begun = false;
    while (!words.empty()) {
      const std::size_t end = std::min(words.find(' '), words.size());
      const std::string_view word = words.substr(0, end);
      words.remove_prefix(std::min(end + 1, words.size()));
      if (begun && row.size() + 1 + word.size() > kWidth) {
        line("{}", row);
        row = indent;
        begun = false;
      }
      if (begun) row += ' ';
      row += word;
      begun = true;
    }
    if (begun) line("{}", row);
  }
  void gap() { text_ += '\n'; }
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

// ---- values

std::string unit_of(const std::string& unit, double scale) {
  return scale == 1 ? unit : fmt::format("{} × {}", unit, scale);
}

template <typename T>
std::string values_of(const T& each) {
  std::vector<std::string> words;
  words.reserve(each.values.size());
  for (const NamedValue& value : each.values) words.push_back(text_of(value));
  if (words.empty() && each.range) {
    words.push_back(fmt::format("{} to {}", each.range->low, each.range->high));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string notes_of(const Field& field) {
  std::vector<std::string> notes;
  if (const std::string values = values_of(field); !values.empty()) notes.push_back(values);
  if (!field.bits.empty()) {
    std::vector<std::string> bits;
    bits.reserve(field.bits.size());
    for (const NamedValue& bit : field.bits) bits.push_back(text_of(bit));
    notes.push_back(fmt::format("bits: {}", fmt::join(bits, ", ")));
  }
  if (field.absent) notes.push_back(wire::to_text(*field.absent) + ": no value");
  if (field.signed_bits != 0) {
    notes.push_back(fmt::format("negative: may be {} bits without a sign", field.signed_bits));
  }
  if (!field.sign.empty()) notes.push_back(field.sign);
  if (field.error) {
    notes.push_back(fmt::format("{}: {}",
                                field.severity == Severity::kWarning ? "a warning" : "an error",
                                error_text(field)));
  }
  if (!field.written_by.empty()) {
    notes.push_back(fmt::format("set by {}", fmt::join(field.written_by, ", ")));
  }
  return fmt::format("{}", fmt::join(notes, "; "));
}

std::string notes_of(const Param& param) {
  std::vector<std::string> notes;
  if (const std::string values = values_of(param); !values.empty()) notes.push_back(values);
  if (!param.also.empty()) {
    notes.push_back("also " + wire::to_text(wire::JsonArray(param.also.begin(), param.also.end())));
  }
  if (!param.unchanged.empty()) {
    notes.push_back(fmt::format("{} leaves it as it is", wire::to_text(param.unchanged.front())));
  }
  if (param.exactly_one) {
    std::vector<std::string> members;
    members.reserve(param.fields.size());
    for (const Param& member : param.fields) members.push_back(member.name);
    notes.push_back(fmt::format("exactly one true of {}", fmt::join(members, ", ")));
  }
  if (param.required) notes.emplace_back("required");
  if (param.ignored) notes.emplace_back("without effect");
  if (!param.alias.empty()) {
    notes.push_back(fmt::format("also written {}", fmt::join(param.alias, ", ")));
  }
  return fmt::format("{}", fmt::join(notes, "; "));
}

// Calls for a field or parameter and for all that is declared inside of its values, with the names:
// "heartbeat.loads[].sta".
template <typename T, typename Each>
void for_each_inside(const T& outer, const std::string& name, const Each& each) {
  each(outer, name);
  for (const T& inner : outer.fields) {
    for_each_inside(inner, name + (inner.name.empty() ? "[]" : '.' + inner.name), each);
  }
}

// ---- examples

Json example_of(const Param& param);

wire::JsonObject example_members(const std::vector<Param>& params) {
  wire::JsonObject members;
  for (const Param& param : params) {
    if (!param.ignored) members[param.name] = example_of(param);
  }
  for (const Param& param : params) {
    if (param.forms.empty()) continue;
    const std::string chosen = wire::to_text(members[param.form_of]);
    const auto form = std::ranges::find(param.forms, chosen, &Param::name);
    if (form != param.forms.end()) members[param.name] = example_of(*form);
  }
  return members;
}

Json example_number(const Param& param) {
  double number = 1;
  if (param.range) number = std::floor((param.range->low + param.range->high) / 2);
  if (param.type == FieldType::kFloat) return number;
  return std::llround(number);
}

Json example_of(const Param& param) {
  if (!param.values.empty()) return param.values.back().value;
  const std::size_t least = std::min(param.min_items.value_or(1), kMostElements);
  switch (param.type) {
    case FieldType::kBool:
      return true;
    case FieldType::kString:
      return Json(std::string(std::max<std::size_t>(least, 1), 'x'));
    case FieldType::kArray: {
      wire::JsonArray array;
      for (std::size_t k = 0; k < std::max<std::size_t>(least, 1); ++k) {
        array.push_back(param.fields.empty() ? Json(0) : example_of(param.fields.front()));
      }
      return array;
    }
    case FieldType::kObject:
      if (param.exactly_one) return wire::JsonObject{{param.fields.front().name, true}};
      return example_members(param.fields);
    case FieldType::kInt:
    case FieldType::kFloat:
    case FieldType::kAny:
      break;
  }
  return example_number(param);
}

void put(wire::JsonObject& root, std::string_view path, const Json& value) {
  const std::size_t dot = path.find('.');
  if (dot == std::string_view::npos) {
    root[path] = value;
    return;
  }
  Json& next = root[path.substr(0, dot)];
  if (!next.is_object()) next = wire::JsonObject();
  put(next.get_object(), path.substr(dot + 1), value);
}

// A device of the family: one that its file lists, or that a home which comes with Gridloom has, so
// that the examples work there as they stand.
std::string example_sn(const Family& family, const Catalog& catalog) {
  if (!family.virtual_devices.devices.empty()) return family.virtual_devices.devices.front().sn;
  if (family.prefixes.empty()) return "SN";
  // The catalogue may have families of a user's own in the place of those that the home needs.
  const auto home = find_home(std::string(kAllHome), catalog);
  if (home) {
    for (const Site& site : home->sites) {
      for (const SiteDevice& device : site.devices) {
        if (device.family->id == family.id) return device.sn;
      }
    }
  }
  return simulated_sn(family, 1);
}

// A device of a family, which the examples are for.
struct ExampleDevice {
  const Family& family;
  std::string_view sn;
};

// Adds the members that the documents show in a set beside the parameters, with values for the
// references.
void put_members(const ExampleDevice& device, const wire::JsonObject& members,
                 wire::JsonObject& into) {
  for (const auto& [key, value] : members) {
    const auto* text = value.if_string();
    if (text == nullptr || !text->starts_with('$')) {
      into[key] = value;
    } else if (*text == "$message_id") {
      into[key] = 1;
    } else if (*text == "$sn") {
      into[key] = device.sn;
    } else if (text->starts_with("$module:")) {
      const auto& modules = device.family.virtual_devices.modules;
      const auto group = modules.find(std::string(std::string_view(*text).substr(8)));
      if (group != modules.end()) into[key] = group->second.front();
    }
  }
}

// ---- sections

void write_facts(const Family& family, Page& page) {
  page.line("| | |");
  page.line("|---|---|");
  page.line("| product name | {} |", cell(family.listed_product()));
  page.line("| id of the family | {} |", code(family.id));
  page.line("| serial numbers begin with | {} |", fmt::join(family.prefixes, ", "));
  page.line("| fields, commands, reports | {}, {}, {} |", family.fields.size(),
            family.commands.size(), family.reports.size());
  page.line("| `quota/all` | {} |", family.all == QuotaAllForm::kFlat ? "flat" : "nested");
  page.line("| a command is selected by | {} |", fmt::join(family.select, ", "));
  page.line("| virtual devices report | changes every {} s, everything every {} s |",
            static_cast<double>(family.messages.change_ms) / 1000,
            static_cast<double>(family.messages.full_ms) / 1000);
}

void write_products(const Family& family, const Catalog& catalog, Page& page) {
  const auto serves = [&](const Product& product) { return product.family == family.id; };
  if (std::ranges::none_of(catalog.products(), serves)) return;
  page.gap();
  page.line("## Products");
  page.gap();
  page.line("| begins with | product | | source |");
  page.line("|---|---|---|---|");
  for (const Product& product : catalog.products()) {
    if (!serves(product)) continue;
    page.line("| {} | {} | {} | {} |", code(product.prefix), cell(product.name), cell(product.note),
              cell(product.source));
  }
}

// Lists how the serial numbers of each product begin, and which family serves it, or why none does.
void write_all_products(const Catalog& catalog, Page& page) {
  page.gap();
  page.line("## Products");
  page.gap();
  page.paragraph(
      "How the serial numbers of the known products begin; the longest beginning decides. The "
      "beginnings are those in the vendor's documents and of devices that clients of the platform "
      "have seen (devices/products/products.yaml in the sources names them).");
  page.gap();
  page.line("| begins with | product | family | |");
  page.line("|---|---|---|---|");
  for (const Product& product : catalog.products()) {
    const FamilyPtr family = catalog.find(product.family);
    page.line("| {} | {} | {} | {} |", code(product.prefix), cell(product.name),
              family == nullptr ? "none: " + reason_of(product, catalog)
                                : fmt::format("[{0}]({0}.md)", family->id),
              cell(product.note));
  }
}

void write_command(const ExampleDevice& device, const Command& command, Page& page) {
  page.gap();
  page.line("### {}", command.title.empty() ? command.name : command.title);
  page.gap();
  page.paragraph(fmt::format("{}{}. Command `{}`, source {}.", command.description,
                             command.dangerous ? "; it can cut something off" : "", command.name,
                             command.source));
  if (!command.params.empty()) {
    page.gap();
    page.line("| parameter | type | unit | values | meaning |");
    page.line("|---|---|---|---|---|");
    for (const Param& each : command.params) {
      for_each_inside(each, each.name, [&](const Param& param, const std::string& name) {
        page.line("| {} | {} | {} | {} | {} |", code(name), name_of(param.type),
                  unit_of(param.unit, param.scale), cell(notes_of(param)), cell(param.description));
      });
    }
  }
  const std::string body = wire::to_text(example_set(device.family, command, device.sn));
  page.gap();
  page.line("```sh");
  page.line("curl -s -H \"Authorization: Bearer $TOKEN\" -H 'Content-Type: application/json' \\");
  page.line("  -d '{}' \\", body);
  page.line("  http://127.0.0.1:8080/api/v1/devices/{}/commands", device.sn);
  page.line(
      "mosquitto_pub --cafile data/tls/ca.pem -h localhost -p 8883 -u $ACCOUNT -P $PASSWORD \\");
  page.line("  -t \"/open/$ACCOUNT/{}/set\" \\", device.sn);
  page.line("  -m '{{\"id\":1,\"version\":\"1.0\",{}'", body.substr(1));
  page.line("```");
}

void write_commands(const ExampleDevice& device, Page& page) {
  const Family& family = device.family;
  if (family.commands.empty()) return;
  page.gap();
  page.line("## Commands");
  page.gap();
  page.paragraph(
      "`$TOKEN` is a token (docs/user/api.md in the sources), `$ACCOUNT` and `$PASSWORD` are the "
      "account's MQTT sign-in (docs/user/mqtt.md). The values are examples.");
  for (const Command& command : family.commands) write_command(device, command, page);
}

void write_fields(const Family& family, Page& page) {
  page.gap();
  page.line("## Fields");
  page.gap();
  page.line("| field | type | unit | meaning | values | nature | source |");
  page.line("|---|---|---|---|---|---|---|");
  for (const Field& each : family.fields) {
    for_each_inside(each, each.name, [&](const Field& field, const std::string& name) {
      page.line("| {} | {} | {} | {} | {} | {} | {} |", code(name), name_of(field.type),
                unit_of(field.unit, field.scale), cell(field.description), cell(notes_of(field)),
                code(nature_text(field)), cell(field.source));
    });
  }
}

void write_reports(const Family& family, Page& page) {
  page.gap();
  page.line("## Reports");
  page.gap();
  page.line("| report | members that identify it | fields | body's names begin after |");
  page.line("|---|---|---|---|");
  for (const Report& report : family.reports) {
    std::vector<std::string> match;
    match.reserve(report.match.size());
    for (const auto& [key, value] : report.match) {
      match.push_back(fmt::format("`{}: {}`", key, wire::to_text(value)));
    }
    const auto carried = std::ranges::count_if(
        family.fields, [&](const Field& field) { return report.carries(field.name); });
    page.line("| {} | {} | {} | {} |", report.name, cell(fmt::format("{}", fmt::join(match, ", "))),
              carried, code(report.prefix));
  }
}

std::string text_of(const ModbusValue& value) {
  if (value.param.empty()) return fmt::format("{}", value.number);
  return value.times == 1 ? value.param : fmt::format("{} × {}", value.param, value.times);
}

std::string text_of(const Effect& effect) {
  const Json& literal = effect.to.literal;
  const ModbusValue value{.number = literal.is_number() ? literal.to_number<double>() : 0,
                          .param = effect.to.param,
                          .times = effect.times};
  std::string text = fmt::format("`{}` is {}", effect.field, text_of(value));
  if (effect.within != 0) text += fmt::format(", within {}", effect.within);
  if (effect.within_percent != 0) text += fmt::format(" or {} %", effect.within_percent);
  return text;
}

void write_modbus_commands(const Family& family, const Modbus& modbus, Page& page) {
  if (modbus.actions.empty()) return;
  page.gap();
  page.line("| command | parameters | writes | shown by | |");
  page.line("|---|---|---|---|---|");
  for (std::size_t k = 0; k < modbus.actions.size(); ++k) {
    const Command& command = family.modbus_commands[k];
    std::vector<std::string> params;
    params.reserve(command.params.size());
    for (const Param& param : command.params) {
      params.push_back(fmt::format("`{}`: {} {}", param.name, values_of(param), param.unit));
    }
    std::vector<std::string> writes;
    writes.reserve(modbus.actions[k].writes.size());
    for (const ModbusWrite& write : modbus.actions[k].writes) {
      writes.push_back(fmt::format("{} to {}", text_of(write.value), write.to.address));
    }
    std::vector<std::string> shown;
    shown.reserve(command.effects.size());
    for (const Effect& effect : command.effects) shown.push_back(text_of(effect));
    page.line("| `{}` | {} | {} | {} | {} |", command.name,
              cell(fmt::format("{}", fmt::join(params, ", "))), fmt::join(writes, ", "),
              fmt::join(shown, ", "), cell(command.description));
  }
}

void write_modbus(const Family& family, Page& page) {
  if (!family.modbus) return;
  const Modbus& modbus = *family.modbus;
  page.gap();
  page.line("## Over Modbus");
  page.gap();
  page.paragraph(fmt::format(
      "Modbus TCP at port {}, unit {}, for a bridge (docs/user/modbus.md in the sources). Of a "
      "value of two registers the {} half stands first where it is read, and the {} half where it "
      "is written.",
      modbus.port, modbus.unit, modbus.reads == WordOrder::kLowFirst ? "low" : "high",
      modbus.writes == WordOrder::kLowFirst ? "low" : "high"));
  page.gap();
  page.line("| register | type | field | times | source |");
  page.line("|---|---|---|---|---|");
  for (const ModbusReading& reading : modbus.readings) {
    page.line("| {} | {} | {} | {} | {} |", reading.from.address, name_of(reading.from.type),
              code(reading.field), reading.times, reading.source);
  }
  write_modbus_commands(family, modbus, page);
}

void write_quirks(const Family& family, Page& page) {
  if (family.notes.quirks.empty()) return;
  page.gap();
  page.line("## Peculiarities");
  page.gap();
  for (const Quirk& quirk : family.notes.quirks) {
    page.paragraph(fmt::format("{} ({})", quirk.what, quirk.source), "- ");
  }
}

void write_energy_corrections(const Family& family, Page& page) {
  if (family.notes.energy_corrections.empty()) return;
  page.gap();
  page.line("## Corrections of energies");
  page.gap();
  page.paragraph(
      "Energies that were stored before are counted anew, as far back as raw values are "
      "kept. What was wrong, the oldest first:");
  page.gap();
  for (const std::string& each : family.notes.energy_corrections) page.paragraph(each, "- ");
}

void write_faults(const Family& family, Page& page) {
  if (family.faults.empty()) return;
  page.gap();
  page.line("## Faults of virtual devices");
  page.gap();
  page.line("| fault | |");
  page.line("|---|---|");
  for (const DeviceFault& fault : family.faults) {
    page.line("| {} | {} |", code(fault.name), cell(fault.description));
  }
}

}  // namespace

wire::JsonObject example_set(const Family& family, const Command& command, std::string_view sn) {
  wire::JsonObject message;
  put_members({family, sn}, family.messages.set, message);
  put_members({family, sn}, command.set, message);
  for (const std::string_view each : {"id", "version", "sn"}) message.erase(each);
  for (const auto& [path, value] : command.select) put(message, path, value);
  Json& params = message["params"];
  if (!params.is_object()) params = wire::JsonObject();
  for (const auto& [name, value] : example_members(command.params)) {
    const Json* own = command.example.if_contains(name);
    params.get_object()[name] = own == nullptr ? value : *own;
  }
  return message;
}

std::string family_page(const Family& family, const Catalog& catalog) {
  Page page;
  page.line("# {}", family.product);
  page.gap();
  page.paragraph(
      fmt::format("{}. `gridloom family page {}` generated this page from the device file. "
                  "[All families](README.md)",
                  family.description, family.id));
  page.gap();
  write_facts(family, page);
  write_products(family, catalog, page);
  const std::string sn = example_sn(family, catalog);
  write_commands({.family = family, .sn = sn}, page);
  write_fields(family, page);
  write_reports(family, page);
  write_modbus(family, page);
  write_quirks(family, page);
  write_energy_corrections(family, page);
  write_faults(family, page);
  return page.take();
}

std::string families_page(const Catalog& catalog) {
  Page page;
  page.line("# Device families");
  page.gap();
  page.paragraph(
      "`gridloom family page` generated these pages from the device files. A device belongs to the "
      "family with the longest beginning of its serial number. A device that no family serves is "
      "kept as it reports, under the names that it uses, and takes any set: make a family for it "
      "with `gridloom family guess` (docs/user/device-families.md in the sources).");
  page.gap();
  page.line("| family | serial numbers | fields | commands | |");
  page.line("|---|---|---|---|---|");
  for (const FamilyPtr& family : catalog.families()) {
    if (family->passthrough) continue;
    page.line("| [{}]({}.md) | {} | {} | {} | {} |", cell(family->product), family->id,
              fmt::join(family->prefixes, ", "), family->fields.size(), family->commands.size(),
              cell(family->description));
  }
  write_all_products(catalog, page);
  return page.take();
}

}  // namespace gridloom::catalog
