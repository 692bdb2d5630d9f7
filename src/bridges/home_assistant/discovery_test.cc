// The form of the messages, and their topics.
#include "bridges/home_assistant/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "bridges/home_assistant/test_families.h"

namespace gridloom::bridges::home_assistant {
namespace {

using wire::Json;

Topics topics() { return {"homeassistant", "gridloom", "home"}; }

Json message_of(std::string_view family, std::string_view sn, std::string_view name) {
  const std::string& product = all_families().product_name(sn);
  return config_message(topics(), {.sn = sn, .name = name, .product = product},
                        *entities_in(all_families().find(family), catalog::Language::kEnglish));
}

Json without_components(Json message) {
  message.get_object().erase("cmps");
  return message;
}

TEST(ConfigMessage, SaysWhatIsSharedOnce) {
  const Json expected = wire::parse_json(R"({
    "dev": {"ids": ["gridloom_HW52A-dot-1"], "name": "Büro", "sn": "HW52A.1", "mdl": "Smart Plug"},
    "o": {"name": "Gridloom"},
    "avty": [{"t": "gridloom/bridge/home/status"}, {"t": "gridloom/device/HW52A.1/availability"}],
    "avty_mode": "all",
    "stat_t": "gridloom/device/HW52A.1/state/main",
    "qos": 1})")
                            .value();
  const Json message = without_components(message_of("smart_plug", "HW52A.1", "Büro"));
  EXPECT_EQ(message, expected) << wire::to_text(message);
}

// Components as Home Assistant gets them, of two families. Titles are the device files' affair.
TEST(ConfigMessage, HasAComponentForEachEntity) {
  struct Row {
    std::string_view family;
    std::string_view key;
    std::string_view component;  // without name and entity id
  };
  for (
      const Row& row : std::vector<Row>{
          {"smart_plug", "2_1_watts",
           R"({"p":"sensor","uniq_id":"gridloom_SN1_2_1_watts","dev_cla":"power","unit_of_meas":"W",
                "stat_cla":"measurement","suggested_display_precision":1,
                "val_tpl":"{{ value_json['2_1_watts'] }}"})"},
          {"smart_plug", "problem",
           R"({"p":"binary_sensor","uniq_id":"gridloom_SN1_problem","dev_cla":"problem",
                "ent_cat":"diagnostic","val_tpl":"{{ value_json['problem'] }}"})"},
          {"power_stream", "20_1_batSoc",
           R"({"p":"sensor","uniq_id":"gridloom_SN1_20_1_batSoc","dev_cla":"battery",
                "unit_of_meas":"%","stat_cla":"measurement","suggested_display_precision":0,
                "val_tpl":"{{ value_json['20_1_batSoc'] }}"})"},
          {"power_stream", "set_supplyPriority_supplyPriority",
           R"({"p":"select","uniq_id":"gridloom_SN1_set_supplyPriority_supplyPriority",
                "ops":["home","battery"],
                "cmd_t":"gridloom/device/SN1/set/set_supplyPriority_supplyPriority",
                "val_tpl":"{{ value_json['set_supplyPriority_supplyPriority'] }}"})"}}) {
    Json component = message_of(row.family, "SN1", "A").at("cmps").at(row.key);
    EXPECT_FALSE(wire::text_in(component, "name").empty());
    EXPECT_TRUE(wire::text_in(component, "def_ent_id")
                    .starts_with(std::string(wire::text_in(component, "p")) + ".a_"));
    component.get_object().erase("name");
    component.get_object().erase("def_ent_id");
    EXPECT_EQ(component, wire::parse_json(row.component).value()) << wire::to_text(component);
  }
}

TEST(ConfigMessage, HasNothingOfARemovedEntityButItsPlatform) {
  const auto entities = entities_in(all_families().find("smart_plug"), catalog::Language::kEnglish);
  const Json message = config_message(topics(), {.sn = "SN1", .name = "A", .product = ""},
                                      *entities, {{"old", Platform::kNumber}});
  EXPECT_EQ(wire::to_text(message.at("cmps").at("old")), R"({"p":"number"})");
}

TEST(Announced, ReadsBackWhatItWrote) {
  const auto entities = entities_in(all_families().find("smart_plug"), catalog::Language::kEnglish);
  const Announced announced = announced_of(*entities);
  const auto again = parse_announced(text_of(announced));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->entities, announced.entities);
  EXPECT_EQ(again->topics, announced.topics);
  for (const std::string_view text :
       {"", "[]", "{}", R"({"entities":{},"topics":["a/b"]})", R"({"entities":[],"topics":[]})",
        R"({"entities":{"light":["a"]},"topics":[]})"}) {
    EXPECT_FALSE(parse_announced(text)) << text;
  }
}

TEST(Topics, TellWhatIsWhose) {
  const Topics all = topics();
  const auto set = all.parse_set("gridloom/device/SN1/set/key");
  ASSERT_TRUE(set);
  EXPECT_EQ(set->sn, "SN1");
  EXPECT_EQ(set->key, "key");
  EXPECT_FALSE(all.parse_set("gridloom/device/SN1/state/main"));
  EXPECT_FALSE(all.parse_set("gridloom/device/SN1"));
  EXPECT_EQ(all.parse_published(all.published("SN1")), "SN1");
  EXPECT_EQ(all.parse_single("homeassistant/sensor/gridloom_SN1/soc/config"), "gridloom_SN1");
  EXPECT_FALSE(all.parse_single(all.config("SN1")));
}

}  // namespace
}  // namespace gridloom::bridges::home_assistant
