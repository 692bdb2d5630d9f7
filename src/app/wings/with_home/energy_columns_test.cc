#include "with_home/energy_columns.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace gridloom::app {
namespace {

ShownEnergies home_of(std::string_view owner, std::string_view answer) {
  return {.owner = std::string(owner),
          .answer = wire::parse_json(answer).value().as_object(),
          .columns = kHomeEnergyColumns};
}

constexpr std::string_view kSunny =
    R"({"buckets":[{"from":"A","to":"B","sun_kwh":1.5},{"from":"B","to":"C"}],)"
    R"("total":{"sun_kwh":1.5}})";
constexpr std::string_view kDark =
    R"({"buckets":[{"from":"A","to":"B","home_kwh":0.25}],"total":{"home_kwh":0.25}})";

TEST(EnergiesCsv, HasARowForEachBucketAndNothingWhereNothingIsKnown) {
  EXPECT_EQ(energies_csv(std::vector{home_of("", kSunny)}),
            "from,to,SUN [kWh]\r\nA,B,1.5\r\nB,C,\r\n");
}

TEST(EnergiesCsv, IsOneTableForTheHomesOfSeveralOwners) {
  EXPECT_EQ(energies_csv(std::vector{home_of("ann", kSunny), home_of("Ben, the =2nd", kDark)}),
            "owner,from,to,SUN [kWh],HOME [kWh]\r\n"
            "ann,A,B,1.5,\r\n"
            "ann,B,C,,\r\n"
            "\"Ben, the =2nd\",A,B,,0.25\r\n");
}

TEST(EnergiesCsv, TakesNoHarmFromAnAnswerOfAnotherForm) {
  for (const std::string_view answer :
       {"{}", R"({"buckets":{},"total":[]})", R"({"buckets":[1,null,"x"],"total":5})"}) {
    EXPECT_EQ(energies_csv(std::vector{home_of("", answer)}), "from,to\r\n") << answer;
  }
}

}  // namespace
}  // namespace gridloom::app
