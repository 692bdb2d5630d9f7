#include "catalog/loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "catalog/test_family.h"
#include "catalog/test_mistakes.h"
#include "testing/temporary_folder.h"

namespace gridloom::catalog {
namespace {

using testing::HasSubstr;

TEST(Loader, ReadsEveryKeyOfAHead) {
  const FamilyPtr family = made_up();
  ASSERT_TRUE(family);
  EXPECT_EQ(family->id, "made_up");
  EXPECT_EQ(family->product, "Made Up");
  EXPECT_EQ(family->product_alias, "Made-Up");
  EXPECT_EQ(family->listed_product(), "Made-Up");
  EXPECT_EQ(family->prefixes, (std::vector<std::string>{"MU1", "MU12"}));
  EXPECT_EQ(family->product_type, 7);
  EXPECT_EQ(family->model, 2);
  EXPECT_EQ(family->all, QuotaAllForm::kFlat);
  EXPECT_EQ(family->aliases.at(" state"), "pd.state");
  EXPECT_EQ(family->as_text, std::vector<std::string>{"info"});
  EXPECT_EQ(family->messages.change_ms, 1000);
  EXPECT_EQ(wire::to_text(family->messages.report),
            R"({"id":"$message_id","version":"1.0","time":"$uptime_ms"})");
  ASSERT_EQ(family->reports.size(), 3U);
  EXPECT_EQ(family->reports[0].prefix, "pd.");
  EXPECT_FALSE(family->reports[0].also_flat);
  EXPECT_TRUE(family->reports[1].only_full);
  EXPECT_TRUE(family->reports[1].also_flat);
  EXPECT_EQ(family->reports[1].module, "");
  EXPECT_EQ(family->reports[2].module, "packSn");
  EXPECT_EQ(family->histories[0].indexes[1].times, 100);
  EXPECT_EQ(family->notes.quirks[0].source, "ours");
  ASSERT_EQ(family->faults.size(), 1U);
  EXPECT_EQ(family->faults[0].name, "leak");
  EXPECT_EQ(family->faults[0].environment[1], (std::pair<std::string, double>("warmer_k", 5)));
  EXPECT_EQ(family->faults[0].reports[0], (std::pair<std::string, Json>("pd.beep", 1)));
  EXPECT_EQ(family->faults[0].freezes, std::vector<std::string>{"pd.soc"});
  EXPECT_EQ(family->virtual_devices.devices[0].sn, "MU1A0001");
  ASSERT_EQ(family->virtual_devices.devices[0].initial.size(), 1U);
  EXPECT_EQ(family->virtual_devices.devices[0].initial[0],
            (std::pair<std::string, Json>("pd.beep", 1)));
  EXPECT_EQ(family->virtual_devices.modules_of, "MU1A0001") << "the first device has the modules";
}

TEST(Loader, GivesTheModulesToTheDeviceThatTheFileNames) {
  struct Row {
    std::string_view devices, modules_of, told;
  };
  for (const Row& row : std::vector<Row>{
           {"devices: [{sn: MU1A0001, name: Cellar}, {sn: MU1A0002, name: Attic}]", "", "MU1A0001"},
           {"devices: [{sn: MU1A0001, name: Cellar}, {sn: MU1A0002, name: Attic}]",
            "modules_of: MU1A0002", "MU1A0002"},
           {"", "modules_of: MU12A", "MU12A"},
           {"", "", ""}}) {
    const std::string section =
        "virtual:\n  " + std::string(row.devices) + "\n  " + std::string(row.modules_of) + "\n";
    const auto family = load_family(
        "made_up.yaml",
        changed({"virtual:\n  devices: [{sn: MU1A0001, name: Cellar, initial: {pd.beep: 1}}]\n",
                 section, ""}));
    ASSERT_TRUE(family) << family.error().detail;
    EXPECT_EQ((*family)->virtual_devices.modules_of, row.told) << section;
  }
}

TEST(Loader, KeepsScalarsAsJsonDoes) {
  const FamilyPtr family = made_up();
  ASSERT_TRUE(family);
  EXPECT_EQ(family->field("pd.state")->initial, Json("010"));
  EXPECT_EQ(family->field("pd.on")->initial, Json(true));
  EXPECT_EQ(wire::to_text(family->field("pd.cur")->initial), R"([6,6.5,"yes",null])");
  EXPECT_EQ(command_of(*family, "channel").select[1].second, Json("11"));
  EXPECT_EQ(family->field("pd.beep")->initial, Json(0));  // no initial value: the type's zero
  EXPECT_EQ(family->field("info.name")->initial, Json());
}

TEST(Loader, ReadsPlainNumbersOnlyInTheFormThatJsonHas) {
  const struct {
    std::string_view yaml;
    std::string_view json;
  } rows[] = {{"12", "12"},
              {"-3", "-3"},
              {"1.5", "1.5"},
              {"1e3", "1E3"},
              {"0", "0"},
              {"-0.5", "-0.5"},
              {"010", "\"010\""},
              {"0x10", "\"0x10\""},
              {"+1", "\"+1\""},
              {".5", "\".5\""},
              {"1.", "\"1.\""},
              {"1_000", "\"1_000\""},
              {"yes", "\"yes\""},
              {"True", "\"True\""},
              {"true", "true"},
              {"\"12\"", "\"12\""},
              {"'x'", "\"x\""},
              {"null", "null"},
              {"~", "null"},
              {".inf", "\".inf\""},
              {"-", "[null]"},
              {"{a: 1}", "{\"a\":1}"},
              {"1e999", "\"1e999\""}};
  for (const auto& row : rows) {
    const std::string text =
        "family: x\nproduct: x\ndescription: x\nprefixes: [X]\nreports: {r: {fields: [f]}}\n"
        "fields:\n  f:\n    type: any\n    description: x\n    initial:\n      " +
        std::string(row.yaml) + "\n";
    const auto family = load_family("x.yaml", text);
    ASSERT_TRUE(family) << row.yaml << ": " << family.error().detail;
    const auto want = wire::parse_json(row.json);
    ASSERT_TRUE(want) << row.json;
    EXPECT_EQ((*family)->fields[0].initial, *want) << row.yaml;
  }
}

TEST(Loader, MakesEffectsOfSetsAndOfTheLongForm) {
  const FamilyPtr family = made_up();
  ASSERT_TRUE(family);
  const Command& quiet = command_of(*family, "quietMode");
  ASSERT_EQ(quiet.effects.size(), 1U);
  EXPECT_EQ(quiet.effects[0].field, "pd.beep");
  EXPECT_EQ(quiet.effects[0].to.param, "enabled");
  const Command& channel = command_of(*family, "channel");
  EXPECT_TRUE(channel.by_model);
  ASSERT_EQ(channel.effects.size(), 2U);
  EXPECT_EQ(channel.effects[0].at[0].param, "ch");
  EXPECT_EQ(channel.effects[0].at[0].plus, -10);
  EXPECT_EQ(channel.effects[0].at[1].literal, Json("name"));
  EXPECT_EQ(channel.effects[0].to.param, "info.chName");
  EXPECT_EQ(channel.effects[1].map.at("3"), Json(1));
  const Command& charge = command_of(*family, "charge");
  EXPECT_EQ(charge.effects[0].times, 1000);
  EXPECT_TRUE(charge.effects[1].as_bool);
  EXPECT_EQ(charge.effects[2].to.literal, Json("charging"));
  EXPECT_EQ(charge.effects[2].when.at("on"), Json(true));
}

TEST(Loader, KnowsWhichCommandsWriteAField) {
  const FamilyPtr family = made_up();
  ASSERT_TRUE(family);
  EXPECT_EQ(family->field("pd.beep")->written_by,
            (std::vector<std::string>{"quietMode", "channel"}));
  EXPECT_TRUE(family->field("pd.soc")->written_by.empty());
  EXPECT_TRUE(family->field("watts")->invert);
}

TEST(Loader, TellsMistakesOfTheHeadWithFileLineAndKey) {
  expect_told({
      {"family: made_up", "family: other",
       "made_up.yaml:2: family: \"other\" must be the file's name, \"made_up\""},
      {"product: Made Up\n", "", "product: this key is missing"},
      {"product: Made Up", "product: [a]", "made_up.yaml:3: product: must be a text; it is a list"},
      {"prefixes: [MU1, MU12]", "prefixes: []", "prefixes: is missing"},
      {"prefixes: [MU1, MU12]", "prefixes: MU1", "prefixes: must be a list [..]; it is \"MU1\""},
      {"prefixes: [MU1, MU12]", "prefixes: [\"\"]", "an empty prefix would match every device"},
      {"product_type: 7", "product_type: seven", "must be a whole number; it is \"seven\""},
      {"product_type: 7", "product_typ: 7",
       "made_up.yaml:6: product_typ: unknown key; the keys here are family, product,"},
      {"product_type: 7", "product_typ: 7", "did you mean product_type?"},
      {"product_type: 7", "model: 7", "made_up.yaml:7: model: this key occurs twice"},
      {"quota_all: flat", "quota_all: deep", "quota_all: \"deep\" must be flat or nested"},
      {"quota_all: flat", "passthrough: yes", "passthrough: must be true or false; it is \"yes\""},
      {"quota_all: flat", "read_only: true",
       "commands: a passthrough or read_only family cannot have commands"},
      {"pd.state, old.beep", "pd.stat, old.beep",
       "aliases. state: \"pd.stat\" is neither a field nor a group"},
      {"\" state\": pd.state", "pd.on: pd.state", "aliases.pd.on: is the name of a field or group"},
      {"product_alias: Made-Up\n", "", "list_as: is product_alias, but that key is missing"},
      {"product_alias: Made-Up", "product_alias: \"\"", "product_alias: is empty"},
      {"list_as: product_alias", "list_as: alias",
       "list_as: \"alias\" must be product or product_alias"},
      {"product_type: 7", "system: {group: pd.state, role: pd.state, main: A, unit: B}",
       "made_up.yaml:6: system.group: \"pd.state\" must be a field of type int"},
      {"product_type: 7", "system: {group: pd.soc, role: pack.*.vol, main: A, unit: B}",
       "system.role: \"pack.*.vol\" must be a field of type string"},
      {"as_text: [info]", "as_text: [inf]", "as_text: \"inf\" is neither a field nor a group"},
  });
}

TEST(Loader, TellsTheNewNameOfAKeyThatWasRenamed) {
  expect_told({
      {"description: A station", "means: A station",
       "made_up.yaml:4: means: unknown key: its name is description now; the keys here are family, "
       "product,"},
      {"quota_all: flat", "open: true", "open: unknown key: its name is passthrough now"},
      {"initial: {pd.beep", "has: {pd.beep",
       "virtual.devices[0].has: unknown key: its name is initial now"},
      {"source: real", "seen: real", "fields.pd.beep.seen: unknown key: its name is "},
      {"environment: {battery", "does: {battery",
       "faults.leak.does: unknown key: its name is environment now"},
      {"reports: {pd.beep", "shows: {pd.beep", "its name is reports now"},
      {"freezes: [pd", "holds: [pd", "its name is freezes now"},
      {"source: real", "has: real", "fields.pd.beep.has: unknown key: its name is initial now"},
      {"what: It", "holds: It", "quirks[0].holds: unknown key; the keys here are what and"},
  });
}

TEST(Loader, TellsMistakesOfFields) {
  expect_told({
      {"pd.beep: {type: int, desc", "pd.beep: {type: integer, desc",
       "made_up.yaml:32: fields.pd.beep.type: \"integer\" must be int, float, string, bool, array, "
       "object or any"},
      {"pd.beep: {type: int, description: Silent", "pd.beep: {description: Silent",
       "fields.pd.beep.type: this key is missing"},
      {"pd.beep: {type: int, description: Silent, source: real}", "pd.beep: 5",
       "fields.pd.beep: must be a mapping of type, unit"},
      {"source: real", "source: guess", "fields.pd.beep.source: \"guess\" is not a source"},
      {"range: [0, 100]", "range: 100", "fields.pd.soc.range: must be two numbers [low, high]"},
      {"range: [0, 100]", "range: [0, 1, 2]", "must be two numbers [low, high]"},
      {"range: [0, 100]", "range: [0, x]", "must be two numbers [low, high]"},
      {"range: [0, 100]", "range: [100, 0]", "range: 100 to 0 is empty: must be [low, high]"},
      {"initial: 60", "initial: 160", "initial: 160 is outside its range [0, 100]"},
      {"initial: 60", "initial: \"60\"", "fields.pd.soc.initial: \"60\" is not of type int"},
      {"nature: battery.soc", "nature: battery.charge",
       "nature: \"battery.charge\" must be pv.power, battery.power"},
      {"unit: W, scale", "unit: mW, scale", "nature: battery.power is in W"},
      {"nature: battery.power,\n          invert: true, sign: discharging is positive",
       "invert: true", "fields.watts.invert: needs a nature or a sign"},
      {"nature: battery.soc", "nature: battery.soc, part: true",
       "fields.pd.soc.part: needs a nature in W"},
      {"invert: true, sign", "part: true, invert: true, sign",
       "fields: watts is a part of battery.power, which no other field has"},
      {"  watts: {type: float,",
       "  in: {type: int, unit: W, description: In, nature: battery.charge_power}\n"
       "  watts: {type: float,",
       "watts is battery.power and in is battery.charge_power: it would be counted twice"},
      {"scale: 0.1", "scale: 0", "fields.watts.scale: cannot be 0"},
      {"scale: 0.1", "scale: ten", "fields.watts.scale: must be a number; it is \"ten\""},
      {"pack.*.amp", "\"*.amp\"", "fields.*.amp: '*' cannot be the first segment"},
      {"pack.*.amp:", "pack.a*.amp:", "'*' must be a segment of its own"},
      {"pack.*.amp:", "pack.*.*:", "only one segment can be '*'"},
      {"pack.*.amp:", "pack..amp:", "a segment between the dots is empty"},
      {"  info.name: {type: any", "  watts.x: {type: any",
       "fields: watts is both a field and a group"},
      {"modules: {pack: [P-1, P-2]}", "modules: {pac: [P-1]}",
       "modules: no field starts with pac.*"},
      {"modules: {pack: [P-1, P-2]}", "modules: {}",
       "virtual.modules: pack is missing: there are fields pack.*"},
      {"[P-1, P-2]", "[P.1]", "virtual.modules: \"P.1\" is not a serial number"},
      {"sn: MU1A0001", "sn: MX1A0001",
       "virtual.devices[0].sn: \"MX1A0001\" starts with none of the prefixes MU1 and MU12"},
      {"modules: {pack: [P-1, P-2]}", "modules: {pack: [P-1, P-2]}\n  modules_of: MX1A0001",
       "virtual.modules_of: \"MX1A0001\" starts with none of the prefixes MU1 and MU12"},
  });
}

TEST(Loader, TellsMistakesOfCommands) {
  expect_told({
      {"select: {moduleType: 5, operateType: charge}", "select: {moduleType: 5}",
       "commands.charge.select: operateType is missing"},
      {"select: {moduleType: 5, operateType: charge}",
       "select: {moduleType: 5, operateType: charge, id: 3}",
       "commands.charge.select.id: the family's select has only moduleType and operateType"},
      {"operateType: charge}", "operateType: quietMode}",
       "commands.charge.select: selects the same sets as quietMode"},
      {"select: {moduleType: 5, operateType: charge}",
       "select: {moduleType: \"5\", operateType: quietMode}", "selects the same sets as quietMode"},
      {"select: [moduleType, operateType]\n", "", "select: is missing"},
      {"sets: [pd.beep]", "sets: [pd.bee]",
       "commands.quietMode.params.enabled.sets: \"pd.bee\" is not a field of this family"},
      {"sets: [pd.beep]", "sets: pd.state", "pd.state is string; this puts $enabled, int, there"},
      {"values: [0, 1], alias", "values: [0, on], alias",
       "commands.quietMode.params.enabled.values: \"on\" is not of type int"},
      {"values: [0, 1], alias", "values: [0, 1], range: [0, 1], alias",
       "can have a range or values"},
      {"alias: [enalbed]", "alias: [enabled]", "the alias enabled is the name of another param"},
      {"type: string, min_items: 1", "type: string, range: [0, 1]",
       "only an int or a float can have it"},
      {"min_items: 1, max_items: 8", "min_items: 9, max_items: 8", "is less than min_items"},
      {"min_items: 1, max_items: 8", "min_items: -1",
       "must be a whole number from 0; it is \"-1\""},
      {"ratio: {type: float,", "ratio: {type: float, max_items: 3,", "only an array or a string"},
      {"note: {type: string}", "note: {type: string, of: {type: int}}",
       "only an array can have elements"},
      {"chName: {type: string}", "chName: {type: string, sets: pd.state}",
       "info.fields.chName.sets: is allowed for a top-level param only"},
      {"set: pack.*.amp, to", "set: pack.amp, to",
       "commands.charge.effects[0].set: \"pack.amp\" is not a field"},
      {"to: $milliamps, times", "to: $milliamp, times",
       "commands.charge.effects[0].to: $milliamp is not a param of charge"},
      {"to: $milliamps, times", "to: $rsvd, times", "$rsvd is ignored: it cannot have an effect"},
      {"to: $milliamps, times", "to: $milliamps*2, times", "$milliamps*2 is not a param"},
      {"to: $milliamps, times", "to: $milliamps+x, times", "must be $param, $param.member"},
      {"at: [$ch-10, name]", "at: [$channel-10, name]", "$channel is not a param of channel"},
      {"at: [$ch-10, name]", "at: [$info.chName-10, name]", "is not an int: nothing can be added"},
      {"to: $info.chName}", "to: $info.name}", "$info.name is not a param of channel"},
      {"set: pd.cur, at", "set: pd.soc, at", "only an array or object has places"},
      {"as: bool", "as: int", "as: \"int\" must be bool"},
      {"set: pd.on, to", "set: pd.soc, to", "pd.soc is int; this puts bool there"},
      {"to: charging", "to: 3", "pd.state is string; this puts 3 there"},
      {"when: {on: true}", "when: {off: true}", "effects[2].when.off: is not a param of charge"},
      {"map: {\"3\": 1}", "map: {\"3\": x}", "pd.beep is int; this puts \"x\" there"},
      {"by: model", "by: magic", "by: \"magic\" must be model"},
      {"was: $enabled", "was: $enable",
       "commands.quietMode.reply: $enable is unknown: must be $id,"},
      {"$field:pd.soc", "$field:pd.sock", "\"pd.sock\" is not a field"},
      {"params: {},\n            select", "params: [],\n            select",
       "commands.restart.params: must be a mapping; it is a list"},
  });
}

TEST(Loader, TellsMistakesOfFaults) {
  expect_told({
      {"description: It leaks", "reason: It leaks", "faults.leak.description: this key is missing"},
      {"warmer_k: 5", "hotter_k: 5",
       "faults.leak.environment: \"hotter_k\" is unknown: must be grid, panel_1"},
      {"warmer_k: 5", "warmer_k: hot", "faults.leak.environment: warmer_k must be a number"},
      {"{pd.beep: 1, pd.err", "{pd.peep: 1, pd.err",
       "faults.leak.reports: \"pd.peep\" is not a field"},
      {"{pd.beep: 1, pd.err", "{pd.beep: loud, pd.err", "pd.beep is \"loud\": must be of type int"},
      {"pd.err: 1}", "pd.err: 500}", "faults.leak.reports: pd.err is 500, which is not an error"},
      {"freezes: [pd.soc]", "freezes: [pd.sock]",
       "faults.leak.freezes: \"pd.sock\" is not a field"},
  });
}

TEST(Loader, TellsMistakesOfMessagesReportsAndHistory) {
  expect_told({
      {"fields: [info.name, watts]", "fields: [info.name]",
       "fields.watts: no report carries this field"},
      {"fields: [info.name, watts]", "fields: [info.name, watts, pd.soc]",
       "reports.rest.fields: pd.soc is carried by pdStatus already"},
      {"fields: [info.name, watts]", "fields: [info.name, info., watts]",
       "info.name is carried by this report already"},
      {"fields: [info.name, watts]", "fields: [info, info.name, watts]",
       "reports.rest.fields: \"info\" matches no field"},
      {"nested: true", "nested: false", "reports.rest.also_flat: has no effect"},
      {"module: packSn", "module: typeCode",
       "reports.packs.module: \"typeCode\" is a member of the message already"},
      {"module: packSn", "module: version",
       "reports.packs.module: \"version\" is a member of the message already"},
      {"module: packSn", "module: params",
       "reports.packs.module: \"params\" is a member of the message already"},
      {"extra: {needAck: 0}}", "extra: {needAck: 0}, module: needAck}",
       "reports.pdStatus.module: \"needAck\" is a member of the message already"},
      {"extra: {needAck: 0}}", "module: partSn}",
       "reports.pdStatus.module: pd.soc does not start with pd.*."},
      {"prefix: pd.,", "prefix: pa.,",
       "reports.pdStatus.prefix: \"pa.\" is not a prefix of pd.soc"},
      {"match: {typeCode: rest}", "match: {typeCode: pdStatus}",
       "reports.rest.match: is the same as that of pdStatus"},
      {"id: $message_id", "id: $id",
       "messages.report: $id is not allowed here: there is no request"},
      {"id: $message_id", "id: $serial", "messages.report: $serial is unknown"},
      {"$module:pack", "$module:bag", "messages.reply: virtual.modules has no group \"bag\""},
      {"full_ms: 30000", "full_ms: 300", "full_ms: is 300: less than change_ms, 1000"},
      {"change_ms: 1000", "change_ms: 0", "change_ms: must be 1 or more"},
      {"counter: pv}", "counter: sun}",
       "history.indexes[0].counter: \"sun\" must be pv, battery_in"},
      {"share_of: grid_in, ", "", "history.indexes[1].counter: is missing: must be given, or both"},
      {"name: Self-sufficiency", "name: From Solar", "\"From Solar\" occurs twice"},
      {"source: ours}\n\nfaults", "sauce: ours}\n\nfaults",
       "quirks[0].source: this key is missing"},
  });
}

TEST(Loader, TellsAllMistakesOfAFileAtOnce) {
  std::string text = changed({"product_type: 7", "product_type: x", ""});
  text.replace(text.find("scale: 0.1"), 10, "scale: y");
  text.replace(text.find("counter: pv"), 11, "counter: z");
  const auto family = load_family("made_up.yaml", text);
  ASSERT_FALSE(family);
  EXPECT_EQ(std::ranges::count(family.error().detail, '\n'), 2) << family.error().detail;
}

TEST(Loader, RefusesTextThatIsNoSingleDocument) {
  const struct {
    std::string text;
    std::string_view told;
  } rows[] = {{"", "x.yaml:1: the file is empty"},
              {"a: [", "x.yaml:1: not valid YAML: "},
              {"a: 1\nb: [1,\nc: }\n",
               "x.yaml:3: not valid YAML: did not find expected node content while parsing a flow "
               "node"},
              {"a:\n  b: 1\n c: 2\n",
               "x.yaml:3: not valid YAML: did not find expected key while parsing a block mapping "
               "(begun in line 1)"},
              {"a: 'b\n", "x.yaml:1: not valid YAML: found unexpected end of stream"},
              {"a: 1\nb: \xff\n", "x.yaml:2: not valid YAML: invalid leading UTF-8 octet"},
              {"a: 1\n---\nb: 1\n", "x.yaml:2: there is a second document"},
              {"a: &x [*x]\n", "x.yaml:1: an alias (*name) inside the node that it refers to"},
              {"a: &x 1\nb: *y\n", "x.yaml:2: an alias (*y) of nothing before it"},
              {"? [a]\n: 1\n", "a key must be a plain or quoted text"},
              {"[a, b]", "must be a mapping of family, product"},
              {std::string(1000, '['), "nested deeper than 24 levels"},
              {std::string(2 * 1024 * 1024, ' '), "at most 1048576 are read"}};
  for (const auto& row : rows) {
    const auto family = load_family("x.yaml", row.text);
    ASSERT_FALSE(family) << row.text.substr(0, 40);
    EXPECT_THAT(family.error().detail, HasSubstr(row.told));
  }
}

TEST(Loader, CopiesWhatAnAliasStandsFor) {
  const auto family =
      load_family("x.yaml",
                  "family: x\nproduct: x\ndescription: x\nprefixes: [X]\n"
                  "reports: {r: {fields: [f, g]}}\nfields:\n"
                  "  f: &f {type: array, description: x, initial: [&day [0, 1], *day]}\n"
                  "  g: *f\n");
  ASSERT_TRUE(family) << family.error().detail;
  EXPECT_EQ(wire::to_text((*family)->field("g")->initial), "[[0,1],[0,1]]");
}

TEST(Loader, LimitsWhatAliasesCopy) {
  std::string wide = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  std::string deep = "a0: &a0 [1]\n";
  for (int k = 1; k < 30; ++k) {
    const std::string name = "a" + std::to_string(k);
    const std::string before = "*a" + std::to_string(k - 1);
    deep += name + ": &" + name + " [" + before + "]\n";
    wide += name + ": &" + name + " [" + before;
    for (int copy = 0; copy < 9; ++copy) wide += ", " + before;
    wide += "]\n";
  }
  const auto too_wide = load_family("x.yaml", wide);
  ASSERT_FALSE(too_wide);
  EXPECT_THAT(too_wide.error().detail, HasSubstr("more than 100000 values"));
  const auto too_deep = load_family("x.yaml", deep);
  ASSERT_FALSE(too_deep);
  EXPECT_THAT(too_deep.error().detail, HasSubstr("nested deeper than 24 levels"));
}

TEST(Loader, RefusesAKeyThatStandsTwiceAnywhere) {
  expect_told({
      {"pd.beep: {type: int", "pd.soc: {type: int", "fields.pd.soc: this key occurs twice"},
      {"as_text: [info]", "as_text: [info]\nmodel: 3", "model: this key occurs twice"},
      {"{ack: 0, was", "{ack: 0, ack: 1, was", "commands.quietMode.reply.ack: this key occurs"},
  });
}

TEST(LoadCatalog, LoadsEveryFileThatIsInTheBinary) {
  for (const EmbeddedFile& file : embedded_files()) {
    const auto family = load_family(file.name, file.text);
    EXPECT_TRUE(family) << family.error().detail;
  }
  const auto catalog = load_catalog({});
  ASSERT_TRUE(catalog) << catalog.error().detail;
  EXPECT_EQ((*catalog)->families().size(), embedded_files().size());
}

TEST(LoadCatalog, AddsTheFamiliesOfAFolderAndLetsThemReplaceOurs) {
  const TemporaryFolder folder;
  write_content(folder.path() / "made_up.yaml", kMadeUpFamily);
  write_content(folder.path() / "notes.txt", "no device file");
  write_content(folder.path() / "power_ocean.yaml",
                "family: power_ocean\nproduct: Mine\ndescription: x\nprefixes: [HJ3]\n");
  const auto catalog = load_catalog(folder.path());
  ASSERT_TRUE(catalog) << catalog.error().detail;
  EXPECT_EQ((*catalog)->of_serial("MU1A0001")->id, "made_up");
  EXPECT_EQ((*catalog)->find("power_ocean")->product, "Mine");
}

TEST(LoadCatalog, TellsTheMistakesOfAllFilesAndWhatTheyCannotShare) {
  const TemporaryFolder folder;
  write_content(folder.path() / "one.yaml",
                "family: one\nproduct: One\ndescription: x\nprefixes: [ZZ]\n");
  write_content(folder.path() / "two.yaml",
                "family: two\nproduct: Two\ndescription: x\nprefixes: [ZZ]\n");
  auto catalog = load_catalog(folder.path());
  ASSERT_FALSE(catalog);
  EXPECT_THAT(catalog.error().detail,
              HasSubstr("two.yaml: prefixes: ZZ is a prefix of one already"));
  write_content(folder.path() / "one.yaml", "family: one\n");
  write_content(folder.path() / "two.yaml", "a: [");
  catalog = load_catalog(folder.path());
  ASSERT_FALSE(catalog);
  EXPECT_THAT(catalog.error().detail, HasSubstr("one.yaml:1: product: this key is missing"));
  EXPECT_THAT(catalog.error().detail, HasSubstr("two.yaml:1: not valid YAML"));
}

TEST(LoadCatalog, SaysWhenTheFolderIsNotThere) {
  const auto catalog = load_catalog("/nowhere/at/all");
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().code, ErrorCode::kIo);
}

}  // namespace
}  // namespace gridloom::catalog
