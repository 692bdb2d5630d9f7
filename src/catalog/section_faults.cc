// The section that says what can go wrong with a virtual device.
#include <fmt/core.h>

#include <algorithm>
#include <string>
#include <utility>

#include "catalog/sections.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

void read_does(const Entry& entry, Trouble& trouble) {
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
      trouble.does.emplace_back(what, member.value().to_number<double>());
    }
  }
}

}  // namespace

void read_faults(const Entry& file, Family& family) {
  file.members("faults", [&](const std::string& key, const YamlNode& value, std::string path) {
    const Entry entry(value, std::move(path), file.mistakes(), {"means", "does", "shows", "holds"});
    entry.need({"means"});
    Trouble trouble;
    trouble.name = key;
    entry.text("means", trouble.means);
    read_does(entry, trouble);
    trouble.shows = read_values(entry, "shows", family);
    entry.texts("holds", trouble.holds);
    for (const std::string& name : trouble.holds) {
      if (!is_field(family, name)) {
        entry.mistake("holds", fmt::format("\"{}\" is no field", name));
      }
    }
    if (trouble.does.empty() && trouble.shows.empty() && trouble.holds.empty()) {
      entry.mistake("", "does, shows and holds nothing");
    }
    family.troubles.push_back(std::move(trouble));
  });
}

}  // namespace gridloom::catalog
