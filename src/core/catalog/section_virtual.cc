// Reads the section that lists a family's virtual devices and their modules.
#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/sections.h"
#include "catalog/words.h"

namespace gridloom::catalog {
namespace {

void check_modules(const Entry& entry, const Family& family) {
  std::set<std::string, std::less<>> wanted;
  for (const Field& field : family.fields) {
    if (field.name.find('*') == std::string::npos) continue;
    wanted.insert(field.name.substr(0, field.name.find('.')));
  }
  const auto& modules = family.virtual_devices.modules;
  for (const auto& [group, numbers] : modules) {
    if (!wanted.contains(group)) {
      entry.mistake("modules", fmt::format("no field starts with {}.*", group));
    }
    if (numbers.empty()) entry.mistake("modules", fmt::format("{} has no modules", group));
    for (const std::string& number : numbers) {
      if (!number.empty() && number.find_first_of(".*") == std::string::npos) continue;
      entry.mistake("modules", fmt::format("\"{}\" is not a serial number", number));
    }
  }
  if (family.virtual_devices.devices.empty()) return;
  for (const std::string& group : wanted) {
    if (modules.contains(group)) continue;
    entry.mistake("modules", fmt::format("{0} is missing: there are fields {0}.*", group));
  }
}

// Checks a virtual device's serial number, which stands under `key`.
void check_prefix(const Entry& entry, std::string_view key, const std::string& sn,
                  const Family& family) {
  const bool ours = std::ranges::any_of(
      family.prefixes, [&](const std::string& prefix) { return sn.starts_with(prefix); });
  if (ours || family.passthrough) return;
  entry.mistake(key, fmt::format("\"{}\" starts with none of the prefixes {}", sn,
                                 join(family.prefixes, "and")));
}

}  // namespace

std::uint32_t read_circuits(const Entry& entry, std::string_view key) {
  std::vector<std::string> names;
  entry.texts(key, names);
  std::uint32_t circuits = 0;
  for (const std::string& name : names) {
    const auto found = std::ranges::find(kHomeCircuits, name);
    if (found == kHomeCircuits.end()) {
      entry.mistake(key, fmt::format("\"{}\" must be {}", name, one_of(name, kHomeCircuits)));
      continue;
    }
    circuits |= 1U << static_cast<unsigned>(found - kHomeCircuits.begin());
  }
  return circuits;
}

void read_virtual(const Entry& file, Family& family) {
  const YamlNode* node = file.find("virtual");
  if (node == nullptr) return;
  const Entry entry(*node, "virtual", file.mistakes(), SectionId::kVirtual);
  entry.flag("in_home", family.virtual_devices.in_home);
  entry.items("devices", [&](const YamlNode& value, std::string path) {
    const Entry device(value, std::move(path), file.mistakes(), SectionId::kDevice);
    Virtual::Device made;
    device.text("sn", made.sn);
    device.text("name", made.name);
    made.initial = read_values(device, "initial", family);
    std::string place;
    device.choice("place", place);
    made.place = place_of(place);
    made.circuits = read_circuits(device);
    check_prefix(device, "sn", made.sn, family);
    family.virtual_devices.devices.push_back(std::move(made));
  });
  entry.members("modules",
                [&](const std::string& group, const YamlNode& value, const std::string& path) {
                  family.virtual_devices.modules[group] = texts_of(value, path, file.mistakes());
                });
  check_modules(entry, family);
  auto& [devices, in_home, modules, modules_of] = family.virtual_devices;
  entry.text("modules_of", modules_of);
  if (entry.has("modules_of")) {
    check_prefix(entry, "modules_of", modules_of, family);
  } else if (!devices.empty()) {
    modules_of = devices.front().sn;
  }
}

}  // namespace gridloom::catalog
