#include "catalog/plausible.h"

#include <gtest/gtest.h>

#include <limits>
#include <string_view>

#include "catalog/loader.h"
#include "testing/catalog.h"
#include "testing/must.h"

namespace gridloom::catalog {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();

struct Row {
  std::string_view family, field;
  double least = 0, most = 0;  // on the wire
};
// By the parts of the device files, 3400 W, 800 W and 9700 W.
constexpr Row kRows[] = {
    {"delta_2", "pd.soc", 0, 100},
    {"delta_2", "inv.acInVol", -10'000'000, 10'000'000},  // in mV
    {"delta_2", "mppt.inWatts", -34'000, 34'000},
    {"delta_2", "pd.wattsOutSum", -100'000, 100'000},
    {"power_stream", "20_1.batInputWatts", -80'000, 80'000},  // in 0.1 W
    {"power_ocean", "mpptPwr", -97'000, 97'000},
    {"power_ocean", "sysGridPwr", -100'000, 100'000},
};

TEST(Plausible, IsAPowerUpToTenTimesTheRatingAndAChargeUpToFull) {
  const auto catalog = shipped_catalog();
  for (const Row& row : kRows) {
    const FamilyPtr family = catalog->find(row.family);
    ASSERT_NE(family, nullptr) << row.family;
    const Field* const field = family->field(row.field);
    ASSERT_NE(field, nullptr) << row.field;
    for (const double good : {row.least, row.most, 0.0}) {
      EXPECT_TRUE(is_plausible(*field, good * field->scale)) << row.field << " " << good;
    }
    for (const double bad : {row.least - 1, row.most + 1, 1e308, -1e308, kInfinite, -kInfinite,
                             std::numeric_limits<double>::quiet_NaN()}) {
      EXPECT_FALSE(is_plausible(*field, bad * field->scale)) << row.field << " " << bad;
    }
  }
}

// Each number of a device file is one that the device can have.
TEST(Plausible, IsEveryNumberThatAFileDeclares) {
  for (const FamilyPtr& family : shipped_catalog()->families()) {
    for (const Field& field : family->fields) {
      for (const NamedValue& each : field.values) {
        if (each.value.is_number()) {
          EXPECT_TRUE(may_arrive(field, each.value.to_number<double>())) << field.name;
        }
      }
      if (!field.range) continue;
      for (const double number : {field.range->low, field.range->high}) {
        EXPECT_TRUE(is_plausible(field, number * field.scale))
            << family->id << " " << field.name << " " << number;
      }
    }
  }
}

TEST(Plausible, ArrivesWhatIsNearTheRangeOrHasAMeaning) {
  const auto family = must(load_family("made_up.yaml", R"yaml(
family: made_up
product: Made up
description: x
prefixes: [MU1]
read_only: true
quota_all: flat
messages: {report: {id: $message_id}, reply: {id: $id}}
reports: {all: {match: {typeCode: all}, fields: [a.]}}
fields:
  a.temp: {type: int, unit: °C, range: [0, 60], absent: 255, description: x}
  a.power: {type: float, unit: kW, description: x}
)yaml"));
  const Field& temperature = *family->field("a.temp");
  for (const double good : {-6, 0, 66, 255}) EXPECT_TRUE(may_arrive(temperature, good)) << good;
  for (const double bad : {-7, 67, 254}) EXPECT_FALSE(may_arrive(temperature, bad)) << bad;
  EXPECT_TRUE(may_arrive(*family->field("a.power"), 1e6));
  EXPECT_FALSE(may_arrive(*family->field("a.power"), 1.1e6));
  EXPECT_TRUE(is_plausible_power(-1e9));
  EXPECT_FALSE(is_plausible_power(1.1e9));
}

}  // namespace
}  // namespace gridloom::catalog
