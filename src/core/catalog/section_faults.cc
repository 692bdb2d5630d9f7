// Reads the section of the faults that a virtual device can have.
#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>

#include "catalog/sections.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

void read_environment(const Entry& entry, DeviceFault& fault) {
  JsonObject changes;
  entry.object("environment", changes);
  for (const auto& member : changes) {
    const std::string what(member.key());
    if (std::ranges::find(kEnvironmentChanges, what) == kEnvironmentChanges.end()) {
      entry.mistake(
          "environment",
          fmt::format("\"{}\" is unknown: must be {}", what,
                      join({kEnvironmentChanges.begin(), kEnvironmentChanges.end()}, "and")));
    } else if (!member.value().is_number()) {
      entry.mistake("environment", fmt::format("{} must be a number", what));
    } else {
      fault.environment.emplace_back(what, member.value().to_number<double>());
    }
  }
}

// A code of which the file says nothing means the fault that reports it.
void name_codes(Field& field, const Json& reported, const std::string& meaning) {
  if (const JsonArray* elements = reported.if_array()) {
    if (field.fields.empty()) return;
    for (const Json& each : *elements) name_codes(field.fields.front(), each, meaning);
  } else if (wire::is_whole(reported) && field.bits.empty() && !contains(field.values, reported)) {
    field.values.push_back({.value = reported, .name = meaning});
  }
}

}  // namespace

void read_faults(const Entry& file, Family& family) {
  file.members("faults", [&](const std::string& key, const YamlNode& value, std::string path) {
    const Entry entry(value, std::move(path), file.mistakes(), SectionId::kFault);
    DeviceFault fault;
    fault.name = key;
    entry.text("description", fault.description);
    read_environment(entry, fault);
    fault.reports = read_values(entry, "reports", family);
    for (const auto& [name, reported] : fault.reports) {
      Field& field = family.fields[family.field_by_name.find(name)->second];
      if (!field.error) continue;
      if (is_error(field, reported)) {
        name_codes(field, reported, fault.description);
      } else {
        entry.mistake("reports", fmt::format("{} is {}, which is not an error", name,
                                             wire::to_text(reported)));
      }
    }
    entry.texts("freezes", fault.freezes);
    for (const std::string& name : fault.freezes) {
      if (!is_field(family, name)) {
        entry.mistake("freezes", fmt::format("\"{}\" is not a field", name));
      }
    }
    if (fault.environment.empty() && fault.reports.empty() && fault.freezes.empty()) {
      entry.mistake("", "has no effect: must have environment, reports or freezes");
    }
    family.faults.push_back(std::move(fault));
  });
}

}  // namespace gridloom::catalog
