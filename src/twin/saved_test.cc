// A twin goes through text and comes back as it was, byte by byte.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "twin/test_family.h"
#include "twin/twin.h"

namespace gridloom::twin {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kHour{std::chrono::hours(472'000)};

TEST(SavedTwin, ComesBackWithItsValuesAndEnergies) {
  Twin twin(flat_layout());
  ReportReader reader;
  const auto report = [&](Millis at, std::string_view payload) {
    ASSERT_TRUE(twin.apply(payload, kHour + at, reader));
  };
  report(0min, R"({"params":{"watts.pv":1000.50,"tasks":{"a":[1,"two\n",null]}}})");
  report(5min, R"({"params":{"watts.pv":1e3,"undeclared":"Küche","x.y":-0.0}})");
  report(65min, R"({"params":{"watts.pv":10}})");

  Twin back(flat_layout());
  const Status restored = back.restore(twin.save());
  ASSERT_TRUE(restored) << restored.error().detail;
  EXPECT_EQ(*back.all(), *twin.all());
  EXPECT_EQ(back.energies(kHour, kHour + 10h), twin.energies(kHour, kHour + 10h));
  EXPECT_EQ(back.save(), twin.save());
  // The time between counts for nothing.
  ASSERT_TRUE(back.apply(R"({"params":{"watts.pv":500}})", kHour + 66min, reader));
  EXPECT_EQ(back.energies(kHour, kHour + 10h), twin.energies(kHour, kHour + 10h));
}

TEST(SavedTwin, OneThatNeverReportedStaysSo) {
  Twin back(flat_layout());
  ASSERT_TRUE(back.restore(Twin(flat_layout()).save()));
  EXPECT_EQ(back.all(), nullptr);
}

TEST(SavedTwin, WhatIsNoSavedTwinIsRefused) {
  const std::vector<std::string_view> wrong = {
      "",
      "[]",
      "{}",
      R"({"quotas":[]})",
      R"({"quotas":{},"hours":[]})",
      R"({"quotas":[["a"]],"hours":[]})",
      R"({"quotas":[["a",1]],"hours":[]})",
      R"({"quotas":[["a",""]],"hours":[]})",
      R"({"quotas":[],"hours":[[1]]})",
      R"({"quotas":[],"hours":[["x",0,0,0,0,0,0,0,0,0,0,0,0]]})",
      R"({"quotas":[],"hours":[[1,0,0,0,0,0,0,0,0,0,0,0,"x"]]})",
  };
  for (const std::string_view text : wrong) {
    Twin back(flat_layout());
    const Status restored = back.restore(text);
    ASSERT_FALSE(restored) << text;
    EXPECT_EQ(restored.error().kind, FaultKind::kMalformed) << text;
  }
}

}  // namespace
}  // namespace gridloom::twin
