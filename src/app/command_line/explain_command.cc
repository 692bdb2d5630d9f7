// `gridloom explain`: what the device file says of a field or a command. It needs no server, unless
// the family is given by the name of a device.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/command_line/commands.h"
#include "app/command_line/common_options.h"
#include "app/command_line/home_options.h"
#include "app/command_line/output.h"
#include "app/command_line/usage_error.h"
#include "app/home/field_lookup.h"
#include "app/home/set_plan.h"
#include "base/nearest.h"
#include "base/printable.h"
#include "catalog/family_json.h"
#include "catalog/natures.h"
#include "catalog/readable_values.h"

namespace gridloom::app {
namespace {

using catalog::Command;
using catalog::Family;
using catalog::Field;
using catalog::NamedValue;
using catalog::number_text;
using catalog::Param;
using wire::JsonObject;

struct ExplainArguments {
  HomeOptions home;
  std::string device;
  std::string name;
};

void print_line(std::string_view key, std::string_view text) {
  if (!text.empty()) fmt::print("  {:<12} {}\n", key, wrapped_words(printable(text), 15));
}

void print_values(std::string_view key, const std::vector<NamedValue>& values) {
  for (const NamedValue& each : values) {
    print_line(key, text_of(each));
    key = "";
  }
}

void print_named(std::string_view key, const Field& field) {
  print_values(key, field.values);
  if (field.others && !field.values.empty()) print_line("", "and others");
}

std::string range_text(const std::optional<catalog::Range>& range, double scale,
                       std::string_view unit) {
  if (!range) return {};
  return fmt::format("{} to {}{}{}", number_text(range->low * scale),
                     number_text(range->high * scale), unit.empty() ? "" : " ", unit);
}

std::string source_text(const std::string& source) {
  if (source.empty()) return {};
  if (source == "real") return "real: only devices show it, no document of the vendor";
  return source;
}

// How the field is set: "acChgCfg chgWatts=VALUE". A model's command takes any of the parameters.
std::vector<std::string> ways_to_set(const Family& family, const Field& field) {
  std::vector<std::string> ways;
  for (const Command& command : family.commands) {
    if (std::ranges::find(field.written_by, command.name) == field.written_by.end()) continue;
    const bool is_shown = std::ranges::find(command.shown_by, field.name) != command.shown_by.end();
    std::string way = command.name;
    const auto add = [&way](std::string_view param) {
      const std::string word = fmt::format(" {}=VALUE", param.substr(0, param.find('.')));
      if (!way.contains(word)) way += word;
    };
    for (const Param& param : command.params) {
      if (param.required || (is_shown && !param.ignored)) add(param.name);
    }
    for (const catalog::Effect& effect : command.effects) {
      if (effect.field == field.name && !effect.to.param.empty()) add(effect.to.param);
    }
    ways.push_back(std::move(way));
  }
  return ways;
}

// Prints which values a field, or a member of one, can have.
void print_form(std::string_view indent, const Field& field) {
  const auto key = [indent](std::string_view name) { return fmt::format("{}{}", indent, name); };
  print_line(key("unit"), field.unit);
  if (field.scale != 1) {
    print_line(key("on the wire"),
               fmt::format("times {}: 1 stands for {} {}", number_text(field.scale),
                           number_text(field.scale), field.unit));
  }
  if (field.signed_bits != 0) {
    print_line(key("negative"),
               fmt::format("may be sent as {} bits without a sign", field.signed_bits));
  }
  if (field.values.empty()) {
    print_line(key("range"), range_text(field.range, field.scale, field.unit));
  }
  print_named(key("values"), field);
  print_values(key("bits"), field.bits);
  if (field.absent) {
    print_line(key("no value"), fmt::format("{} stands for none", wire::to_text(*field.absent)));
  }
}

// Prints what stands inside of a field's value: "[].ctrlSta" is a member of its elements.
void print_inside(const Field& field, const std::string& path) {
  for (const Field& inner : field.fields) {
    const std::string at = path + (inner.name.empty() ? "[]" : '.' + inner.name);
    if (inner.fields.empty()) {
      fmt::print("  {}\n", at.starts_with('.') ? at.substr(1) : at);
      print_line("  title", inner.title == inner.description ? "" : inner.title);
      print_line("  description", inner.description);
      print_form("  ", inner);
    }
    print_inside(inner, at);
  }
}

void print_ways(const Family& family, const Field& field) {
  const auto ways = ways_to_set(family, field);
  if (ways.empty()) print_line("set by", "no command: it can only be read");
  std::string_view key = "set by";
  for (const std::string& way : ways) {
    print_line(key, way);
    key = "";
  }
}

void print_field(const Family& family, const Field& field) {
  fmt::print("{}\n", field.name);
  print_line("title", field.title);
  print_line("description", field.description);
  print_line("family", fmt::format("{} ({})", family.product, family.id));
  print_line("type", catalog::name_of(field.type));
  print_form("", field);
  const bool has_plain_elements = field.type == catalog::FieldType::kArray &&
                                  field.fields.size() == 1 && field.fields.front().fields.empty();
  if (has_plain_elements) print_named("elements", field.fields.front());
  if (field.error) print_line(catalog::name_of(field.severity), catalog::error_text(field));
  print_line("nature", catalog::nature_text(field));
  print_line("sign", field.sign);
  print_ways(family, field);
  print_line("source", source_text(field.source));
  if (!has_plain_elements) print_inside(field, "");
}

void print_member(const Family& family, const MemberPlace& place) {
  const Field& member = *place.member;
  fmt::print("{}{}\n", place.outer->name, place.path);
  print_line("title", member.title);
  print_line("description", member.description);
  print_line("inside of", catalog::title_of(*place.outer));
  print_line("family", fmt::format("{} ({})", family.product, family.id));
  print_line("type", catalog::name_of(member.type));
  print_form("", member);
  print_ways(family, *place.outer);
  print_line("source", source_text(place.outer->source));
  print_inside(member, "");
}

void print_command(const Command& command) {
  fmt::print("{}{}\n", command.name, command.dangerous ? " (dangerous)" : "");
  print_line("title", command.title);
  print_line("description", command.description);
  for (const Param& param : command.params) {
    if (param.ignored) continue;
    fmt::print("  {}={}\n", param.name, param.required ? "VALUE (required)" : "VALUE");
    print_line("  title", param.title);
    print_line("  description", param.description);
    if (param.values.empty()) {
      print_line("  range", range_text(param.range, param.scale, param.unit));
      if (!param.range) print_line("  unit", param.unit);
    }
    print_values("  values", param.values);
  }
  print_line("source", source_text(command.source));
}

void print_facts(const Family& family, JsonObject facts) {
  facts["family"] = family.id;
  print_json(facts);
}

Error unknown_family(const catalog::Catalog& catalog, const std::string& word) {
  std::vector<std::string_view> ids;
  for (const catalog::FamilyPtr& family : catalog.families()) ids.push_back(family->id);
  return {.code = ErrorCode::kNotFound,
          .detail = fmt::format("{} is neither a family nor a serial number of one{}",
                                printable(word), did_you_mean(word, ids))};
}

// The family that a word names: by its id, by a serial number, or by the name of a device of the
// home, if there is one.
Result<catalog::FamilyPtr> family_of(const HomeOptions& options, const catalog::Catalog& catalog,
                                     const std::string& word) {
  if (catalog::FamilyPtr named = catalog.find(word)) return named;
  if (catalog::FamilyPtr family = catalog.of_serial(word); !family->passthrough) return family;
  const Error unknown = unknown_family(catalog, word);
  if (!has_home(options)) return std::unexpected(unknown);
  GL_TRY(auto home, home_of(options));
  GL_TRY(const auto devices, home->devices());
  const auto device = find_device(devices, word);
  if (device) return catalog.of_serial(device->sn);
  const bool is_near = unknown.detail.ends_with('?');
  return std::unexpected(is_near && device.error().code == ErrorCode::kNotFound ? unknown
                                                                                : device.error());
}

int explain_name(const Family& family, const ExplainArguments& arguments) {
  if (const Command* command = find_command(family, arguments.name)) {
    if (arguments.home.json) {
      print_facts(family, json_of(*command));
    } else {
      print_command(*command);
    }
    return 0;
  }
  const auto field = find_field(family, arguments.name);
  const auto member = field ? fail(ErrorCode::kNotFound, "") : find_member(family, arguments.name);
  if (member) {
    if (arguments.home.json) {
      print_facts(family, json_of(family, *member->outer));  // they have all members
    } else {
      print_member(family, *member);
    }
    return 0;
  }
  if (member.error().code == ErrorCode::kConflict) return report_error(member.error(), kWrongUsage);
  if (!field) {
    const bool is_unknown = field.error().code == ErrorCode::kNotFound;
    return report_error(is_unknown ? unknown_word(family, arguments.name) : field.error(),
                        kWrongUsage);
  }
  if (arguments.home.json) {
    print_facts(family, json_of(family, **field));
  } else {
    print_field(family, **field);
  }
  return 0;
}

int explain(const ExplainArguments& arguments) {
  const auto catalog = catalog_of(arguments.home);
  if (!catalog) return report_error(catalog.error());
  const auto family = family_of(arguments.home, **catalog, arguments.device);
  if (!family) {
    const bool is_unknown = family.error().code == ErrorCode::kNotFound;
    return report_error(family.error(), is_unknown ? kWrongUsage : kFailed);
  }
  return explain_name(**family, arguments);
}

}  // namespace

std::shared_ptr<void> add_explain(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<ExplainArguments>();
  ExplainArguments& a = *kept;
  CLI::App* explain_app =
      add_command(app, "explain",
                  "Explains a field or a command: meaning, unit, values, source, how to set it");
  set_group(*explain_app, group::kUse);
  set_examples(*explain_app,
               {"gridloom explain R331ZEB4ZEAL0528 pd.soc", "gridloom explain delta_2 acChgCfg"});
  add_value(*explain_app, "device", a.device, placeholder::kSn,
            "Serial number, name or a part of it, or the id of a family")
      .required();
  add_value(*explain_app, "field", a.name, placeholder::kField, "Name of the field or command")
      .required();
  add_home_options(*explain_app, a.home);
  set_action(*explain_app, chosen, [&a] { return explain(a); });
  return kept;
}

}  // namespace gridloom::app
