// Reads the sections about messages: envelopes, reports, the history queries, and quirks.
#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "catalog/sections.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

// ---- references: "$name" in envelopes and replies

// The problem of a "$name" reference; empty if the reference is valid.
std::string reference_problem(std::string_view name, const ReferenceScope& scope) {
  if (scope.set && name != "message_id" && name != "sn" && !name.starts_with("module:")) {
    return fmt::format("${} is unknown: must be $message_id, $sn or $module:GROUP", name);
  }
  if (scope.set && name == "sn") return "";
  if (name == "message_id" || name == "uptime_ms" || name == "now_ms") return "";
  if (name.starts_with("field:")) {
    name.remove_prefix(6);
    return scope.family.field(name) != nullptr ? "" : fmt::format("\"{}\" is not a field", name);
  }
  if (name.starts_with("module:")) {
    name.remove_prefix(7);
    return scope.family.virtual_devices.modules.contains(std::string(name))
               ? ""
               : fmt::format("virtual.modules has no group \"{}\"", name);
  }
  if (name == "id" || name.starts_with("request.")) {
    return scope.request ? "" : fmt::format("${} is not allowed here: there is no request", name);
  }
  if (scope.command != nullptr && name == "action") {
    const auto has_action = [](const Param& param) { return param.action.has_value(); };
    return std::ranges::any_of(scope.command->params, has_action)
               ? ""
               : fmt::format("$action: no param of {} has an action", scope.command->name);
  }
  if (scope.command != nullptr) {
    const ParamPath found = find_param(scope.command->params, name);
    if (found.known && (found.param == nullptr || !found.param->ignored)) return "";
    if (found.known) {
      return fmt::format("${} is an ignored parameter; use $request.params.{}", name, name);
    }
  }
  return fmt::format(
      "${} is unknown: must be $id, $message_id, $uptime_ms, $now_ms, $request.x, $module:GROUP, "
      "$field:NAME, $action or a param of the command",
      name);
}

void check_node(const Json& value, const Entry& entry, std::string_view key,
                const ReferenceScope& scope) {
  if (const auto* text = value.if_string(); text != nullptr && text->starts_with('$')) {
    const std::string problem = reference_problem(std::string_view(*text).substr(1), scope);
    if (!problem.empty()) entry.mistake(key, problem);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) check_node(member.value(), entry, key, scope);
  } else if (const auto* array = value.if_array()) {
    for (const Json& one : *array) check_node(one, entry, key, scope);
  }
}

// ---- messages

void read_rhythm(const Entry& file, Family& family) {
  const YamlNode* node = file.find("messages");
  if (node == nullptr) return;
  Messages& messages = family.messages;
  const Entry entry(*node, "messages", file.mistakes(), SectionId::kMessages);
  entry.whole("change_ms", messages.change_ms);
  entry.whole("full_ms", messages.full_ms);
  entry.flag("nested", messages.nested);
  entry.text("report_body", messages.report_body);
  entry.object("report", messages.report);
  entry.object("reply", messages.reply);
  entry.text("result", messages.result);
  entry.object("set", messages.set);
  check_references(messages.report, entry, "report", {.family = family});
  check_references(messages.reply, entry, "reply", {.family = family, .request = true});
  check_references(messages.set, entry, "set", {.family = family, .set = true});
  if (messages.change_ms < 1) entry.mistake("change_ms", "must be 1 or more");
  if (messages.full_ms < messages.change_ms) {
    entry.mistake("full_ms", fmt::format("is {}: less than change_ms, {}", messages.full_ms,
                                         messages.change_ms));
  }
  if (messages.report_body.empty() && !messages.report.empty()) {
    entry.mistake("report", "must be {}: a report without report_body has no envelope");
  }
  if (messages.result.empty()) entry.mistake("result", "is empty");
}

// ---- reports

// For each field, the report that carries it.
using Carriers = std::vector<const Report*>;

void carry(const Entry& entry, const Family& family, const Report& report, Carriers& carriers) {
  for (const std::string& name : report.fields) {
    const bool prefix = name.ends_with('.');
    bool any = false;
    for (std::size_t k = 0; k < family.fields.size(); ++k) {
      const std::string& field = family.fields[k].name;
      if (prefix ? !field.starts_with(name) : field != name) continue;
      any = true;
      if (!field.starts_with(report.prefix)) {
        entry.mistake("prefix",
                      fmt::format("\"{}\" is not a prefix of {}, which the report carries",
                                  report.prefix, field));
      }
      if (carriers[k] != nullptr) {
        entry.mistake("fields",
                      fmt::format("{} is carried by {} already", field,
                                  carriers[k] == &report ? "this report" : carriers[k]->name));
      }
      carriers[k] = &report;
    }
    if (!any) {
      entry.mistake("fields",
                    fmt::format("\"{}\" matches no field: must be a field's name, or a prefix that "
                                "ends with a dot",
                                name));
    }
  }
}

Report read_report(const std::string& name, const Entry& entry, const Family& family) {
  Report report;
  report.name = name;
  JsonObject match;
  entry.object("match", match);
  for (const auto& member : match) report.match.emplace_back(member.key(), member.value());
  entry.texts("fields", report.fields);
  entry.text("prefix", report.prefix);
  entry.object("extra", report.extra);
  check_references(report.extra, entry, "extra", {.family = family});
  entry.flag("only_full", report.only_full);
  entry.text("module", report.module);
  entry.flag("also_flat", report.also_flat);
  if (report.also_flat && !family.messages.nested) {
    entry.mistake("also_flat", "has no effect: messages are flat unless nested is true");
  }
  return report;
}

// Each message of a module report is about one module, so each of its fields must have a '*' right
// after the prefix, and the envelope must have a member for the module's serial number.
void check_module(const Entry& entry, const Family& family, const Report& report) {
  if (report.module.empty()) return;
  const bool taken =
      report.module == family.messages.report_body ||
      family.messages.report.contains(report.module) || report.extra.contains(report.module) ||
      std::ranges::any_of(report.match,
                          [&](const auto& member) { return member.first == report.module; });
  if (taken) {
    entry.mistake("module",
                  fmt::format("\"{}\" is a member of the message already", report.module));
  }
  const std::string starred = report.prefix + "*.";
  const auto stray = std::ranges::find_if(family.fields, [&](const Field& field) {
    return report.carries(field.name) && !field.name.starts_with(starred);
  });
  if (stray == family.fields.end()) return;
  entry.mistake("module", fmt::format("{} does not start with {}: each field that the report "
                                      "carries must be a module's",
                                      stray->name, starred));
}

// Reports without an envelope are recognized by their fields.
void check_match(const Entry& file, const Family& family) {
  const std::vector<Report>& reports = family.reports;
  if (family.messages.report_body.empty()) return;
  for (std::size_t k = 0; k < reports.size(); ++k) {
    for (std::size_t before = 0; before < k; ++before) {
      if (reports[before].match != reports[k].match) continue;
      const YamlNode& node = *file.find("reports")->find(reports[k].name);
      file.mistakes().add(
          node.line, fmt::format("reports.{}.match", reports[k].name),
          fmt::format("is the same as that of {}: the two reports cannot be distinguished",
                      reports[before].name));
      break;
    }
  }
}

void read_reports(const Entry& file, Family& family) {
  std::vector<Entry> entries;
  file.members("reports", [&](const std::string& key, const YamlNode& value, std::string path) {
    const Entry entry(value, std::move(path), file.mistakes(), SectionId::kReport);
    family.reports.push_back(read_report(key, entry, family));
    entries.push_back(entry);
  });
  Carriers carriers(family.fields.size(), nullptr);
  for (std::size_t k = 0; k < family.reports.size(); ++k) {
    carry(entries[k], family, family.reports[k], carriers);
    check_module(entries[k], family, family.reports[k]);
  }
  for (std::size_t k = 0; k < family.fields.size(); ++k) {
    if (carriers[k] != nullptr || family.passthrough) continue;
    file.mistakes().add(file.find("fields")->find(family.fields[k].name)->line,
                        child("fields", family.fields[k].name), "no report carries this field");
  }
  check_match(file, family);
}

// ---- history

Index read_index(const Entry& entry) {
  Index index;
  entry.text("name", index.name);
  entry.text("unit", index.unit);
  entry.choice("counter", index.counter);
  entry.choice("share_of", index.share_of);
  entry.choice("share_in", index.share_in);
  entry.number("times", index.times);
  entry.flag("remainder", index.remainder);
  entry.text("extra", index.extra);
  const bool share = entry.has("share_of") && entry.has("share_in");
  const bool any_share = entry.has("share_of") || entry.has("share_in");
  if (share != entry.has("counter") && share == any_share) return index;
  entry.mistake("counter", "is missing: must be given, or both share_of and share_in");
  return index;
}

void read_history(const Entry& entry, Family& family) {
  History history;
  entry.text("code", history.code);
  std::set<std::string> names;
  entry.items("indexes", [&](const YamlNode& value, std::string path) {
    const Entry one(value, std::move(path), entry.mistakes(), SectionId::kIndex);
    history.indexes.push_back(read_index(one));
    const Index& index = history.indexes.back();
    if (!names.insert(index.name + '\n' + index.extra).second) {
      one.mistake("name", fmt::format("\"{}\" occurs twice", index.name));
    }
  });
  const auto same = std::ranges::find(family.histories, history.code, &History::code);
  if (same != family.histories.end()) {
    entry.mistake("code", fmt::format("\"{}\" occurs twice", history.code));
  }
  family.histories.push_back(std::move(history));
}

void read_histories(const Entry& file, Family& family) {
  if (const YamlNode* node = file.find("history"); node != nullptr) {
    read_history(Entry(*node, "history", file.mistakes(), SectionId::kHistory), family);
  }
  file.items("histories", [&](const YamlNode& value, std::string path) {
    read_history(Entry(value, std::move(path), file.mistakes(), SectionId::kHistory), family);
  });
}

void read_identities(const Entry& file, Family& family) {
  file.items("identities", [&](const YamlNode& value, std::string path) {
    const Entry entry(value, std::move(path), file.mistakes(), SectionId::kIdentity);
    auto left = read_formula(entry, "left", family);
    auto right = read_formula(entry, "right", family);
    double within = 0;
    entry.number("within", within);
    if (!left || !right) return;
    family.identities.push_back(
        {.left = std::move(*left), .right = std::move(*right), .within = within});
  });
}

void read_quirks(const Entry& file, Family& family) {
  file.items("quirks", [&](const YamlNode& value, std::string path) {
    const Entry entry(value, std::move(path), file.mistakes(), SectionId::kQuirk);
    Quirk quirk;
    entry.text("what", quirk.what);
    entry.source(quirk.source);
    family.notes.quirks.push_back(std::move(quirk));
  });
}

}  // namespace

void check_references(const JsonObject& value, const Entry& entry, std::string_view key,
                      const ReferenceScope& scope) {
  for (const auto& member : value) check_node(member.value(), entry, key, scope);
}

void read_messages(const Entry& file, Family& family) {
  read_rhythm(file, family);
  read_reports(file, family);
  read_histories(file, family);
  read_identities(file, family);
  read_quirks(file, family);
  file.texts("energy_corrections", family.notes.energy_corrections);
}

}  // namespace gridloom::catalog
