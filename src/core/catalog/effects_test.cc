#include "catalog/effects.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "testing/catalog.h"
#include "testing/must.h"

namespace gridloom::catalog {
namespace {

const Catalog& shipped() {
  const auto& catalog = shipped_catalog();
  return *catalog;
}

Json parsed(std::string_view text) { return must(wire::parse_json(text)); }

// "field=value field=value"
std::string effects(std::string_view family, std::string_view message) {
  const auto checked = must(check_set(*shipped().find(family), parsed(message).as_object()));
  std::string text;
  for (const FieldEffect& each : effects_of(*checked.command, checked.params)) {
    if (!text.empty()) text += ' ';
    text += fmt::format("{}{}={}", each.field, each.path,
                        each.value ? wire::to_text(*each.value) : "?");
  }
  return text;
}

std::string refusal(std::string_view family, std::string_view message, std::string_view reply) {
  const FamilyPtr of = shipped().find(family);
  const Command* command = must(of->find_command(parsed(message).as_object()));
  return refusal_in(*of, *command, parsed(reply)).value_or("none");
}

TEST(Effects, TheFileSaysWhichFieldsShowACommand) {
  EXPECT_EQ(effects("delta_2", R"({"moduleType":5,"operateType":"acChgCfg",)"
                               R"("params":{"chgWatts":600,"chgPauseFlag":255}})"),
            "mppt.cfgChgWatts=600");
  EXPECT_EQ(effects("smart_home_panel",
                    R"({"operateType":"TCP","params":{"cmdSet":11,"id":16,"ch":1,"sta":1}})"),
            "heartbeat.loadCmdChCtrlInfos[1].ctrlSta=1");
  EXPECT_EQ(effects("power_kits", R"({"operateType":"chSwitch","params":{"bitsSwSta":130}})"),
            "lddc.*.dcChRelay bit 2=1");
  EXPECT_EQ(effects("power_kits", R"({"operateType":"ptcDsgCale","params":{"enable":1}})"),
            "bp2000.*.ptcAllowFlag=? bp5000.*.ptcAllowFlag=?");
  EXPECT_EQ(
      effects("smart_home_panel", R"({"operateType":"TCP","params":{"cmdSet":11,"id":32,"chNum":3,)"
                                  R"("info":{"chName":"Pump"}}})"),
      R"(loadChInfo.info[3].chName="Pump")");
}

TEST(Effects, AValueIsFoundByItsPlace) {
  const Json value = parsed(R"({"info":[{"name":"a"},{"name":"b","bits":5}],"on":true})");
  const struct {
    std::string_view path;
    std::string_view found;
  } rows[] = {{".info[1].name", R"("b")"},
              {".on", "true"},
              {".info[1].bits bit 2", "1"},
              {".info[1].bits bit 1", "0"},
              {".info[2].name", "-"},
              {".info.name", "-"},
              {".other", "-"},
              {".on bit 1", "-"},
              {".info[x]", "-"},
              {"[0]", "-"}};
  for (const auto& row : rows) {
    const auto found = value_inside(value, row.path);
    EXPECT_EQ(found ? wire::to_text(*found) : "-", row.found) << row.path;
  }
  EXPECT_EQ(value_inside(value, ""), value);
}

TEST(Effects, ListsAndObjectsShowWhatWasAskedForOfThem) {
  const struct {
    std::string_view value;
    std::string_view asked;
    bool shows;
  } rows[] = {{"[1,2]", "[1,2.0]", true},
              {"[1,2]", "[1]", false},
              {"[1,2]", "[2,1]", false},
              {R"({"a":1,"week":3})", R"({"a":1})", true},
              {R"({"a":1})", R"({"a":1,"b":2})", false},
              {R"({"a":[{"b":1,"c":2}]})", R"({"a":[{"b":1}]})", true},
              {R"({"a":[{"b":2}]})", R"({"a":[{"b":1}]})", false},
              {"1", "[1]", false}};
  for (const auto& row : rows) {
    EXPECT_EQ(shows(parsed(row.value), parsed(row.asked), 0), row.shows)
        << row.value << ' ' << row.asked;
  }
}

TEST(Effects, AReplyThatDiffersFromTheFilesIsARefusal) {
  constexpr std::string_view kQuiet =
      R"({"moduleType":5,"operateType":"quietMode","params":{"enabled":1}})";
  const struct {
    std::string_view reply;
    std::string_view why;
  } rows[] = {
      {R"({"data":{"ack":0}})", "none"},
      {R"({"data":{"ack":1}})", "ack is 1"},
      {R"({"data":{"ack":1,"message":"busy"}})", "busy"},
      {R"({"data":{}})", "none"},
      {R"({"data":null})", "none"},
      {R"({"ack":1})", "none"},
      {"[]", "none"},
  };
  for (const auto& row : rows) EXPECT_EQ(refusal("delta_2", kQuiet, row.reply), row.why);
}

TEST(Effects, AReplyThatAnswersAQuestionIsNoRefusal) {
  EXPECT_EQ(refusal("power_kits",
                    R"({"moduleType":15370,"operateType":"readProName",)"
                    R"("params":{"enable":1}})",
                    R"({"data":{"nameLen":4,"name":"boat"}})"),
            "none");
}

}  // namespace
}  // namespace gridloom::catalog
