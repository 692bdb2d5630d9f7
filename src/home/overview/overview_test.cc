// What a device does, in a few figures.
#include "overview/overview.h"

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

#include "catalog/readable_values.h"
#include "catalog/test_family.h"
#include "history/energy/energy_sources.h"
#include "testing/catalog.h"
#include "testing/must.h"

namespace gridloom::overview {
namespace {

using catalog::flat_values;
using catalog::FlatValue;
using testing::ElementsAre;
using testing::HasSubstr;
using wire::Json;

catalog::FamilyPtr made_up() {
  return catalog::load_family("made_up.yaml", catalog::kMadeUpFamily).value();
}

wire::JsonObject object(std::string_view text) {
  return wire::parse_json(text).value().as_object();
}

TEST(Overview, FindsItsFiguresByTheirNatures) {
  const auto family = made_up();
  const Overview seen =
      overview_of(*family, flat_values(*family, object(R"({"pd.soc":40,"watts":-500})")));
  EXPECT_EQ(seen.charge_percent, 40);
  EXPECT_EQ(seen.battery_w, 50) << "watts is inverted, and a tenth";
  EXPECT_FALSE(seen.sun_w);
  EXPECT_FALSE(seen.grid_w);
  EXPECT_FALSE(seen.load_w);
  EXPECT_TRUE(seen.errors.empty());
  EXPECT_FALSE(overview_of(*family, {}).charge_percent);
}

TEST(Overview, WhatNoDeviceCanHaveIsNotKnown) {
  const auto family = made_up();
  const Overview seen =
      overview_of(*family, flat_values(*family, object(R"({"pd.soc":101,"watts":-1e300})")));
  EXPECT_FALSE(seen.charge_percent);
  EXPECT_FALSE(seen.battery_w);
}

TEST(Overview, ABatteryOfWhichOneDirectionIsReportedIsNotKnown) {
  const auto delta = shipped_catalog()->of_serial("R331ZEB4ZEAL0528");
  const struct {
    std::string_view quotas;
    std::optional<double> battery_w;
  } rows[] = {
      {R"({"bms_bmsStatus.inputWatts":0})", std::nullopt},
      {R"({"bms_bmsStatus.outputWatts":0})", std::nullopt},
      {R"({"bms_bmsStatus.inputWatts":0,"bms_bmsStatus.outputWatts":0})", 0},
      {R"({"bms_bmsStatus.inputWatts":0,"bms_bmsStatus.outputWatts":70})", -70},
      {R"({"pd.soc":40})", std::nullopt},
  };
  for (const auto& row : rows) {
    const Overview seen = overview_of(*delta, flat_values(*delta, object(row.quotas)));
    EXPECT_EQ(seen.battery_w, row.battery_w) << row.quotas;
  }
}

TEST(Overview, SaysHowLongTheBatteryGoesOnWhilePowerFlows) {
  constexpr std::string_view kFamily = R"yaml(
family: timed
product: Timed
description: A device with a battery
prefixes: [TT1]
read_only: true
quota_all: flat
messages: {report: {id: $message_id}, reply: {id: $id}}
reports:
  all: {match: {typeCode: all}, fields: [bat.]}
defaults:
  fields: {type: int, unit: min, description: x}
fields:
  bat.power: {unit: W, nature: battery.power}
  bat.full: {absent: 9999, nature: battery.time_to_full}
  bat.empty: {nature: battery.time_to_empty}
  bat.left: {scale: 60, nature: battery.time_left}
)yaml";
  const auto family = must(catalog::load_family("timed.yaml", kFamily));
  using Minutes = std::optional<double>;
  const struct {
    std::string_view quotas;
    Minutes full_in_min;
    Minutes empty_in_min;
  } rows[] = {
      {R"({"bat.power":500,"bat.full":90,"bat.empty":300})", 90, std::nullopt},
      {R"({"bat.power":-500,"bat.full":90,"bat.empty":300})", std::nullopt, 300},
      {R"({"bat.power":-500,"bat.full":90,"bat.left":2})", std::nullopt, 120},
      {R"({"bat.power":500,"bat.full":9999,"bat.left":-2})", 120, std::nullopt},
      {R"({"bat.power":500,"bat.full":9999})", std::nullopt, std::nullopt},
      {R"({"bat.power":500,"bat.full":0})", std::nullopt, std::nullopt},
      {R"({"bat.power":0,"bat.full":90,"bat.empty":300})", std::nullopt, std::nullopt},
      {R"({"bat.full":90,"bat.empty":300})", std::nullopt, std::nullopt},
  };
  for (const auto& row : rows) {
    const Overview seen = overview_of(*family, flat_values(*family, object(row.quotas)));
    EXPECT_EQ(seen.full_in_min, row.full_in_min) << row.quotas;
    EXPECT_EQ(seen.empty_in_min, row.empty_in_min) << row.quotas;
  }
}

TEST(Overview, SumsThePartsOfAPower) {
  const auto family = must(catalog::load_family("parted.yaml", R"yaml(
family: parted
product: Parted
description: A device with an AC and a DC side
prefixes: [PT1]
read_only: true
quota_all: flat
messages: {report: {id: $message_id}, reply: {id: $id}}
reports:
  ac: {match: {typeCode: ac}, fields: [ac.]}
  dc: {match: {typeCode: dc}, fields: [dc.]}
defaults:
  fields: {type: int, unit: W, description: x}
fields:
  ac.w: {nature: load.power, part: true}
  dc.*.w: {nature: load.power, part: true, absent: -1}
  dc.spare: {nature: load.power}
)yaml"));
  const struct {
    std::string_view what;
    std::string_view quotas;
    std::optional<double> load_w;
  } rows[] = {
      {.what = "all",
       .quotas = R"({"ac.w":300,"dc.1.w":40,"dc.2.w":5,"dc.spare":7})",
       .load_w = 345},
      {.what = "one was never reported", .quotas = R"({"dc.1.w":40})", .load_w = 40},
      {.what = "one has no value",
       .quotas = R"({"ac.w":300,"dc.1.w":40,"dc.2.w":-1})",
       .load_w = {}},
      {.what = "one is none", .quotas = R"({"ac.w":null,"dc.1.w":40})", .load_w = {}},
      {.what = "nothing", .quotas = "{}", .load_w = {}},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    const Overview seen = overview_of(*family, flat_values(*family, object(row.quotas)));
    EXPECT_EQ(seen.load_w, row.load_w);
    EXPECT_EQ(seen.powers_w.at(static_cast<std::size_t>(history::Power::kLoad)), row.load_w);
  }
}

TEST(Overview, NamesTheErrorsThatAreActive) {
  const auto family = made_up();
  const auto errors = [&](std::string_view quotas) {
    std::vector<std::string> all;
    for (const ActiveError& each :
         overview_of(*family, flat_values(*family, object(quotas))).errors)
      all.push_back(fmt::format("{} {} {}", name_of(each.severity), each.field, each.text));
    return all;
  };
  EXPECT_THAT(errors(R"({"pd.err":513})"),
              ElementsAre("warning pd.err Errors: 513 (too hot, no fan)"));
  EXPECT_THAT(errors(R"({"pd.errs":[0,3]})"),
              ElementsAre("fault pd.errs Errors of each output: [0,3]"));
  EXPECT_THAT(errors(R"({"pd.err":500,"pd.errs":[0,0],"pd.soc":1})"), ElementsAre());
}

TEST(Overview, AFaultOfAVirtualDeviceIsOneErrorThatSaysWhatItMeans) {
  constexpr std::int64_t kFirstOwnCode = 9000;  // devices/README.md
  for (const catalog::FamilyPtr& family : shipped_catalog()->families()) {
    for (const catalog::DeviceFault& fault : family->faults) {
      SCOPED_TRACE(fmt::format("{} {}", family->id, fault.name));
      std::vector<FlatValue> values;
      for (auto [name, value] : fault.reports) {
        if (const auto star = name.find('*'); star != std::string::npos) name.replace(star, 1, "M");
        values.push_back({.name = std::move(name), .value = std::move(value)});
      }
      const Overview seen = overview_of(*family, values);
      EXPECT_LE(seen.errors.size(), 1U);
      for (const ActiveError& error : seen.errors) {
        EXPECT_THAT(error.meaning, HasSubstr("(")) << "a number alone";
        if (error.meaning.contains(fault.description) && error.value.is_number()) {
          EXPECT_GE(error.value.to_number<std::int64_t>(), kFirstOwnCode) << "a real device's";
        }
      }
    }
  }
}

TEST(Overview, NamesTheErrorsInTheWordsOfAnotherLanguage) {
  using enum catalog::Language;
  const auto catalog = translated_catalog();
  const struct {
    std::string_view sn;
    std::string_view quotas;
    std::string_view english;
    std::string_view german;
  } rows[] = {
      {"HW52ZDH1RF3J0033", R"({"2_1.warnCode":1})", "Warning: 1 (overload)",
       "Warnung: 1 (Überlast)"},
      {"HW52ZDH1RF3J0033", R"({"2_1.errCode":3})", "Fault: 3", "Störung: 3"},
      {"HJ31ZDH2ZF690025", R"({"emsErrCode.errCode":[601,701]})", "Faults: 601 (heat pump), 701",
       "Störungen: 601 (Wärmepumpe), 701"},
      {"R331ZEB4ZEAL0528", R"({"bms_emsStatus.bmsWarState":1})",
       "Warnings of the pack: 1 (too hot)", "Warnungen des Akkupacks: 1 (zu heiß)"},
  };
  for (const auto& row : rows) {
    const catalog::FamilyPtr family = catalog->of_serial(row.sn);
    const Overview seen = overview_of(*family, flat_values(*family, object(row.quotas)));
    ASSERT_EQ(seen.errors.size(), 1U) << row.quotas;
    EXPECT_EQ(seen.errors.front().text, row.english);
    const ActiveError german =
        in_words_of(*catalog->in_language(family, kGerman), seen.errors.front());
    EXPECT_EQ(german.text, row.german);
    EXPECT_EQ(german.title + ": " + german.meaning, row.german);
    EXPECT_EQ(german.field, seen.errors.front().field);
    EXPECT_EQ(german.value, seen.errors.front().value);
    EXPECT_EQ(german.severity, seen.errors.front().severity);
    EXPECT_EQ(in_words_of(*catalog->in_language(family, kEnglish), seen.errors.front()).text,
              row.english);
  }
}

TEST(Overview, FindsTheWordsOfAMemberAndOfAnElement) {
  const auto english = must(catalog::load_family("parted.yaml", R"yaml(
family: parted
product: Parted
description: x
prefixes: [PA1]
messages: {report_body: params, report: {}, reply: {}, result: data}
reports: {all: {match: {cmdId: 1}, fields: [list]}}
fields:
  list:
    type: array
    description: Units
    of: {type: object, fields: {state: {type: int, title: State, values: {1: broken}}}}
)yaml"));
  const ActiveError error{.field = "list[1].state",
                          .text = "Zustand: 1 (kaputt)",
                          .title = "Zustand",
                          .meaning = "1 (kaputt)",
                          .value = 1,
                          .quota = "list"};
  EXPECT_EQ(in_words_of(*english, error).text, "State: 1 (broken)");
  ActiveError unknown = error;
  unknown.field = "list[1].other";
  EXPECT_EQ(in_words_of(*english, unknown).text, error.text);
  unknown.quota = unknown.field = "nothing";
  EXPECT_EQ(in_words_of(*english, unknown).text, error.text);
}

}  // namespace

}  // namespace gridloom::overview
