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
    text += fmt::format("{}={}", each.field, wire::to_text(each.value));
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
            "")
      << "a value inside of a list is no field";
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
