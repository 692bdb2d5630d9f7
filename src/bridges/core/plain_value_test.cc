#include "bridges/core/plain_value.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridloom::bridges {
namespace {

using catalog::Field;
using catalog::FieldType;
using testing::ElementsAre;
using testing::IsEmpty;

std::string text_of(const PlainValue& each) {
  if (const bool* flag = std::get_if<bool>(&each.value)) return *flag ? "true" : "false";
  if (const double* number = std::get_if<double>(&each.value)) return fmt::format("{}", *number);
  if (const auto* text = std::get_if<std::string>(&each.value)) return '"' + *text + '"';
  return "none";
}

Field field_of(std::string name, FieldType type, double scale = 1) {
  Field field;
  field.name = std::move(name);
  field.type = type;
  field.scale = scale;
  return field;
}

std::vector<std::string> values_of(const Field* field, std::string_view json) {
  std::vector<std::string> seen;
  for_each_plain_value("q", field, json, [&](const PlainValue& each) {
    seen.push_back(each.name + '=' + text_of(each));
  });
  return seen;
}

TEST(PlainValue, ANumberIsInTheUnitOfItsField) {
  const Field volts = field_of("q", FieldType::kInt, 0.1);
  EXPECT_THAT(values_of(&volts, "523"), ElementsAre("q=52.3"));
  EXPECT_THAT(values_of(&volts, "-1"), ElementsAre("q=-0.1"));
}

TEST(PlainValue, WhatStandsForNoValueIsNone) {
  Field minutes = field_of("q", FieldType::kInt);
  minutes.absent = wire::Json(65535);
  EXPECT_THAT(values_of(&minutes, "65535"), ElementsAre("q=none"));
  EXPECT_THAT(values_of(&minutes, "0"), ElementsAre("q=0"));
  EXPECT_THAT(values_of(nullptr, "null"), ElementsAre("q=none"));
}

TEST(PlainValue, AFlagIsAFlagAlsoAsANumber) {
  const Field flag = field_of("q", FieldType::kBool);
  EXPECT_THAT(values_of(&flag, "1"), ElementsAre("q=true"));
  EXPECT_THAT(values_of(&flag, "false"), ElementsAre("q=false"));
}

TEST(PlainValue, DeclaredValuesInsideOfAnObjectHaveNamesOfTheirOwn) {
  Field object = field_of("q", FieldType::kObject);
  object.fields = {field_of("on", FieldType::kBool), field_of("watts", FieldType::kInt, 10)};
  EXPECT_THAT(values_of(&object, R"({"on":true,"watts":7,"more":1})"),
              ElementsAre("q.on=true", "q.watts=70"));
}

TEST(PlainValue, AValueWithANameHasItAsItsMeaning) {
  Field mode = field_of("q", FieldType::kInt);
  mode.values = {{.value = 1, .name = "eco"}, {.value = 2, .name = "boost"}};
  std::vector<std::string_view> meanings;
  for (const std::string_view json : {"2", "3", "1.0"}) {
    for_each_plain_value("q", &mode, json,
                         [&](const PlainValue& each) { meanings.push_back(each.meaning); });
  }
  EXPECT_THAT(meanings, ElementsAre("boost", "", "eco"));
}

TEST(PlainValue, WhatIsNotDeclaredHasNoNamesInside) {
  EXPECT_THAT(values_of(nullptr, R"({"on":true})"), IsEmpty());
  EXPECT_THAT(values_of(nullptr, R"("on")"), ElementsAre("q=\"on\""));
  EXPECT_THAT(values_of(nullptr, "{"), IsEmpty());
}

}  // namespace
}  // namespace gridloom::bridges
