// Reads the section of the faults that a virtual device can have.
#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>

#include "catalog/sections.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

void read_does(const Entry& entry, DeviceFault& fault) {
  JsonObject does;
  entry.object("does", does);
  for (const auto& member : does) {
    const std::string what(member.key());
    if (std::ranges::find(kTroubleMeans, what) == kTroubleMeans.end()) {
      entry.mistake("does", fmt::format("\"{}\" is unknown; there are {}", what,
                                        join({kTroubleMeans.begin(), kTroubleMeans.end()}, "and")));
    } else if (!member.value().is_number()) {
      entry.mistake("does", fmt::format("{} must be a number", what));
    } else {
      fault.does.emplace_back(what, member.value().to_number<double>());
    }
  }
}

}  // namespace

void read_faults(const Entry& file, Family& family) {
  file.members("faults", [&](const std::string& key, const YamlNode& value, std::string path) {
    const Entry entry(value, std::move(path), file.mistakes(), {"means", "does", "shows", "holds"});
    entry.need({"means"});
    DeviceFault fault;
    fault.name = key;
    entry.text("means", fault.means);
    read_does(entry, fault);
    fault.shows = read_values(entry, "shows", family);
    entry.texts("holds", fault.holds);
    for (const std::string& name : fault.holds) {
      if (!is_field(family, name)) {
        entry.mistake("holds", fmt::format("\"{}\" is no field", name));
      }
    }
    if (fault.does.empty() && fault.shows.empty() && fault.holds.empty()) {
      entry.mistake("", "does, shows and holds nothing");
    }
    family.faults.push_back(std::move(fault));
  });
}

}  // namespace gridloom::catalog
