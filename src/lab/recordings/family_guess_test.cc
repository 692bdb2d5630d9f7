// Guesses of all shipped families from recordings of their virtual devices, and of what a guess has
// to be right about: types, modules, effects of sets, and that the file it writes is valid.
#include "recordings/family_guess.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catalog/file_parts.h"
#include "recordings/recording.h"
#include "recordings/similar_family.h"
#include "sim/model.h"
#include "sim/test_bench.h"
#include "sim/test_home_devices.h"
#include "testing/catalog.h"

namespace gridloom::recordings {
namespace {

using hub::TrafficEvent;
using testing::HasSubstr;
using testing::IsEmpty;
using Kind = TrafficEvent::Kind;

void put_nested(wire::JsonObject& into, std::string_view name, const wire::Json& value) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) {
    into[name] = value;
    return;
  }
  wire::Json& group = into[name.substr(0, dot)];
  if (!group.is_object()) group = wire::JsonObject();
  put_nested(group.get_object(), name.substr(dot + 1), value);
}

// When a device is recorded: minutes of each hour of a day with every command some times, or four
// minutes of a night in which nobody does anything.
enum class Recorded : std::uint8_t { kDay, kNight };

// Traffic as a user would record it of a device in use.
class UsedDevice {
 public:
  UsedDevice(const catalog::FamilyPtr& family, Recorded recorded)
      : UsedDevice(family, recorded, sim::home_devices(*family).front()) {}
  UsedDevice(const catalog::FamilyPtr& family, Recorded recorded, const sim::SetUpDevice& device)
      : bench_(family, {.seed = 3,
                        .sn = device.sn,
                        .start = TimePoint(std::chrono::sys_days{std::chrono::June / 16 / 2025} +
                                           std::chrono::hours(recorded == Recorded::kDay ? 11 : 1)),
                        .setup = device.setup}),
        recording_(
            {{.sn = sn(), .family = family->id, .owner = registry::AccountId{1}, .shares = {}}},
            bench_.now(), false) {
    text_ = recording_.head();
    bench_.connect();
    bench_.said.clear();
    wire::JsonObject known;
    for (const auto& [name, value] : bench_.left().reported) {
      if (family->all == catalog::QuotaAllForm::kNested) {
        put_nested(known, name, value);
      } else {
        known[name] = value;
      }
    }
    record(Kind::kInitialState, "quota", wire::to_text(known));
    if (recorded == Recorded::kDay) {
      use(*family);
    } else {
      live(Millis{240'000});
    }
    text_ += recording_.end();
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  void use(const catalog::Family& family) {
    for (int hour = 0; hour < 24; ++hour) {
      live(Millis{70'000});
      pass(Millis{3'600'000});
    }
    sim::RandomSets sets(family, Chance(5));
    for (std::size_t k = 0; k < 12 * family.commands.size(); ++k) {
      const std::string set = wire::to_text(sets.next().message);
      record(Kind::kDeviceGets, "set", set);
      bench_.tell(set);
      take();
      live(Millis{4000});
    }
    live(Millis{150'000});
  }
  [[nodiscard]] const std::string& sn() const { return bench_.device().sn(); }
  void record(Kind kind, std::string_view verb, std::string_view text) {
    text_ += recording_.lines_of({.kind = kind,
                                  .at = bench_.now(),
                                  .sn = sn(),
                                  .verb = wire::verb_of(verb).value(),
                                  .text = std::string(text)});
  }
  void take() {
    for (const auto& message : bench_.said) {
      record(Kind::kDeviceSends, message.verb, message.payload);
    }
    bench_.said.clear();
  }
  // Unheard.
  void pass(Millis time) {
    record(Kind::kOffline, "status", "");
    bench_.run(time, Millis{60'000});
    bench_.said.clear();
    record(Kind::kOnline, "status", "");
  }
  void live(Millis time) {
    for (Millis gone{0}; gone < time; gone += Millis{2000}) {
      bench_.step(Millis{2000});
      take();
    }
  }

  sim::Bench bench_;
  Recording recording_;
  std::string text_;
};

Result<GuessedFamily> guess(std::string_view text) {
  const auto script = transcripts::parse_script("recording.loom", text);
  EXPECT_TRUE(script) << (script ? "" : script.error().detail);
  return script ? guess_family(*script) : std::unexpected(script.error());
}

// What is guessed from a recording of a shipped family's device: it takes seconds, and most tests
// look at the same.
const Result<GuessedFamily>& guess_of(const std::string& family, Recorded recorded) {
  static std::map<std::pair<std::string, Recorded>, Result<GuessedFamily>> made;
  const auto known = made.find({family, recorded});
  if (known != made.end()) return known->second;
  auto guessed = guess(UsedDevice(sim::family_of(family), recorded).text());
  return made.emplace(std::pair(family, recorded), std::move(guessed)).first->second;
}

// What a guess has after it took over what agrees with the most similar of the families.
struct Improved {
  GuessedFamily guessed;
  std::optional<SimilarFamily> similar;
};
Improved improved(GuessedFamily guessed, const std::vector<catalog::FamilyPtr>& families) {
  std::optional<SimilarFamily> similar = most_similar(guessed, families);
  if (similar) {
    const std::string file = similar->family->id + ".yaml";
    const auto embedded = catalog::embedded_files();
    const auto found = std::ranges::find(embedded, file, &catalog::EmbeddedFile::name);
    const auto parts = catalog::file_parts(*found);
    EXPECT_TRUE(parts) << (parts ? "" : parts.error().detail);
    if (parts) take_over(*similar, *parts, guessed);
  }
  return {.guessed = std::move(guessed), .similar = std::move(similar)};
}

std::vector<catalog::FamilyPtr> families_but(std::string_view id) {
  const auto& catalog = shipped_catalog();
  std::vector<catalog::FamilyPtr> families = catalog->families();
  std::erase_if(families, [&](const catalog::FamilyPtr& family) { return family->id == id; });
  return families;
}

void expect_loads(const GuessedFamily& guessed) {
  const std::string text = device_file_of(guessed, "guessed");
  const auto loaded = catalog::load_family("guessed.yaml", text);
  ASSERT_TRUE(loaded) << loaded.error().detail << '\n' << text;
  EXPECT_EQ((*loaded)->fields.size(), guessed.fields.size());
  EXPECT_EQ((*loaded)->commands.size(), guessed.commands.size());
}

double percent(const GuessScore::Share& share) {
  return share.of == 0 ? 100
                       : 100 * static_cast<double>(share.found) / static_cast<double>(share.of);
}

class GuessOf : public testing::TestWithParam<std::string> {};

TEST_P(GuessOf, AShippedFamilyIsNearlyAllRight) {
  const catalog::FamilyPtr family = sim::family_of(GetParam());
  const auto& guessed = guess_of(GetParam(), Recorded::kDay);
  ASSERT_TRUE(guessed) << guessed.error().detail;
  const GuessScore score = compare(*guessed, *family);
  RecordProperty("fields", fmt::format("{}/{}", score.fields.found, score.fields.of));
  const std::string mistaken = fmt::format("{}", fmt::join(score.mistaken, "\n"));
  EXPECT_THAT(score.invented, IsEmpty());
  EXPECT_GE(percent(score.fields), 95);
  // At most one field in twenty has a wrong type; one that is asked for is no mistake.
  EXPECT_LE(20 * (score.types.of - score.types.found), score.fields.found) << mistaken;
  EXPECT_GE(percent(score.groups), 95) << mistaken;
  EXPECT_GE(percent(score.commands), 95) << score.commands.found << " of " << score.commands.of;
  EXPECT_GT(score.fields.of, family->fields.size() / 2);
}

TEST_P(GuessOf, AShippedFamilyIsAValidDeviceFile) {
  const auto& guessed = guess_of(GetParam(), Recorded::kDay);
  ASSERT_TRUE(guessed) << guessed.error().detail;
  const std::string text = device_file_of(*guessed, "guessed");
  const auto loaded = catalog::load_family("guessed.yaml", text);
  ASSERT_TRUE(loaded) << loaded.error().detail;
  const Status fits = sim::check_model(*loaded);
  EXPECT_TRUE(fits) << (fits ? "" : fits.error().detail);
  EXPECT_EQ((*loaded)->fields.size(), guessed->fields.size());
  EXPECT_EQ((*loaded)->commands.size(), guessed->commands.size());
}

// Whether by night or by day, what a family's device reports is known as that of the family.
TEST_P(GuessOf, AShippedFamilyStartsFromThatFamily) {
  const catalog::FamilyPtr family = sim::family_of(GetParam());
  for (const Recorded recorded : {Recorded::kDay, Recorded::kNight}) {
    SCOPED_TRACE(recorded == Recorded::kDay ? "day" : "night");
    const auto& guessed = guess_of(GetParam(), recorded);
    ASSERT_TRUE(guessed) << guessed.error().detail;
    const auto [better, similar] = improved(*guessed, families_but(""));
    ASSERT_TRUE(similar);
    EXPECT_EQ(similar->family->id, family->id);
    const GuessScore score = compare(better, *family);
    const std::string mistaken = fmt::format("{}", fmt::join(score.mistaken, "\n"));
    EXPECT_THAT(score.invented, IsEmpty());
    EXPECT_EQ(score.fields.found, score.fields.of);
    EXPECT_EQ(score.groups.found, score.groups.of) << mistaken;
    EXPECT_GE(percent(score.types), 95) << mistaken;
    EXPECT_LE(20 * score.unknown_types, score.fields.of);
    EXPECT_EQ(score.commands.found, score.commands.of);
    expect_loads(better);
  }
}

// A product that no family serves, as a family would be if its file were not there.
TEST_P(GuessOf, AFamilyThatIsNotThereIsNearlyAllRight) {
  const catalog::FamilyPtr family = sim::family_of(GetParam());
  for (const Recorded recorded : {Recorded::kDay, Recorded::kNight}) {
    SCOPED_TRACE(recorded == Recorded::kDay ? "day" : "night");
    const auto& guessed = guess_of(GetParam(), recorded);
    ASSERT_TRUE(guessed) << guessed.error().detail;
    const auto [better, similar] = improved(*guessed, families_but(family->id));
    const GuessScore alone = compare(*guessed, *family);
    const GuessScore score = compare(better, *family);
    const std::string mistaken = fmt::format("{}", fmt::join(score.mistaken, "\n"));
    const std::string like =
        similar ? fmt::format("{}: {}/{}", similar->family->id, similar->shared, similar->of) : "";
    RecordProperty("similar", like);
    EXPECT_THAT(score.invented, IsEmpty()) << like;
    EXPECT_EQ(score.fields.found, score.fields.of) << like;
    EXPECT_EQ(score.groups.found, score.groups.of) << like << '\n' << mistaken;
    EXPECT_GE(percent(score.types), 95) << like << '\n' << mistaken;
    EXPECT_LE(score.unknown_types, alone.unknown_types) << like;
    EXPECT_GE(score.commands.found, alone.commands.found) << like;
    expect_loads(better);
  }
}

INSTANTIATE_TEST_SUITE_P(LongFamilies, GuessOf,
                         testing::Values("delta_2", "delta_2_max", "delta_pro_ultra", "glacier",
                                         "power_kits", "power_ocean", "power_stream",
                                         "smart_home_panel", "smart_plug", "stream", "wave_2",
                                         "delta_pro_3", "delta_pro", "delta_max", "river_2_pro",
                                         "delta_3_max", "smart_meter", "stream_microinverter",
                                         "smart_home_panel_2"),
                         [](const auto& row) { return row.param; });

constexpr std::string_view kHead = "recorded\ndevice generic HEAT00000001 owner demo real\n";

TEST(FamilyGuess, NeedsADeviceThatReports) {
  const auto empty = guess("clock 2025-06-18 10:00:00\n");
  ASSERT_FALSE(empty);
  EXPECT_THAT(empty.error().detail, HasSubstr("no device that is marked \"real\""));
  const auto silent = guess(kHead);
  ASSERT_FALSE(silent);
  EXPECT_THAT(silent.error().detail, HasSubstr("no device reports anything"));
}

TEST(FamilyGuess, TakesTypesFromAllValues) {
  const auto guessed = guess(std::string(kHead) + R"(
> device HEAT00000001 quota {"typeCode":"state","params":{"a":1,"b":1,"c":"x","d":true,"e":[1]}}
@ +2s
> device HEAT00000001 quota {"typeCode":"state","params":{"a":7,"b":1.5,"c":"y","d":false,"e":[]}}
@ +2s
> device HEAT00000001 quota {"typeCode":"state","params":{"a":null}}
)");
  ASSERT_TRUE(guessed) << guessed.error().detail;
  std::string types;
  for (const GuessedField& field : guessed->fields) {
    types += fmt::format("{} {}; ", field.name, name_of(field.type()));
  }
  EXPECT_EQ(types, "a any; b float; c string; d bool; e array; ");
  EXPECT_EQ(guessed->change_ms, 2000);
}

TEST(FamilyGuess, AsksForTheTypeOfANumberThatWasOnlyZero) {
  const auto guessed = guess(std::string(kHead) + R"(
> device HEAT00000001 quota {"typeCode":"state","params":{"a":0,"b":0,"c":0.0,"d":"0"}}
@ +2s
> device HEAT00000001 quota {"typeCode":"state","params":{"a":0,"b":1}}
)");
  ASSERT_TRUE(guessed) << guessed.error().detail;
  std::string unknown;
  for (const GuessedField& field : guessed->fields) {
    if (field.only_end) unknown += field.name;
  }
  EXPECT_EQ(unknown, "a");
  const std::string text = device_file_of(*guessed, "heat");
  EXPECT_THAT(text, HasSubstr("  a:\n    type: int\n    description: A   # What is it?\n"
                              "    # Only 0 was seen: int or float?"));
  EXPECT_TRUE(catalog::load_family("heat.yaml", text));
}

// A percentage that is full says as little about fractions as one that is nought.
TEST(FamilyGuess, AsksForTheTypeOfANumberThatWasFullBesideFractions) {
  const auto guessed = guess(std::string(kHead) + R"(
> device HEAT00000001 quota {"typeCode":"pack","params":{"health":100,"volts":52.1,"mode":3}}
> device HEAT00000001 quota {"typeCode":"screen","params":{"light":100,"page":2}}
@ +2s
> device HEAT00000001 quota {"typeCode":"pack","params":{"health":100,"volts":52.2,"mode":3}}
)");
  ASSERT_TRUE(guessed) << guessed.error().detail;
  std::string unknown;
  for (const GuessedField& field : guessed->fields) {
    if (field.only_end) unknown += field.name;
  }
  EXPECT_EQ(unknown, "health") << "no number of the screen has fractions";
  EXPECT_THAT(device_file_of(*guessed, "heat"), HasSubstr("# Only 100 was seen: int or float?"));
}

TEST(FamilyGuess, TakesTheTypeOfTheSameThingInAnotherGroup) {
  const auto guessed = guess(std::string(kHead) + R"(
> device HEAT00000001 quota {"params":{"a.temp":21.5,"b.temp":21,"b.state":4,"c.temp":19}}
> device HEAT00000001 quota {"typeCode":"all","params":{"a.temp":21.5,"b.temp":21,"b.state":4}}
@ +2s
> device HEAT00000001 quota {"typeCode":"all","params":{"a.temp":21.6,"b.temp":21,"b.state":4}}
)");
  ASSERT_TRUE(guessed) << guessed.error().detail;
  std::string types;
  for (const GuessedField& field : guessed->fields) {
    types += fmt::format("{} {}; ", field.name, name_of(field.type()));
  }
  EXPECT_THAT(types, HasSubstr("b.temp float; "));
  EXPECT_THAT(types, HasSubstr("b.state int; "));
}

TEST(FamilyGuess, GivesFieldsOfTheSameNameInTwoReportsTheReportsName) {
  const auto guessed = guess(std::string(kHead) + R"(
> device HEAT00000001 quota {"typeCode":"pump","params":{"watts":1}}
> device HEAT00000001 quota {"typeCode":"rod","params":{"watts":2}}
@ +2s
> device HEAT00000001 quota {"typeCode":"pump","params":{"watts":3}}
)");
  ASSERT_TRUE(guessed) << guessed.error().detail;
  ASSERT_EQ(guessed->fields.size(), 2U);
  EXPECT_EQ(guessed->fields[0].name, "pump.watts");
  EXPECT_EQ(guessed->fields[1].name, "rod.watts");
}

TEST(FamilyGuess, SeesWhatASetChangesAndAsksWhereItCannotKnow) {
  const auto guessed = guess(std::string(kHead) + R"(
> device HEAT00000001 quota {"params":{"hp.target":50,"hp.other":1,"hp.watts":5}}
> device HEAT00000001 quota {"typeCode":"state","params":{"target":50,"other":1,"watts":5}}
@ +2s
< device HEAT00000001 set {"id":<id>,"operateType":"setTarget","params":{"target":45}}
> device HEAT00000001 quota {"typeCode":"state","params":{"target":45}}
> device HEAT00000001 set_reply {"id":<id>,"data":{"ack":0}}
@ +2s
< device HEAT00000001 set {"id":<id>,"operateType":"beep","params":{"times":3}}
> device HEAT00000001 set_reply {"id":<id>,"data":{"ack":0}}
)");
  ASSERT_TRUE(guessed) << guessed.error().detail;
  EXPECT_EQ(guessed->select, std::vector<std::string>{"operateType"});
  ASSERT_EQ(guessed->commands.size(), 2U);
  EXPECT_EQ(guessed->commands[0].name, "setTarget");
  EXPECT_EQ(guessed->commands[0].params[0].sets, std::vector<std::string>{"hp.target"});
  EXPECT_EQ(wire::to_text(guessed->commands[0].reply), R"({"ack":0})");
  const std::string text = device_file_of(*guessed, "heat");
  EXPECT_THAT(text, HasSubstr("sets: [hp.target]"));
  EXPECT_THAT(text, HasSubstr("# No field took its value: what does it do?"));
  EXPECT_THAT(text, HasSubstr("reply: {\"id\":\"$id\"}"));
}

TEST(FamilyGuess, MakesANumberOfABooleanThatItsFieldShowsAsOne) {
  const auto guessed = guess(std::string(kHead) + R"(
> device HEAT00000001 quota {"typeCode":"state","params":{"asleep":0,"watts":5}}
@ +2s
< device HEAT00000001 set {"id":<id>,"operateType":"off","params":{"sleep":true}}
> device HEAT00000001 quota {"typeCode":"state","params":{"asleep":1}}
> device HEAT00000001 set_reply {"id":<id>,"data":{"ack":0}}
)");
  ASSERT_TRUE(guessed) << guessed.error().detail;
  const std::string text = device_file_of(*guessed, "heat");
  EXPECT_THAT(text, HasSubstr("- {set: asleep, to: $sleep, map: {false: 0, true: 1}}"));
  EXPECT_TRUE(catalog::load_family("heat.yaml", text));
}

TEST(FamilyGuess, ScoreCountsWhatIsWrong) {
  const catalog::FamilyPtr family = sim::family_of("delta_2");
  GuessedFamily guessed;
  guessed.reports.push_back({.name = "pd", .fields = {"pd.soc", "pd.noSuchField"}});
  guessed.fields.push_back({.name = "pd.soc", .values = {}});
  guessed.fields.back().values.add(wire::Json("61"));
  guessed.fields.push_back({.name = "pd.noSuchField", .values = {}});
  const GuessScore score = compare(guessed, *family);
  EXPECT_EQ(score.invented, std::vector<std::string>{"pd.noSuchField"});
  EXPECT_EQ(score.fields.found, 1U);
  EXPECT_EQ(score.types.found, 0U);
  EXPECT_EQ(score.groups.found, 1U);

  guessed.fields.front().values = {};
  guessed.fields.front().values.add(wire::Json(0));
  guessed.fields.front().only_end = true;
  const GuessScore unknown = compare(guessed, *family);
  EXPECT_EQ(unknown.types.of, 0U);
  EXPECT_EQ(unknown.unknown_types, 1U);
}

}  // namespace
}  // namespace gridloom::recordings
