#include "catalog/home.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/starter.h"
#include "catalog/test_family.h"
#include "catalog/test_mistakes.h"
#include "testing/catalog.h"
#include "testing/source_path.h"

namespace gridloom::catalog {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Uses every key.
constexpr std::string_view kHome = R"yaml(
home: A house and a camper
description: For tests
sites:
  house:
    latitude: 53.6
    grid: {phases: 1}
    household: {people: 3, kwh: 2100, dwelling: house}
    roofs: {south: {azimuth: 180, tilt: 35}, balcony: {azimuth: 90.5, tilt: 90}}
    devices:
      - {sn: HJ31TEST0001, name: Battery, plug: meter, panels: [south, balcony]}
      - {family: power_stream, plug: feed_in, panels: [balcony, balcony]}
      - {family: delta_2, plug: kitchen, supplies: [refrigerator, kitchen]}
      - sn: R331TEST0002
        family: delta_2
        plug: garage
        supplies: [garage]
        place: garage
        initial: {pd.ext4p8Port: 2}
        habits:
          - when: home * (hour - 22)
            sets: [{moduleType: 1, operateType: dcOutCfg, params: {enabled: 0}}]
  camper:
    grid: none
    household: {people: 2, dwelling: camper}
    devices:
      - {family: power_kits, name: Kit}
      - {family: glacier, plug: dc}
      - {family: delta_2, plug: living}
  empty: {devices: []}
)yaml";

const Catalog& catalog() {
  const auto& loaded = shipped_catalog();
  return *loaded;
}

Result<VirtualHome> load(std::string_view text) { return load_home("flat.yaml", text, catalog()); }

VirtualHome loaded(std::string_view text) {
  auto home = load(text);
  EXPECT_TRUE(home) << (home ? "" : home.error().detail);
  return home.value_or(VirtualHome());
}

std::string mistakes_of(std::string_view text) {
  const auto home = load(text);
  EXPECT_FALSE(home) << text;
  if (home) return {};
  EXPECT_EQ(home.error().code, ErrorCode::kMalformed);
  return home.error().detail;
}

TEST(Home, ReadsEveryKey) {
  const VirtualHome home = loaded(kHome);
  EXPECT_EQ(home.title, "A house and a camper");
  EXPECT_EQ(home.description, "For tests");
  ASSERT_EQ(home.sites.size(), 3U);
  const Site& house = home.sites[0];
  EXPECT_EQ(house.name, "house");
  EXPECT_EQ(house.latitude_deg, 53.6);
  EXPECT_EQ(house.phases, 1);
  ASSERT_TRUE(house.household);
  EXPECT_EQ(house.household->people, 3);
  EXPECT_EQ(house.household->kwh, 2100);
  EXPECT_EQ(house.household->dwelling, Dwelling::kHouse);
  ASSERT_EQ(house.roofs.size(), 2U);
  EXPECT_EQ(house.roofs[1].name, "balcony");
  EXPECT_EQ(house.roofs[1].azimuth_deg, 90.5);
  EXPECT_EQ(house.roofs[1].tilt_deg, 90);
  ASSERT_EQ(house.devices.size(), 4U);
  const SiteDevice& battery = house.devices[0];
  EXPECT_EQ(battery.family->id, "power_ocean");
  EXPECT_EQ(battery.sn, "HJ31TEST0001");
  EXPECT_EQ(battery.name, "Battery");
  EXPECT_EQ(battery.plug, Plug::kMeter);
  EXPECT_EQ(battery.supplies, 0U);
  EXPECT_FALSE(battery.place);
  EXPECT_THAT(battery.initial, IsEmpty());
  ASSERT_EQ(battery.panels.value().size(), 2U);
  EXPECT_EQ(battery.panels->at(0).azimuth_deg, 180);
  EXPECT_EQ(battery.panels->at(1).name, "balcony");
  EXPECT_EQ(house.devices[1].plug, Plug::kFeedIn);
  const SiteDevice& workshop = house.devices[3];
  EXPECT_EQ(workshop.plug, Plug::kCircuit);
  EXPECT_EQ(kHomeCircuits[workshop.circuit], "garage");
  EXPECT_THAT(circuit_names(workshop.supplies), ElementsAre("garage"));
  EXPECT_EQ(workshop.place, Place::kGarage);
  ASSERT_EQ(workshop.initial.size(), 1U);
  EXPECT_EQ(workshop.initial[0], (std::pair<std::string, Json>("pd.ext4p8Port", 2)));
  ASSERT_EQ(workshop.habits.size(), 1U);
  EXPECT_THAT(workshop.habits[0].when.names, ElementsAre("home", "hour"));
  ASSERT_EQ(workshop.habits[0].sets.size(), 1U);
  EXPECT_EQ(workshop.habits[0].sets[0].command->name, "dcOutCfg");
}

TEST(Home, HasUsualValuesForWhatAFileLeavesOut) {
  const VirtualHome home = loaded(kHome);
  const Site& camper = home.sites[1];
  EXPECT_EQ(camper.latitude_deg, 51);
  EXPECT_EQ(camper.phases, 0) << "there is no grid";
  EXPECT_EQ(camper.household->dwelling, Dwelling::kCamper);
  EXPECT_EQ(camper.devices[0].plug, Plug::kOffGrid);
  EXPECT_EQ(home.sites[2].phases, 3);
  EXPECT_FALSE(home.sites[2].household);
  const VirtualHome small = loaded(
      "home: a\nsites: {a: {household: {people: 2}, devices: [{family: delta_2, plug: bath}]}}\n");
  EXPECT_EQ(small.sites[0].household->kwh, 1050 + 2 * 750);
}

TEST(Home, NumbersTheDevicesOfAFamilyInTheWholeFile) {
  const VirtualHome home = loaded(kHome);
  std::vector<std::string> told;
  for (const Site& site : home.sites) {
    for (const SiteDevice& device : site.devices) told.push_back(device.sn + ' ' + device.name);
  }
  EXPECT_THAT(told, ElementsAre("HJ31TEST0001 Battery", "HW51SIM00000001 PowerStream",
                                "R331SIM00000001 DELTA 2 1", "R331TEST0002 DELTA 2 2",
                                "M106SIM00000001 Kit", "BX11SIM00000001 GLACIER",
                                "R331SIM00000003 DELTA 2 3"));
}

// A device that feeds the site beside a meter of its own family is a unit of its system, if the
// family forms systems.
TEST(Home, FindsTheUnitsOfASystem) {
  const struct {
    std::string_view devices;
    std::vector<Plug> plugs;
  } rows[] = {
      {.devices = "{family: stream, plug: feed_in}, {family: stream, plug: meter}",
       .plugs = {Plug::kUnit, Plug::kMeter}},
      {.devices = "{family: stream, plug: meter}, {family: stream, plug: kitchen}",
       .plugs = {Plug::kMeter, Plug::kCircuit}},
      {.devices = "{family: stream, plug: feed_in}, {family: stream, plug: feed_in}",
       .plugs = {Plug::kFeedIn, Plug::kFeedIn}},
      {.devices = "{family: power_ocean, plug: meter}, {family: stream, plug: feed_in}",
       .plugs = {Plug::kMeter, Plug::kFeedIn}},
      {.devices = "{family: power_ocean, plug: meter}, {family: power_ocean, plug: feed_in}",
       .plugs = {Plug::kMeter, Plug::kFeedIn}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.devices);
    const VirtualHome home =
        loaded(std::string("home: a\nsites: {a: {devices: [").append(row.devices) + "]}}\n");
    ASSERT_EQ(home.sites.size(), 1U);
    std::vector<Plug> plugs;
    for (const SiteDevice& device : home.sites.front().devices) {
      plugs.push_back(device.plug);
      if (device.plug == Plug::kUnit) {
        EXPECT_EQ(plug_name(device), "feed_in");
      }
    }
    EXPECT_EQ(plugs, row.plugs);
  }
}

TEST(Home, ABatteryWithAMeterOfItsOwnIsNoUnitOfASystem) {
  const VirtualHome home = loaded(R"yaml(home: Mine
sites:
  flat:
    devices:
      - {family: stream, plug: meter, meter: "http://127.0.0.1:8480/v1/json"}
      - {family: stream, plug: feed_in, meter: "http://192.0.2.7/read"}
      - {family: stream, plug: feed_in}
)yaml");
  const std::vector<SiteDevice>& devices = home.sites.at(0).devices;
  ASSERT_TRUE(devices[0].meter && devices[1].meter);
  EXPECT_EQ(devices[0].meter->host, "127.0.0.1");
  EXPECT_EQ(devices[0].meter->port, 8480);
  EXPECT_EQ(devices[0].meter->path, "/v1/json");
  EXPECT_EQ(devices[1].meter->port, 80);
  EXPECT_EQ(devices[1].plug, Plug::kFeedIn);
  EXPECT_EQ(devices[2].plug, Plug::kUnit);
}

TEST(Home, NamesPlugsAndCircuits) {
  const VirtualHome home = loaded(kHome);
  std::vector<std::string_view> plugs;
  for (const SiteDevice& device : home.sites[0].devices) plugs.push_back(plug_name(device));
  EXPECT_THAT(plugs, ElementsAre("meter", "feed_in", "kitchen", "garage"));
  EXPECT_EQ(plug_name(home.sites[1].devices[0]), "off_grid");
  EXPECT_EQ(plug_name(home.sites[1].devices[1]), "dc");
  EXPECT_THAT(circuit_names(home.sites[0].devices[2].supplies),
              ElementsAre("refrigerator", "kitchen"));
  const VirtualHome all =
      loaded(changed({"supplies: [refrigerator, kitchen]}\n", "supplies: [all]}\n", ""},
                     changed({"supplies: [garage]\n", "\n", ""}, kHome)));
  EXPECT_EQ(circuit_names(all.sites[0].devices[2].supplies).size(), kHomeCircuits.size());
}

// Mistakes in kHome, and the errors that name them.
const std::vector<Mistake> kMistakes = {
    // the file
    {"home: A house and a camper", "hom: A house and a camper",
     "flat.yaml:2: hom: unknown key; the keys here are home, description, include and sites; did "
     "you "
     "mean home?"},
    {"home: A house and a camper", "", "flat.yaml:3: home: this key is missing"},
    {"home: A house and a camper", "home: \"\"", "home: has 0 characters: must have 1 to 64"},
    {"home: A house and a camper", "home: [a]", "home: must be a text; it is a list"},
    {"home: A house and a camper", "home: \"a\\nb\"",
     "home: has U+000A: must be one line of printable characters"},
    {"home: A house and a camper", "home: \" a\"", "home: must not begin or end with a space"},
    {"home: A house and a camper", "home: a\nhome: b", "home: this key occurs twice"},
    {"  house:\n", "  House:\n", "sites.House: \"House\" must be lower-case letters, digits and _"},
    {"  camper:\n", "  house:\n", "flat.yaml:23: sites.house: this key occurs twice"},
    {"  empty: {devices: []}", "  empty: []", "sites.empty: must be a mapping of latitude, grid,"},
    // a site
    {"latitude: 53.6", "latitude: 67", "sites.house.latitude: 67 must be -66 to 66"},
    {"latitude: 53.6", "latitude: north", "latitude: must be a number; it is \"north\""},
    {"latitude: 53.6", "latitud: 53.6", "did you mean latitude?"},
    {"grid: {phases: 1}", "grid: {phases: 4}", "sites.house.grid.phases: 4 must be 1 to 3"},
    {"grid: {phases: 1}", "grid: {phases: 0}", "grid.phases: 0 must be 1 to 3"},
    {"grid: {phases: 1}", "grid: {phases: 1.5}", "grid.phases: must be a whole number"},
    {"grid: {phases: 1}", "grid: off",
     "grid: \"off\" must be none, or a mapping such as {phases: 1}"},
    {"grid: {phases: 1}", "grid: [1]", "grid: must be a mapping of phases; it is a list"},
    {"people: 3", "people: 7", "sites.house.household.people: 7 must be 1 to 6"},
    {"people: 3, ", "", "household.people: this key is missing"},
    {"kwh: 2100", "kwh: 0", "household.kwh: 0 must be 100 to 50000"},
    {"kwh: 2100", "kwh: 1e9", "kwh: 1000000000 must be 100 to 50000"},
    {"dwelling: house", "dwelling: hose",
     "dwelling: \"hose\" must be house or camper; did you mean house?"},
    {"people: 2, dwelling: camper", "people: 2, kwh: 500, dwelling: camper",
     "sites.camper.household.kwh: is for a house"},
    {"azimuth: 180", "azimuth: 361", "roofs.south.azimuth: 361 must be 0 to 360"},
    {"tilt: 35", "tilt: -1", "roofs.south.tilt: -1 must be 0 to 90"},
    {"azimuth: 180, ", "", "roofs.south.azimuth: this key is missing"},
    {"{south:", "{South Roof:", "roofs.South Roof: \"South Roof\" must be lower-case letters"},
    // a device
    {"{sn: HJ31TEST0001, name: Battery, ", "{sn: HJ31TEST0001, name: Battery, without_sun: away, ",
     "without_sun: \"away\" must be online or offline"},
    {"{sn: HJ31TEST0001, name: Battery, ",
     "{sn: HJ31TEST0001, name: Battery, without_sun: offline, ",
     "without_sun: is for a device that its PV modules alone feed"},
    {"{sn: HJ31TEST0001, name: Battery, ", "{name: Battery, ",
     "flat.yaml:11: sites.house.devices[0]: must have a family, or the sn of one"},
    {"sn: HJ31TEST0001", "sn: XJ31TEST0001",
     "sn: \"XJ31TEST0001\" is a serial number of no family; must begin with R331, R33,"},
    {"sn: HJ31TEST0001", "sn: HJ31 TEST",
     "sn: \"HJ31 TEST\" must be 1 to 64 characters of A-Z a-z 0-9 . _ -"},
    {"sn: HJ31TEST0001", "sn: \"\"", "sn: \"\" must be 1 to 64 characters"},
    {"sn: R331TEST0002", "sn: HJ31TEST0002",
     "sn: \"HJ31TEST0002\" is a serial number of the family power_ocean, not of delta_2; must "
     "begin with R331 or R33"},
    {"family: power_stream", "family: powerstream", "family: \"powerstream\" must be delta_2, "},
    {"family: power_stream", "family: powerstream", "did you mean power_stream?"},
    {"name: Battery", "name: Kit",
     "sites.camper.devices[0].name: \"Kit\" is that of sites.house.devices[0] already"},
    {"sn: R331TEST0002", "sn: R331SIM00000001",
     "sn: \"R331SIM00000001\" is that of sites.house.devices[2] already"},
    {"plug: kitchen", "plug: kitchen, carried: 1.5", "devices[2].carried: 1.5 must be 0 to 1"},
    {"plug: meter", "plug: meter, carried: 0.5",
     "devices[0].carried: is for a device that others of its site do not need"},
    {"plug: kitchen", "plug: kitchen, meter: nowhere",
     "devices[2].meter: \"nowhere\" must be http://ADDR:PORT/v1/json, with a numeric address"},
    {"plug: kitchen", "plug: kitchen, meter: \"http://nas/v1/json\"", "must be http://ADDR:PORT"},
    {"plug: kitchen", "plug: kitchen, meter: \"http://127.0.0.1:0/v1/json\"",
     "must be http://ADDR:PORT"},
    {"plug: kitchen", "plug: kitchen, meter: \"http://127.0.0.1:8480/v1/json\"",
     "devices[2].meter: is for a battery with an inverter at the grid"},
    {"plug: meter", "plug: meter, meter: \"http://127.0.0.1:8480/v1/json\"",
     "devices[0].meter: is for a battery with an inverter at the grid"},
    {"plug: meter", "plug: mains",
     "devices[0].plug: \"mains\" must be meter, feed_in, dc, off_grid,"},
    {"plug: kitchen", "plug: kichen", "did you mean kitchen?"},
    {", plug: kitchen", "", "devices[2].plug: this key is missing: must be meter, feed_in, dc,"},
    {"plug: feed_in", "plug: meter",
     "devices[1].plug: meter is sites.house.devices[0] already: a site has one at most"},
    {"plug: kitchen", "plug: dc", "plug: dc is for a site with grid: none"},
    {"plug: kitchen", "plug: off_grid", "plug: off_grid is for a site with grid: none"},
    {"plug: dc", "plug: meter", "devices[1].plug: meter is for a site with a grid"},
    {"plug: dc", "plug: feed_in", "devices[1].plug: feed_in is for a site with a grid"},
    {"plug: dc", "plug: off_grid", "plug: off_grid is sites.camper.devices[0] already"},
    {"{family: power_kits, name: Kit}", "{family: power_kits, plug: living}",
     "devices[1].plug: no device of the site is off_grid: nothing supplies this one"},
    {"[refrigerator, kitchen]", "[refrigerater, kitchen]",
     "devices[2].supplies: \"refrigerater\" must be refrigerator, kitchen,"},
    {"[refrigerator, kitchen]", "[refrigerater, kitchen]", "did you mean refrigerator?"},
    {"[refrigerator, kitchen]", "[all, kitchen]", "supplies: \"all\" must be refrigerator,"},
    {"[refrigerator, kitchen]", "kitchen", "supplies: must be a list [..]; it is \"kitchen\""},
    {"[refrigerator, kitchen]", "[garage, kitchen]",
     "devices[3].supplies: garage is supplied by sites.house.devices[2] already"},
    {"{family: glacier, plug: dc}", "{family: glacier, plug: dc, supplies: [living]}",
     "supplies: a camper has no circuits: the off_grid device supplies all of it"},
    {"household: {people: 3, kwh: 2100, dwelling: house}", "",
     "supplies: nobody lives here: the site has no household with circuits"},
    {"place: garage", "place: garden",
     "place: \"garden\" must be indoor, outdoor, garage or camper"},
    {"pd.ext4p8Port: 2", "pd.ext4p8Prt: 2",
     "devices[3].initial: \"pd.ext4p8Prt\" is not a field; did you mean pd.ext4p8Port"},
    {"pd.ext4p8Port: 2", "pd.ext4p8Port: two",
     "initial: pd.ext4p8Port is \"two\": must be of type"},
    {"home * (hour - 22)", "home * (huor - 22)",
     "habits[0].when: \"huor\" must be home, awake, air, outdoor or hour; did you mean hour?"},
    {"home * (hour - 22)", "home * (hour", "devices[3].habits[0].when: "},
    {"when: home * (hour - 22)", "whne: home", "habits[0].whne: unknown key"},
    {"operateType: dcOutCfg", "operateType: dcOutCgf",
     "habits[0].sets: [0]: DELTA 2 has no such command"},
    {"params: {enabled: 0}", "params: {enabled: 7}", "habits[0].sets: [0]: "},
    {"[{moduleType: 1, operateType: dcOutCfg, params: {enabled: 0}}]", "[1]",
     "habits[0].sets: [0]: must be a mapping"},
    {"{family: glacier, plug: dc}", "{family: glacier, plug: dc, packs: 1}",
     "devices[1].packs: 1 extra batteries: GLACIER takes none"},
    {"{family: glacier, plug: dc}", "{family: delta_pro_3, plug: dc, packs: 3}",
     "devices[1].packs: 3 extra batteries: DELTA Pro 3 takes 0 to 2"},
    {"{family: glacier, plug: dc}", "{family: delta_pro_3, plug: dc, packs: [{}, {}, {}]}",
     "devices[1].packs: 3 extra batteries: DELTA Pro 3 takes 0 to 2"},
    {"{family: glacier, plug: dc}", "{family: delta_pro_3, plug: dc, packs: two}",
     "devices[1].packs: \"two\" must be a number from 0, or a list"},
    {"{family: glacier, plug: dc}", "{family: delta_pro_3, plug: dc, packs: [{charge: 101}]}",
     "devices[1].packs[0].charge: 101 must be 0 to 100"},
    {"{family: glacier, plug: dc}", "{family: delta_pro_3, plug: dc, packs: [{soc: 10}]}",
     "devices[1].packs[0].soc: unknown key; the keys here are sn, capacity_wh, charge and cycles"},
    {"{family: glacier, plug: dc}", "{family: delta_pro_3, plug: dc, packs: [{sn: R331TEST0002}]}",
     "devices[1].packs: \"R331TEST0002\" is that of sites.house.devices[3] already"},
    {"panels: [south, balcony]", "panels: [suoth, balcony]",
     "devices[0].panels: \"suoth\" must be a roof: south or balcony; did you mean south?"},
    {"panels: [south, balcony]", "panels: [south, south, south]",
     "panels: has 3 roofs: must have at most 2, one for each PV input of PowerOcean"},
    {"panels: [balcony, balcony]", "panels: [south, south, south, south, south]",
     "panels: has 5 roofs: must have at most 2, one for each PV input of PowerStream"},
    {"{family: glacier, plug: dc}", "{family: glacier, plug: dc, panels: [south]}",
     "devices[1].panels: GLACIER has no PV input"},
    {"{family: glacier, plug: dc}", "{family: glacier, plug: dc, panels: []}",
     "devices[1].panels: GLACIER has no PV input"},
    {"name: Kit}", "name: Kit, panels: [south]}",
     "sites.camper.devices[0].panels: \"south\" is no roof: the site has no roofs"},
    {"supplies: [garage]", "power: 5",
     "devices[3].power: unknown key; the keys here are sn, family,"},
};

TEST(Home, HasExtraBatteriesByNumberOrByList) {
  const auto packs_of = [](std::string_view packs) {
    const std::string text =
        changed({"{family: glacier, plug: dc}",
                 "{family: delta_pro_3, plug: dc, packs: " + std::string(packs) + "}", ""},
                kHome);
    const auto home = load_home("test.yaml", text, catalog());
    EXPECT_TRUE(home) << home.error().detail;
    return home ? home->sites[1].devices[1].packs : std::vector<Pack>();
  };
  EXPECT_THAT(packs_of("0"), IsEmpty());
  EXPECT_EQ(packs_of("2").size(), 2U);
  const std::vector<Pack> packs =
      packs_of("[{}, {sn: MR52TEST0001, capacity_wh: 2048, charge: 40.5, cycles: 300}]");
  ASSERT_EQ(packs.size(), 2U);
  EXPECT_EQ(packs[0].charge_percent, std::nullopt);
  EXPECT_EQ(packs[1].sn, "MR52TEST0001");
  EXPECT_EQ(packs[1].capacity_wh, 2048);
  EXPECT_EQ(packs[1].charge_percent, 40.5);
  EXPECT_EQ(packs[1].cycles, 300);
}

TEST(Home, TellsEachMistakeWithItsLineAndWhatIsValid) {
  for (const Mistake& row : kMistakes) {
    EXPECT_THAT(mistakes_of(changed(row, kHome)), HasSubstr(row.told)) << row.new_text;
  }
}

TEST(Home, HasOneHouseholdMeterBesideTheDeviceThatRegulates) {
  constexpr std::string_view kMetered = R"(home: Metered
sites:
  flat:
    grid: {phases: 1}
    household: {people: 2}
    devices:
      - {family: smart_meter, plug: meter}
      - {family: stream, plug: meter}
)";
  EXPECT_TRUE(load(kMetered));
  EXPECT_THAT(mistakes_of(std::string(kMetered) + "      - {family: smart_meter, plug: meter}\n"),
              HasSubstr("household meter is sites.flat.devices[0] already: a site has one"));
  EXPECT_THAT(mistakes_of(std::string(kMetered) + "      - {family: stream, plug: meter}\n"),
              HasSubstr("meter is sites.flat.devices[1] already: a site has one at most"));
}

TEST(Home, TellsAllMistakesAtOnce) {
  const std::string text =
      changed({"latitude: 53.6", "latitude: 90", ""}, changed({"plug: dc", "plug: cd", ""}, kHome));
  const std::string told = mistakes_of(text);
  EXPECT_THAT(told, HasSubstr("flat.yaml:6: sites.house.latitude"));
  EXPECT_THAT(told, HasSubstr("flat.yaml:28: sites.camper.devices[1].plug"));
}

TEST(Home, TellsWhatIsNoHomeAtAll) {
  for (const auto& [text, told] : std::vector<std::pair<std::string, std::string>>{
           {"", "flat.yaml:1: the file is empty"},
           {"home: a\n---\nhome: b\n", "there is a second document"},
           {"[1, 2]",
            "flat.yaml:1: must be a mapping of home, description, include and sites; it is a list"},
           {"home: a\nsites: {}\n", "flat.yaml:2: sites: has no device"},
           {"home: a\nsites: {a: {}}\n", "flat.yaml:2: sites: has no device"},
           {"home: {", "not valid YAML"}}) {
    EXPECT_THAT(mistakes_of(text), HasSubstr(told)) << text;
  }
}

// A home with so many sites, each with so many devices.
std::string large(int sites, int devices) {
  std::string text = "home: Large\nsites:\n";
  for (int k = 0; k < sites; ++k) {
    text += fmt::format("  s{}:\n    devices:\n", k);
    for (int i = 0; i < devices; ++i) text += "      - {family: smart_plug, plug: living}\n";
  }
  return text;
}

TEST(Home, IsLimited) {
  const VirtualHome sites = loaded(large(100, 1));
  EXPECT_EQ(sites.sites.size(), kMaxHomeSites);
  EXPECT_THAT(mistakes_of(large(101, 1)), HasSubstr("sites: has 101 sites: must have at most 100"));
  const VirtualHome devices = loaded(large(2, 500));
  EXPECT_EQ(devices.sites[1].devices[499].sn, "HW52SIM00001000");
  EXPECT_EQ(devices.sites[1].devices[499].name, "Smart Plug 1000");
  EXPECT_THAT(mistakes_of(large(1, 1001)), HasSubstr("has 1001 devices: must have at most 1000"));
  EXPECT_THAT(mistakes_of(large(7, 143)), HasSubstr("has 1001 devices: must have at most 1000"));
  const auto home_of = [](std::size_t characters) {
    return changed({"A house and a camper", std::string(characters, 'x'), ""}, kHome);
  };
  EXPECT_TRUE(load(home_of(64)));
  EXPECT_THAT(mistakes_of(home_of(65)), HasSubstr("home: has 65 characters: must have 1 to 64"));
  const auto named = [](std::size_t characters) {
    return changed({"name: Battery", "name: " + std::string(characters, 'x'), ""}, kHome);
  };
  EXPECT_TRUE(load(named(64)));
  EXPECT_THAT(mistakes_of(named(65)), HasSubstr("name: has 65 characters: must have 1 to 64"));
  std::string comment(kHome);
  comment.resize(kMaxHomeFile, '#');
  EXPECT_TRUE(load(comment));
  EXPECT_THAT(mistakes_of(comment + '#'), HasSubstr("bytes: at most 1048576 are read"));
}

TEST(Home, IsFoundByIdOrPath) {
  const auto demo = find_home("demo", catalog());
  ASSERT_TRUE(demo) << demo.error().detail;
  EXPECT_EQ(demo->title, "Demo home");
  const auto file = find_home(source_path("homes/demo.yaml"), catalog());
  ASSERT_TRUE(file) << file.error().detail;
  EXPECT_EQ(file->title, "Demo home");
  const auto typo = find_home("dmeo", catalog());
  ASSERT_FALSE(typo);
  EXPECT_EQ(typo.error().code, ErrorCode::kBadParams);
  EXPECT_EQ(typo.error().detail,
            "there is no home \"dmeo\": must be all, balcony, chalet, demo, hamburg or metered, or "
            "a file such as ./flat.yaml; did you mean demo?");
  const auto missing = find_home("./dmeo.yaml", catalog());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::kIo);
}

TEST(StarterHome, Loads) {
  const VirtualHome home = loaded(starter_home());
  ASSERT_EQ(home.sites.size(), 2U);
  EXPECT_EQ(home.sites[0].devices.size(), 3U);
}

constexpr std::string_view kIncluding = R"yaml(home: Mine
include: demo
sites:
  house:
    devices:
      - {sn: R351MINE00000001, name: Mine, plug: garage}
  shed: {devices: [{family: smart_plug, plug: garden}]}
)yaml";

TEST(Home, HasTheSitesOfTheHomeThatItIncludesFirst) {
  const VirtualHome demo = find_home("demo", catalog()).value();
  const VirtualHome home = loaded(kIncluding);
  EXPECT_EQ(home.title, "Mine");
  EXPECT_EQ(home.description, "");
  std::vector<std::string> sites;
  for (const Site& site : home.sites) sites.push_back(site.name);
  EXPECT_THAT(sites, ElementsAre("house", "annexe", "flat", "cabin", "camper", "shed"));
  for (std::size_t k = 0; k < demo.sites.size(); ++k) {
    const Site& site = home.sites[k];
    EXPECT_EQ(site.latitude_deg, demo.sites[k].latitude_deg);
    EXPECT_EQ(site.phases, demo.sites[k].phases);
    EXPECT_EQ(site.household->people, demo.sites[k].household->people);
    EXPECT_EQ(site.roofs.size(), demo.sites[k].roofs.size());
    ASSERT_GE(site.devices.size(), demo.sites[k].devices.size());
    for (std::size_t i = 0; i < demo.sites[k].devices.size(); ++i) {
      EXPECT_EQ(site.devices[i].sn, demo.sites[k].devices[i].sn);
      EXPECT_EQ(site.devices[i].supplies, demo.sites[k].devices[i].supplies);
    }
  }
  ASSERT_EQ(home.sites[0].devices.size(), demo.sites[0].devices.size() + 1);
  EXPECT_EQ(home.sites[0].devices.back().sn, "R351MINE00000001");
  ASSERT_EQ(home.sites[5].devices.size(), 1U);
  EXPECT_EQ(home.sites[5].devices[0].sn, "HW52SIM00000002") << "the demo home has one already";
  EXPECT_EQ(home.sites[5].devices[0].name, "Smart Plug 2");
  EXPECT_EQ(loaded("home: a\ninclude: demo\nsites: {}\n").sites.size(), demo.sites.size());
}

TEST(Home, TellsWhatDoesNotGoTogetherWithTheHomeThatItIncludes) {
  const std::vector<Mistake> rows = {
      {"include: demo", "include: dmeo",
       "flat.yaml:2: include: \"dmeo\" must be balcony, chalet, demo, hamburg or metered; did you "
       "mean demo?"},
      {"include: demo", "include: all",
       "flat.yaml:2: include: \"all\" includes a home itself, which an included one must not: must "
       "be balcony, chalet, demo, hamburg or metered"},
      {"include: demo", "include: ./demo.yaml",
       "include: \"./demo.yaml\" must be balcony, chalet, demo, hamburg or metered"},
      {"include: demo", "include: [demo]", "include: must be a text; it is a list"},
      {"include: demo", "include: demo\ninclude: hamburg", "include: this key occurs twice"},
      {"sn: R351MINE00000001", "sn: R331ZEB4ZEAL0528",
       "flat.yaml:6: sites.house.devices[0].sn: \"R331ZEB4ZEAL0528\" is that of "
       "sites.house.devices[0] in demo.yaml already"},
      {"name: Mine,", "name: Camper fridge,",
       "name: \"Camper fridge\" is that of sites.camper.devices[1] in demo.yaml already"},
      {"plug: garage", "plug: meter",
       "plug: meter is sites.house.devices[3] in demo.yaml already: a site has one at most"},
      {"plug: garage", "plug: off_grid", "plug: off_grid is for a site with grid: none"},
      {"plug: garage", "plug: garage, supplies: [kitchen]",
       "supplies: kitchen is supplied by sites.house.devices[0] in demo.yaml already"},
      {"  house:\n", "  house:\n    latitude: 50\n",
       "flat.yaml:5: sites.house.latitude: demo.yaml describes this site: only devices can be "
       "added "
       "to it"},
      {"  shed:", "  house:", "flat.yaml:7: sites.house: this key occurs twice"},
  };
  for (const Mistake& row : rows) {
    EXPECT_THAT(mistakes_of(changed(row, kIncluding)), HasSubstr(row.told)) << row.new_text;
  }
  const auto itself =
      load_home("all.yaml", changed({"include: demo", "include: all", ""}, kIncluding), catalog());
  ASSERT_FALSE(itself);
  EXPECT_THAT(itself.error().detail, HasSubstr("all.yaml:2: include: \"all\" includes a home"));
  const Catalog other(std::vector<FamilyPtr>{made_up()});
  const auto foreign = load_home("flat.yaml", kIncluding, other);
  ASSERT_FALSE(foreign);
  EXPECT_THAT(foreign.error().detail, HasSubstr("flat.yaml:2: include: demo.yaml:"));
}

TEST(Home, CountsWhatItIncludesInItsLimits) {
  const auto including = [](int sites, int devices) {
    return changed({"sites:\n", "include: demo\nsites:\n", ""}, large(sites, devices));
  };
  EXPECT_EQ(loaded(including(95, 1)).sites.size(), kMaxHomeSites);
  EXPECT_THAT(mistakes_of(including(96, 1)), HasSubstr("has 101 sites: must have at most 100"));
  EXPECT_TRUE(load(including(1, 989)));
  EXPECT_THAT(mistakes_of(including(1, 990)), HasSubstr("has 1001 devices: must have at most"));
}

// Another catalogue has other families.
TEST(Home, TakesTheFamiliesOfTheCatalogue) {
  const Catalog one(std::vector<FamilyPtr>{made_up()});
  const auto home = load_home("a.yaml",
                              "home: a\nsites:\n  a:\n    devices:\n"
                              "      - {sn: MU12A, plug: living, initial: {pd.beep: 1}}\n",
                              one);
  ASSERT_TRUE(home) << home.error().detail;
  EXPECT_EQ(home->sites[0].devices[0].family->id, "made_up");
  EXPECT_EQ(home->sites[0].devices[0].name, "Made Up");
  EXPECT_FALSE(load_home("a.yaml", kHome, one));
}

}  // namespace
}  // namespace gridloom::catalog
