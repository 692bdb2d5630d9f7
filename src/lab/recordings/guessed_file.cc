// Writes a guessed family as a device file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "recordings/family_guess.h"

namespace gridloom::recordings {
namespace {

using catalog::FieldType;
using wire::Json;

constexpr std::int64_t kChange_ms = 2000;
constexpr std::int64_t kFull_ms = 60'000;

bool is_among(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// A name or a text as YAML has it: in quotes unless it is plain.
std::string yaml_text(std::string_view text) {
  const bool plain =
      !text.empty() && (std::isalnum(static_cast<unsigned char>(text.front())) != 0) &&
      std::ranges::any_of(text, [](unsigned char c) { return std::isalpha(c) != 0; }) &&
      std::ranges::all_of(text, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '*' || c == '-';
      });
  if (plain && text != "true" && text != "false" && text != "null") return std::string(text);
  std::string out;
  wire::append_quoted(out, text);
  return out;
}

// "cfgAcOutFreq" as "Cfg ac out freq": a beginning of a description.
std::string words_of(std::string_view name) {
  name = name.substr(name.rfind('.') + 1);
  std::string words;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool breaks = std::isupper(byte) != 0 && !words.empty() &&
                        std::islower(static_cast<unsigned char>(words.back())) != 0;
    if (breaks || c == '_') words += ' ';
    if (c != '_') words += breaks ? static_cast<char>(std::tolower(byte)) : c;
  }
  if (words.empty()) return "?";
  words.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(words.front())));
  return words;
}

std::string seen_text(const SeenValues& values) {
  if (values.texts.empty()) return "";
  std::vector<std::string> texts(values.texts.begin(), values.texts.end());
  if (values.low && values.more) return fmt::format("{} to {}", *values.low, *values.high);
  return fmt::format("{}{}", fmt::join(texts, ", "), values.more ? ", ..." : "");
}

class Writer {
 public:
  explicit Writer(const GuessedFamily& family) : family_(family) {}

  std::string text(std::string_view id) {
    head(id);
    groups();
    messages();
    reports();
    fields();
    commands();
    virtual_device();
    return std::move(out_);
  }

 private:
  template <typename... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
    out_ += '\n';
  }

  void head(std::string_view id) {
    line("# yaml-language-server: $schema=schema.json");
    line(
        "# Guessed from a recording. What stands here was seen; a comment with a question mark is");
    line("# what the recording cannot say. `gridloom family check` reports every mistake.");
    if (!family_.similar.empty()) {
      line("# What agrees with {0} is taken from its file: what is no guess has no question.",
           family_.similar);
    }
    line("family: {}", id);
    line("product: {}        # What does the device list call it?", yaml_text(id));
    line("description: Guessed from a recording   # What kind of device is it?");
    line("prefixes: [{}]   # Do other serial numbers begin otherwise?",
         fmt::join(family_.prefixes, ", "));
    line("quota_all: {}", family_.nested_answers ? "nested" : "flat");
    if (family_.commands.empty()) {
      line("read_only: true   # No set was recorded: which commands are there?");
    } else {
      line("select: [{}]", fmt::join(family_.select, ", "));
    }
    out_ += '\n';
  }

  void groups() {
    if (family_.groups.empty()) return;
    line("groups:");
    for (const catalog::FieldGroup& group : family_.groups) {
      line("  {}:", yaml_text(group.name));
      line("    title: {}", yaml_text(group.title));
      std::vector<std::string> fields;
      fields.reserve(group.fields.size());
      for (const std::string& field : group.fields) fields.push_back(yaml_text(field));
      line("    fields: [{}]", fmt::join(fields, ", "));
    }
    out_ += '\n';
  }

  void messages() {
    line("messages:");
    line("  change_ms: {}{}", family_.change_ms > 0 ? family_.change_ms : kChange_ms,
         family_.change_ms > 0 ? "" : "   # How often does it report?");
    line("  full_ms: {}{}", family_.full_ms > 0 ? family_.full_ms : kFull_ms,
         family_.full_ms > 0 ? "" : "   # How often does it report everything?");
    if (family_.nested) line("  nested: true");
    line("  report_body: {}", yaml_text(family_.report_body));
    if (!family_.report_body.empty()) line("  report: {}", wire::to_text(family_.report));
    if (!family_.result.empty()) {
      line("  reply: {}", wire::to_text(family_.reply));
      line("  result: {}", yaml_text(family_.result));
    }
    if (!family_.set.empty()) line("  set: {}", wire::to_text(family_.set));
    out_ += '\n';
  }

  // The prefix, if it is that of no other report.
  [[nodiscard]] bool is_own_prefix(const GuessedReport& report) const {
    if (report.prefix.empty()) return false;
    return std::ranges::none_of(family_.fields, [&](const GuessedField& field) {
      return field.name.starts_with(report.prefix) && !is_among(report.fields, field.name);
    });
  }

  void reports() {
    line("reports:");
    for (const GuessedReport& report : family_.reports) {
      line("  {}:", yaml_text(report.name));
      if (!report.match.empty()) line("    match: {}", wire::to_text(report.match));
      if (!report.prefix.empty()) line("    prefix: {}", yaml_text(report.prefix));
      if (!report.module.empty()) line("    module: {}", yaml_text(report.module));
      if (report.also_flat && family_.nested) line("    also_flat: true");
      if (is_own_prefix(report)) {
        line("    fields: [{}]", yaml_text(report.prefix));
        continue;
      }
      line("    fields:");
      for (const std::string& name : report.fields) line("      - {}", yaml_text(name));
    }
    out_ += '\n';
  }

  void fields() {
    line("fields:");
    for (const GuessedField& field : family_.fields) {
      const FieldType type = field.type();
      line("  {}:", yaml_text(field.name));
      line("    type: {}", name_of(type));
      if (field.known_type) {
        for (const auto& [key, value] : field.kept) line("    {}: {}", key, value);
        if (!field.values.last.is_null()) line("    initial: {}", wire::to_text(field.values.last));
        line("    source: real");
        continue;
      }
      line("    description: {}   # What is it?", yaml_text(words_of(field.name)));
      const std::string seen = seen_text(field.values);
      const bool number = catalog::is_numeric(type) && type != FieldType::kBool;
      if (field.only_end) {
        line("    # Only {} was seen: int or float? Which unit, scale and range?",
             wire::to_text(field.values.last));
      } else if (!seen.empty()) {
        line("    # seen: {}{}", seen,
             !number             ? ""
             : field.values.more ? "; which unit, scale and range?"
                                 : "; do the values have names, or a unit?");
      }
      if (field.fractions && !field.only_end)
        line("    # Only whole numbers were seen: has it fractions, as its kind?");
      if (!field.values.last.is_null()) line("    initial: {}", wire::to_text(field.values.last));
      line("    source: real");
    }
    out_ += '\n';
  }

  // Whether a number becomes a boolean or the other way round, which only the long form of an
  // effect can say.
  [[nodiscard]] bool converts(const GuessedParam& param) const {
    const FieldType from = param.values.type();
    const FieldType to = from == FieldType::kBool ? FieldType::kInt : FieldType::kBool;
    return (from == FieldType::kInt || from == FieldType::kBool) &&
           std::ranges::any_of(family_.fields, [&](const GuessedField& field) {
             return field.type() == to && is_among(param.sets, field.name);
           });
  }

  void effects(const GuessedCommand& command) {
    if (std::ranges::none_of(command.params, [&](const auto& each) { return converts(each); })) {
      return;
    }
    line("    effects:");
    for (const GuessedParam& each : command.params) {
      if (!converts(each)) continue;
      for (const std::string& field : each.sets) {
        const bool from_bool = each.values.type() == FieldType::kBool;
        line("      - {{set: {}, to: ${}, {}}}", yaml_text(field), each.name,
             from_bool ? "map: {false: 0, true: 1}" : "as: bool");
      }
    }
  }

  void param(const GuessedParam& param) {
    const FieldType type = param.values.type();
    line("      {}:", yaml_text(param.name));
    line("        type: {}", name_of(type == FieldType::kArray ? FieldType::kAny : type));
    line("        description: {}   # What is it?", yaml_text(words_of(param.name)));
    const std::string seen = seen_text(param.values);
    if (!seen.empty()) line("        # sent: {}; what else is valid?", seen);
    if (!param.sets.empty()) {
      if (!converts(param)) line("        sets: [{}]", fmt::join(param.sets, ", "));
    } else if (!param.maybe.empty()) {
      line("        # sets one of {}?", fmt::join(param.maybe, ", "));
    } else {
      line("        # No field took its value: what does it do?");
    }
  }

  void commands() {
    if (family_.commands.empty()) return;
    line("commands:");
    for (const GuessedCommand& command : family_.commands) {
      line("  {}:", yaml_text(command.name));
      if (!command.kept.empty()) {
        if (command.sent == 0) line("    # No set of it was recorded: does the device take it?");
        for (const auto& [key, value] : command.kept) line("    {}: {}", key, value);
        line("    source: {}", command.sent == 0 ? "ours" : "real");
        continue;
      }
      line("    description: {}   # What does it do, and is it dangerous?",
           yaml_text(words_of(command.name)));
      wire::JsonObject select;
      for (const auto& [path, value] : command.select) select[path] = value;
      line("    select: {}", wire::to_text(select));
      line("    params:{}", command.params.empty() ? " {}" : "");
      for (const GuessedParam& each : command.params) param(each);
      effects(command);
      if (!command.reply.empty()) line("    reply: {}", wire::to_text(command.reply));
      line("    source: real");
    }
    out_ += '\n';
  }

  void virtual_device() {
    line("virtual:");
    line("  devices: [{{sn: {}, name: {}}}]", yaml_text(family_.sn), yaml_text(family_.sn));
    if (family_.modules.empty()) return;
    line("  modules:");
    for (const auto& [group, sns] : family_.modules) {
      line("    {}: [{}]", yaml_text(group), fmt::join(sns, ", "));
    }
  }

  const GuessedFamily& family_;
  std::string out_;
};

}  // namespace

std::string device_file_of(const GuessedFamily& guessed, std::string_view id) {
  return Writer(guessed).text(id);
}

}  // namespace gridloom::recordings
