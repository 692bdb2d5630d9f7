#include "bridges/mqtt_out/value_messages.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "testing/must.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<MqttSettings> settings_of(std::string_view json) {
  const wire::Json given = must(wire::parse_json(json));
  GL_TRY(auto arguments, parameters::Arguments::check(
                             {.name = "mqtt", .declared = mqtt_parameters()}, given.get_object()));
  return mqtt_settings(arguments);
}

// A station with a voltage in tenths, a mode with names and an object.
const catalog::Family& station() {
  static const catalog::Family kFamily = [] {
    catalog::Family family;
    family.id = "station";
    catalog::Field volts;
    volts.name = "pd.vol";
    volts.type = catalog::FieldType::kInt;
    volts.unit = "V";
    volts.scale = 0.1;
    catalog::Field mode;
    mode.name = "mode";
    mode.type = catalog::FieldType::kInt;
    mode.values = {{.value = 1, .name = "eco"}, {.value = 2, .name = "boost"}};
    family.fields = {volts, mode};
    family.groups = {{.name = "panel", .title = {}, .fields = {"pd."}},
                     {.name = "modes", .title = {}, .fields = {"mode"}}};
    return family;
  }();
  return kFamily;
}

std::vector<std::string> messages(std::string_view settings, std::string_view quota,
                                  std::string_view json) {
  const catalog::Field* field = nullptr;
  for (const catalog::Field& each : station().fields) {
    if (each.name == quota) field = &each;
  }
  std::vector<std::string> texts;
  for (const ValueMessage& each : messages_of(
           must(settings_of(settings)), topic_device("R33", "Kitchen", station()), station(),
           {.name = quota, .field = field, .json = json, .at = TimePoint(Millis(1700))})) {
    texts.push_back(each.topic + ' ' + each.payload);
  }
  return texts;
}

TEST(ValueMessages, ATopicHasTheDeviceAndTheFieldInIt) {
  EXPECT_THAT(messages(R"({"broker":"mqtt://b"})", "pd.vol", "523"),
              ElementsAre("gridloom/R33/pd.vol 52.3"));
  EXPECT_THAT(
      messages(R"({"broker":"mqtt://b","topic":"{family}/{name}/{group}/{field}"})", "pd.vol", "0"),
      ElementsAre("station/Kitchen/panel/pd.vol 0"));
}

TEST(ValueMessages, JsonHasTheUnitAndTheTimeOfTheReport) {
  EXPECT_THAT(messages(R"({"broker":"mqtt://b","payload":"json"})", "pd.vol", "523"),
              ElementsAre(R"(gridloom/R33/pd.vol {"value":52.3,"unit":"V","at":1700})"));
  EXPECT_THAT(messages(R"({"broker":"mqtt://b","payload":"json"})", "own", R"("a\"b")"),
              ElementsAre(R"(gridloom/R33/own {"value":"a\"b","at":1700})"));
  EXPECT_THAT(messages(R"({"broker":"mqtt://b","payload":"json"})", "own", "null"),
              ElementsAre(R"(gridloom/R33/own {"value":null,"at":1700})"));
}

TEST(ValueMessages, AValueWithANameIsItsNumberOrItsName) {
  EXPECT_THAT(messages(R"({"broker":"mqtt://b"})", "mode", "2"),
              ElementsAre("gridloom/R33/mode 2"));
  EXPECT_THAT(messages(R"({"broker":"mqtt://b","named-values":"name"})", "mode", "2"),
              ElementsAre("gridloom/R33/mode boost"));
  EXPECT_THAT(messages(R"({"broker":"mqtt://b","named-values":"name"})", "mode", "3"),
              ElementsAre("gridloom/R33/mode 3"));
  EXPECT_THAT(
      messages(R"({"broker":"mqtt://b","named-values":"name","payload":"json"})", "mode", "1"),
      ElementsAre(R"(gridloom/R33/mode {"value":"eco","at":1700})"));
}

TEST(ValueMessages, OnlyTheFieldsThatAreAskedForAreSent) {
  EXPECT_THAT(messages(R"({"broker":"mqtt://b","fields":["mode"]})", "pd.vol", "1"), IsEmpty());
  EXPECT_THAT(messages(R"({"broker":"mqtt://b","fields":["pd.*"]})", "pd.vol", "1"),
              ElementsAre("gridloom/R33/pd.vol 0.1"));
  EXPECT_THAT(messages(R"({"broker":"mqtt://b"})", "pd.vol", ""), IsEmpty());
}

TEST(ValueMessages, CharactersThatMeanSomethingInTopicsAreReplaced) {
  const TopicDevice device = topic_device("R33", "a/b+c#d\n", station());
  EXPECT_EQ(device.name, "a_b_c_d?");
  const auto settings =
      must(settings_of(R"({"broker":"mqtt://b","availability":"x/{name}/online"})"));
  EXPECT_EQ(availability_topic(settings, device), "x/a_b_c_d?/online");
  EXPECT_THAT(messages(R"({"broker":"mqtt://b"})", "a/#", "1"), ElementsAre("gridloom/R33/a__ 1"));
}

TEST(ValueMessages, TheGroupIsThatOfThePageOrTheBeginningOfTheName) {
  EXPECT_EQ(group_of(station(), "pd.vol"), "panel");
  EXPECT_EQ(group_of(station(), "mode"), "modes");
  EXPECT_EQ(group_of(station(), "inv.temp"), "inv");
  EXPECT_EQ(group_of(station(), "alone"), "alone");
}

TEST(MqttSettings, RefuseWhatCannotWork) {
  struct Case {
    std::string_view settings;
    std::string_view why;
  };
  for (const Case& each :
       {Case{R"({"broker":"http://b"})", "broker is"},
        Case{R"({"broker":"mqtt://b","topic":"a/{field}"})", "must have {sn} or {name} in it"},
        Case{R"({"broker":"mqtt://b","topic":"a/{sn}"})", "must have {field} in it"},
        Case{R"({"broker":"mqtt://b","topic":"#/{sn}/{field}"})", "a topic without + and #"},
        Case{R"({"broker":"mqtt://b","availability":"online"})", "must have {sn} or {name} in it"},
        Case{R"({"broker":"mqtt://b","availability":"{sn}/{field}"})", "between braces must be"},
        Case{R"({"broker":"mqtt://b","status":"a/+"})", "status is"},
        Case{R"({"broker":"mqtt://b","password":"secret"})", "user is missing"},
        Case{R"({"broker":"mqtt://b","qos":3})", "qos is 3"}}) {
    const auto settings = settings_of(each.settings);
    ASSERT_FALSE(settings) << each.settings;
    EXPECT_EQ(settings.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(settings.error().detail, HasSubstr(each.why));
  }
}

}  // namespace
}  // namespace gridloom::bridges
