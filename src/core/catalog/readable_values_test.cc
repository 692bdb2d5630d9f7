// Values under flat names, and as people read them.
#include "catalog/readable_values.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/test_family.h"
#include "testing/catalog.h"
#include "testing/must.h"

namespace gridloom::catalog {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using wire::Json;

catalog::FamilyPtr made_up() {
  return catalog::load_family("made_up.yaml", catalog::kMadeUpFamily).value();
}

wire::JsonObject object(std::string_view text) {
  return wire::parse_json(text).value().as_object();
}

TEST(FlatValues, AreTheSameOfBothForms) {
  const auto family = made_up();
  const std::vector<std::string_view> forms = {
      R"({"pd.soc":5,"pack.A1.vol":48000,"pd.slots":[{"kind":1}],"other":{"a":1},"none":{}})",
      R"({"pd":{"soc":5,"slots":[{"kind":1}]},"pack":{"A1":{"vol":48000}},)"
      R"("other":{"a":1},"none":{}})",
  };
  for (const std::string_view form : forms) {
    std::vector<std::string> seen;
    for (const FlatValue& each : flat_values(*family, object(form))) {
      seen.push_back(each.name + " " + wire::to_text(each.value));
    }
    EXPECT_THAT(seen, ElementsAre("none {}", "other.a 1", "pack.A1.vol 48000",
                                  "pd.slots "
                                  R"([{"kind":1}])",
                                  "pd.soc 5"))
        << form;
  }
}

TEST(FlatValues, HaveWhatTheDeviceMeansWithANumberWithoutASign) {
  const auto family = shipped_catalog()->find("power_kits");
  const auto values =
      flat_values(*family, object(R"({"bmsTotal":{"totalAmp":65522,"totalRemainTime":65522},)"
                                  R"("bp5000":{"M101":{"totalAmp":65522}}})"));
  EXPECT_EQ(*find_value(values, "bmsTotal.totalAmp"), Json(-14));
  EXPECT_EQ(*find_value(values, "bp5000.M101.totalAmp"), Json(-14));
  EXPECT_EQ(*find_value(values, "bmsTotal.totalRemainTime"), Json(65522));
}

TEST(FlatValues, HaveWhatIsJsonInsideOfAString) {
  const auto values = flat_values(*made_up(), object(R"({"info":"{\"name\":\"Cellar\"}"})"));
  ASSERT_EQ(values.size(), 1U);
  EXPECT_EQ(values.front().name, "info.name");
  ASSERT_NE(find_value(values, "info.name"), nullptr);
  EXPECT_EQ(*find_value(values, "info.name"), Json("Cellar"));
  EXPECT_EQ(find_value(values, "info"), nullptr);
}

TEST(ValueText, HasUnitAndName) {
  const auto family = made_up();
  const struct {
    std::string_view field;
    Json value;
    std::string_view text;
  } rows[] = {
      {"pd.soc", 62, "62 %"},
      {"watts", 1234, "123.4 W"},
      {"watts", 0.1 + 0.2, "0.03 W"},
      {"watts", 1e308, "1e+308"},  // which no device can have: as it came
      {"pd.soc", -5, "-5"},
      {"pack.A1.vol", 52'608, "52.608 V"},
      {"pack.A1.amp", 20, "20 (full)"},
      {"pack.A1.amp", 7, "7"},
      {"pd.left", 65'535, "-"},
      {"pd.left", 5, "5 min"},
      {"pd.on", true, "true (on)"},
      {"pd.state", "010", "\"010\" (resting)"},
      {"pd.err", 1, "1 (too hot)"},
      {"pd.soc", nullptr, "-"},
      {"unknown",
       "a\x1b"
       "b",
       "a?b"},
      {"unknown", 5, "5"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(value_text(family->field(row.field), row.value), row.text) << row.field;
  }
}

TEST(Values, HaveTheDecimalsOfTheirField) {
  using catalog::FieldType;
  const struct {
    FieldType type;
    double scale;
    std::optional<int> decimals;
  } rows[] = {
      {FieldType::kInt, 1, 0},      {FieldType::kInt, 0.1, 1},
      {FieldType::kInt, 0.001, 3},  {FieldType::kInt, 1000, 0},
      {FieldType::kBool, 1, 0},     {FieldType::kFloat, 1, 2},
      {FieldType::kFloat, 0.01, 2}, {FieldType::kString, 1, std::nullopt},
  };
  for (const auto& row : rows) {
    catalog::Field field;
    field.type = row.type;
    field.scale = row.scale;
    EXPECT_EQ(decimals_of(field), row.decimals) << name_of(row.type) << ' ' << row.scale;
  }
}

}  // namespace
}  // namespace gridloom::catalog
