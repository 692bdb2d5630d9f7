// The device files that come with the program are short: they write nothing that goes without
// saying. The home files have the devices that they promise.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/home.h"
#include "catalog/sections.h"
#include "catalog/yaml_tree.h"
#include "testing/catalog.h"

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

// Numbers that look like faults, of systems that are well: the vendor's own examples, and dumps of
// owners' devices.
TEST(ShippedFiles, CallNoHarmlessNumberAFault) {
  const struct {
    std::string_view family;
    std::string_view field;
    std::vector<Json> values;
  } rows[] = {
      {"power_stream", "20_1.pv1ErrCode", {0, 128, 256}},
      {"power_stream", "20_1.pv2ErrCode", {0, 128, 256}},
      {"power_stream", "20_1.batErrCode", {0, 64}},
      {"power_stream", "20_1.invErrCode", {0, 4096}},
      {"power_stream", "20_1.wifiErr", {2, 27, 201}},
      {"power_stream", "20_1.mqttErr", {1, 6}},
      {"power_stream", "20_1.mqttSockErrno", {2, 128}},
      {"power_stream", "20_1.mqttTlsLastErr", {32769}},
      {"power_stream", "20_1.feedProtect", {1}},
      {"smart_plug", "2_1.wifiErr", {31}},
      {"smart_plug", "2_1.mqttErr", {6}},
      {"power_kits", "iclow.M1.warn_code", {0, 74}},
      {"power_kits", "bbcin.M1.errCode", {10000}},
      {"power_kits", "bbcout.M1.errCode", {15000}},
      {"power_kits", "bp2000.M1.errCode", {50000, 60000, 61000}},
      {"power_kits",
       "ldac.M1.errorCodeAdd",
       {JsonArray{30000, 30040, 30080, 30120, 30160, 30200, 30800}}},
      {"delta_2", "bms_bmsStatus.errCode", {0, 23}},
      {"delta_2", "bms_bmsStatus.allErrCode", {0, 8388608}},
      {"delta_2", "bms_slave.errCode", {0, 23}},
      {"delta_2", "bms_slave.allErrCode", {0, 8388608}},
      {"delta_2", "bms_emsStatus.bmsWarState", {0, 8}},
      {"delta_2_max", "bms_bmsStatus.errCode", {0, 23}},
      {"river_2_pro", "mppt.faultCode", {0, 4096}},
      {"delta_pro_ultra", "hs_yj751_pd_appshow_addr.wirlesss4gErrCode", {0, 5}},
      {"stream", "mpptPv1Fault", {0, 16}},
      {"stream", "mpptPv4Fault", {0, 16}},
      {"power_ocean", "emsErrCode.errCode", {JsonArray{}, JsonArray{523}}},
      {"power_ocean", "errorCode", {"AAAAAAAAAAA="}},
      {"wave_2", "motor.mtrLogicErr", {16}},
      {"wave_2", "motor.protFlag", {1}},
  };
  for (const auto& row : rows) {
    const Field* const field = shipped_catalog()->find(row.family)->field(row.field);
    ASSERT_NE(field, nullptr) << row.family << ' ' << row.field;
    for (const Json& value : row.values) {
      EXPECT_FALSE(is_error(*field, value)) << row.field << ' ' << wire::to_text(value);
    }
  }
  EXPECT_TRUE(is_error(*shipped_catalog()->find("delta_2")->field("inv.errCode"), 1));
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

// The names of a field's values: its own, those of its bits, or those of an array's elements.
bool has_names(const Field& field) {
  if (field.type != FieldType::kArray) return !field.values.empty() || !field.bits.empty();
  return !field.fields.empty() && !field.fields.front().values.empty();
}

// An alarm that says "1" says nothing: each field that reports errors names at least the value
// without one.
TEST(ShippedFiles, NameTheValuesOfErrors) {
  const auto catalog = shipped_catalog();
  for (const FamilyPtr& family : catalog->families()) {
    for (const Field& field : family->fields) {
      if (!field.error) continue;
      EXPECT_TRUE(has_names(field)) << family->id << ": " << field.name;
    }
  }
}

// Whether the documents call what the field says a warning: by its name, as bmsWarState or
// iceAlert, or by its description.
bool is_called_warning(const Field& field) {
  std::string text = field.name + ' ' + field.title + ' ' + field.description;
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return text.contains("warn") || text.contains("warstate") || text.contains("alert");
}

TEST(ShippedFiles, HaveTheSeverityThatTheDocumentsName) {
  // A state of a working pack, and bits that no document explains.
  const std::set<std::string_view> unreported = {"bmsTotal.warningEvent", "bp2000.*.warningEvent",
                                                 "bp5000.*.warningEvent", "v1p0.bmsWarningState"};
  const auto catalog = shipped_catalog();
  for (const FamilyPtr& family : catalog->families()) {
    for (const Field& field : family->fields) {
      if (unreported.contains(field.name)) continue;
      const bool is_warning = field.error && field.severity == Severity::kWarning;
      EXPECT_EQ(is_warning, is_called_warning(field)) << family->id << ": " << field.name;
    }
  }
}

using testing::ElementsAre;

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
  const auto catalog = shipped_catalog();
  std::vector<std::string_view> names;
  for (const EmbeddedFile& file : embedded_homes()) {
    names.push_back(file.name);
    const auto home = load_home(file.name, file.text, *catalog);
    EXPECT_TRUE(home) << home.error().detail;
  }
  EXPECT_THAT(names, ElementsAre("all.yaml", "balcony.yaml", "chalet.yaml", "demo.yaml",
                                 "hamburg.yaml", "metered.yaml"));
}

// The group that a page shows the field in: that of the longest name or prefix that matches.
const FieldGroup* group_of(const Family& family, std::string_view field) {
  const FieldGroup* best = nullptr;
  std::size_t length = 0;
  for (const FieldGroup& group : family.groups) {
    for (const std::string& name : group.fields) {
      const bool has_field = name.ends_with('.') ? field.starts_with(name) : field == name;
      if (!has_field || name.size() <= length) continue;
      best = &group;
      length = name.size();
    }
  }
  return best;
}

// A list that is opened is read at a glance: no group has one field only, or more than fit.
TEST(ShippedFiles, GroupTheirFieldsSoThatPeopleFindThem) {
  constexpr std::size_t kMost = 40;
  const auto catalog = shipped_catalog();
  for (const FamilyPtr& family : catalog->families()) {
    std::map<std::string, std::size_t> sizes;
    for (const Field& field : family->fields) {
      const FieldGroup* group = group_of(*family, field.name);
      ASSERT_NE(group, nullptr) << family->id << ": " << field.name;
      ++sizes[group->name];
    }
    for (const FieldGroup& group : family->groups) {
      EXPECT_GE(sizes[group.name], 2U) << family->id << ": " << group.name;
      EXPECT_LE(sizes[group.name], kMost) << family->id << ": " << group.name;
    }
  }
}

// Two fields of one group that are called the same cannot be told apart; and a title that begins
// with a small letter is the name on the wire.
TEST(ShippedFiles, CallEachFieldOfAGroupByATitleOfItsOwn) {
  const auto catalog = translated_catalog();
  for (const FamilyPtr& english : catalog->families()) {
    for (const Language language : {Language::kEnglish, Language::kGerman}) {
      const FamilyPtr family = catalog->find(english->id, language);
      std::set<std::pair<std::string, std::string>> titles;
      std::set<std::string> groups;
      for (const FieldGroup& group : family->groups) {
        EXPECT_TRUE(groups.insert(group.title).second) << family->id << ": " << group.title;
      }
      for (const Field& field : family->fields) {
        const FieldGroup* group = group_of(*family, field.name);
        ASSERT_NE(group, nullptr) << family->id << ": " << field.name;
        ASSERT_FALSE(field.title.empty()) << family->id << ": " << field.name;
        EXPECT_FALSE(std::islower(static_cast<unsigned char>(field.title.front())))
            << family->id << ": " << field.title;
        EXPECT_TRUE(titles.emplace(group->name, field.title).second)
            << family->id << ", " << group->title << ": " << field.name << " is another \""
            << field.title << '"';
      }
    }
  }
}

// A page shows commands in groups, unless there is one only.
TEST(ShippedFiles, SayWhatEachCommandIsAbout) {
  const auto catalog = shipped_catalog();
  for (const FamilyPtr& family : catalog->families()) {
    if (family->commands.size() < 2) continue;
    for (const Command& command : family->commands) {
      EXPECT_NE(command.group, CommandGroup::kOther) << family->id << ": " << command.name;
    }
  }
}

// Devices stand in the homes; the key is for families of a user's own.
TEST(ShippedFiles, ListNoDevice) {
  for (const EmbeddedFile& file : embedded_files()) {
    const YamlDocument document = read_yaml(file.text);
    const YamlNode* section = document.root.find("virtual");
    if (section == nullptr) continue;
    for (const std::string_view key : {"devices", "in_home"}) {
      EXPECT_EQ(section->find(key), nullptr) << file.name << ": virtual." << key;
    }
  }
}

// Any home may have a device of any family, which then reports each field of its modules. Virtual
// packs are of one kind.
TEST(ShippedFiles, NameTheModulesOfEachGroup) {
  const auto catalog = shipped_catalog();
  for (const FamilyPtr& family : catalog->families()) {
    std::set<std::string> groups;
    for (const Field& field : family->fields) {
      if (field.name.contains('*')) groups.insert(field.name.substr(0, field.name.find('.')));
    }
    for (const std::string& group : groups) {
      if (group == "bp5000") continue;
      EXPECT_TRUE(family->virtual_devices.modules.contains(group)) << family->id << ": " << group;
    }
    EXPECT_EQ(family->virtual_devices.modules_of.empty(), groups.empty()) << family->id;
  }
}

TEST(ShippedHomes, HaveTheirDevicesInThisOrder) {
  const auto catalog = shipped_catalog();
  const auto told = [&](std::string_view id) {
    std::vector<std::string> devices;
    const auto home = find_home(std::string(id), *catalog);
    EXPECT_TRUE(home) << (home ? "" : home.error().detail);
    if (!home) return devices;
    for (const Site& site : home->sites) {
      for (const SiteDevice& device : site.devices) {
        devices.push_back(site.name + ' ' + device.sn + ' ' + device.family->id);
      }
    }
    return devices;
  };
  EXPECT_THAT(
      told(kDemoHome),
      ElementsAre("house R331ZEB4ZEAL0528 delta_2", "house R331ZCB4ZE86056P delta_2",
                  "house KT21ZCH2ZF170012 wave_2", "house HJ31ZDH2ZF690025 power_ocean",
                  "house HW513000SF767194 power_stream", "house HW52ZDH1RF3J0033 smart_plug",
                  "annexe HJ31ZDH2ZF690029 power_ocean", "flat BK61Z00000000001 stream",
                  "cabin SP10ZAW5ZE9E0052 smart_home_panel", "camper M106ZAB4Z000001F power_kits",
                  "camper BX11ZCB4EF2E0002 glacier"));
  EXPECT_THAT(
      told(kAllHome),
      ElementsAre(
          "house R331ZEB4ZEAL0528 delta_2", "house R331ZCB4ZE86056P delta_2",
          "house KT21ZCH2ZF170012 wave_2", "house HJ31ZDH2ZF690025 power_ocean",
          "house HW513000SF767194 power_stream", "house HW52ZDH1RF3J0033 smart_plug",
          "house R351ZFB4HF6L0030 delta_2_max", "house Y711ZAB4SFAU0069 delta_pro_ultra",
          "annexe HJ31ZDH2ZF690029 power_ocean", "flat BK61Z00000000001 stream",
          "cabin SP10ZAW5ZE9E0052 smart_home_panel", "camper M106ZAB4Z000001F power_kits",
          "camper BX11ZCB4EF2E0002 glacier", "cottage Y711ZKB2SG2Q0005 delta_pro_ultra",
          "lodge MR51ZAS2PG330026 delta_pro_3", "farm DCABZ5ZE0000001 delta_pro",
          "orchard DAEBZ5ZE41A0012 delta_max", "studio R621ZEB1XE8S0029 river_2_pro",
          "terrace D3M1ZA1A9H7H0136 delta_3_max", "terrace BK01ZE1B2H4H0011 stream_microinverter",
          "terrace BK21ZE1B2H4H0021 smart_meter", "ranch HD31ZAS4ZFAP0018 smart_home_panel_2"));
}

// A device of the home starts with what its family's documents show, and with what people set.
TEST(ShippedHomes, StartTheirDevicesWithTheseValues) {
  const auto catalog = shipped_catalog();
  const DevicesBySn all = devices_of(kAllHome, *catalog);
  std::map<std::string, std::string> told;
  for (const auto& [sn, device] : all) {
    for (const auto& [field, value] : device.initial) {
      told[sn] += field + '=' + wire::to_text(value) + ' ';
    }
  }
  const std::map<std::string, std::string> wanted = {
      {"D3M1ZA1A9H7H0136", "bypassOutDisable=true "},
      {"DAEBZ5ZE41A0012", "inv.chgPauseFlag=1 "},
      {"DCABZ5ZE0000001", "inv.cfgSlowChgWatts=0 "},
      {"HJ31ZDH2ZF690029", "bpSoc=58 "},
      {"KT21ZCH2ZF170012", "pd.powerMode=2 pd.setTempCel=22 pd.setTemp=22 pd.setTempfah=72 "},
      {"M106ZAB4Z000001F", "lddc.*.dcChRelay=1 "},
      {"R331ZCB4ZE86056P",
       "pd.ext4p8Port=2 bms_bmsStatus.cycles=31 pd.invUsedTime=731294 pd.relaySwitchCnt=212 "
       "mppt.carState=1 pd.carState=1 "},
      {"R331ZEB4ZEAL0528", "pd.watchIsConfig=1 pd.bpPowerSoc=30 "},
      {"R351ZFB4HF6L0030", "inv.chgPauseFlag=1 mppt.carState=1 pd.carState=1 "},
      {"R621ZEB1XE8S0029", "mppt.chgPauseFlag=1 inv.chgPauseFlag=1 "},
      {"Y711ZKB2SG2Q0005", "hs_yj751_pd_appshow_addr.bpNum=1 "}};
  EXPECT_EQ(told, wanted);
  EXPECT_EQ(all.at("R331ZCB4ZE86056P").place, Place::kGarage);
}

TEST(ShippedHomes, OfAllFamiliesIsTheDemoHomeAndMore) {
  const auto catalog = shipped_catalog();
  const DevicesBySn all = devices_of("all", *catalog);
  for (const auto& [sn, device] : devices_of("demo", *catalog)) {
    const auto found = all.find(sn);
    ASSERT_NE(found, all.end()) << sn;
    EXPECT_EQ(found->second.name, device.name);
    EXPECT_EQ(plug_name(found->second), plug_name(device)) << sn;
    EXPECT_EQ(found->second.supplies, device.supplies) << sn;
    EXPECT_EQ(found->second.panels.has_value(), device.panels.has_value()) << sn;
  }
}

}  // namespace
}  // namespace gridloom::catalog
