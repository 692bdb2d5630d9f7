// The device files that come with the program are short: they write nothing that goes without
// saying. The home files have the devices that they promise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/home.h"
#include "catalog/loader.h"
#include "catalog/sections.h"
#include "catalog/yaml_tree.h"

namespace gridloom::catalog {
namespace {

TEST(ShippedFiles, WriteNoInitialThatAFieldHasAnyway) {
  for (const EmbeddedFile& file : embedded_files()) {
    const auto family = load_family(file.name, file.text);
    ASSERT_TRUE(family) << family.error().detail;
    const YamlDocument document = read_yaml(file.text);
    const YamlNode* fields = document.root.find("fields");
    if (fields == nullptr) continue;
    for (const YamlMember& member : fields->members) {
      const Field* field = (*family)->field(member.key);  // none: a group, or a use of a template
      if (field == nullptr || member.value.find("initial") == nullptr) continue;
      EXPECT_FALSE(same_value(field->initial, usual_initial(*field)))
          << file.name << ':' << member.line << ": " << member.key;
    }
  }
}

// A key that every entry has stands in `defaults`.
TEST(ShippedFiles, WriteNoKeyThatStandsInTheDefaults) {
  for (const EmbeddedFile& file : embedded_files()) {
    const YamlDocument document = read_yaml(file.text);
    const YamlNode* defaults = document.root.find("defaults");
    if (defaults == nullptr) continue;
    for (const YamlMember& section : defaults->members) {
      const YamlNode* entries = document.root.find(section.key);
      if (entries == nullptr) continue;  // members and params stand inside of others
      for (const YamlMember& entry : entries->members) {
        for (const YamlMember& key : section.value.members) {
          const YamlNode* own = entry.value.find(key.key);
          if (own == nullptr || own->kind != YamlNode::Kind::kScalar) continue;
          EXPECT_NE(own->text, key.value.text)
              << file.name << ':' << entry.line << ": " << entry.key << '.' << key.key;
        }
      }
    }
  }
}

using DevicesBySn = std::map<std::string, SiteDevice>;

DevicesBySn devices_of(std::string_view home_id, const Catalog& catalog) {
  DevicesBySn devices;
  const auto home = find_home(std::string(home_id), catalog);
  EXPECT_TRUE(home) << (home ? "" : home.error().detail);
  if (!home) return devices;
  for (const Site& site : home->sites) {
    for (const SiteDevice& device : site.devices) devices.emplace(device.sn, device);
  }
  return devices;
}

TEST(ShippedHomes, AllLoad) {
  const auto catalog = load_catalog({}).value();
  std::vector<std::string_view> names;
  for (const EmbeddedFile& file : embedded_homes()) {
    names.push_back(file.name);
    const auto home = load_home(file.name, file.text, *catalog);
    EXPECT_TRUE(home) << home.error().detail;
  }
  EXPECT_THAT(names, testing::ElementsAre("all.yaml", "balcony.yaml", "demo.yaml", "hamburg.yaml"));
}

TEST(ShippedHomes, HaveTheDevicesOfTheDeviceFiles) {
  const auto catalog = load_catalog({}).value();
  const DevicesBySn demo = devices_of("demo", *catalog);
  const DevicesBySn all = devices_of("all", *catalog);
  std::size_t in_demo = 0;
  std::size_t in_all = 0;
  for (const FamilyPtr& family : catalog->families()) {
    for (const Virtual::Device& device : family->virtual_devices.devices) {
      ++in_all;
      if (family->virtual_devices.in_home) ++in_demo;
      for (const DevicesBySn* home : {&demo, &all}) {
        if (home == &demo && !family->virtual_devices.in_home) continue;
        const auto found = home->find(device.sn);
        ASSERT_NE(found, home->end()) << device.sn;
        EXPECT_EQ(found->second.family->id, family->id);
        EXPECT_EQ(found->second.place, device.place) << device.sn;
      }
    }
  }
  EXPECT_EQ(demo.size(), in_demo);
  EXPECT_EQ(all.size(), in_all);
}

TEST(ShippedHomes, OfAllFamiliesIsTheDemoHomeAndMore) {
  const auto catalog = load_catalog({}).value();
  const DevicesBySn all = devices_of("all", *catalog);
  for (const auto& [sn, device] : devices_of("demo", *catalog)) {
    const auto found = all.find(sn);
    ASSERT_NE(found, all.end()) << sn;
    EXPECT_EQ(found->second.name, device.name);
    EXPECT_EQ(plug_name(found->second), plug_name(device)) << sn;
    EXPECT_EQ(found->second.supplies, device.supplies) << sn;
    EXPECT_EQ(found->second.panels.size(), device.panels.size()) << sn;
  }
}

}  // namespace
}  // namespace gridloom::catalog
