// The runner must fail on wrong expectations, on messages that no device file declares, and on
// commands and fields that were never used.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/loader.h"
#include "testing/source_path.h"
#include "transcripts/pattern.h"
#include "transcripts/runner.h"
#include "transcripts/schema_checker.h"
#include "transcripts/words.h"

namespace gridloom::transcripts {
namespace {

wire::Json json(std::string_view text) { return wire::parse_json(text).value(); }

std::string explained(const std::optional<Difference>& difference) {
  if (!difference) return "equal";
  return difference->path + ": " + difference->expected + " / " + difference->got;
}

std::shared_ptr<const catalog::Catalog> heat_pumps() {
  return catalog::load_catalog(source_path("tests/transcripts/new_family")).value();
}

RunResult played(std::string_view text, Coverage& coverage) {
  const auto script = parse_script("test.loom", text);
  if (!script) {
    return {
        .failures = {{.line = 0, .text = script.error().detail}}, .rewritten = {}, .record = {}};
  }
  return play(*script, heat_pumps(), {}, coverage);
}

RunResult played(std::string_view text) {
  Coverage coverage;
  return played(text, coverage);
}

// The first line of each failure, as "7: data.ack: expected 1, got 0".
std::vector<std::string> first_lines(const RunResult& outcome) {
  std::vector<std::string> lines;
  for (const Failure& failure : outcome.failures) {
    lines.push_back(std::to_string(failure.line) + ": " +
                    failure.text.substr(0, failure.text.find('\n')));
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Pattern, SaysWhereAMessageDiffersFirst) {
  struct Row {
    std::string_view pattern, got, difference;
  };
  const std::vector<Row> rows = {
      {R"({"a":1,"b":{"c":[1,2]}})", R"({"b":{"c":[1,2.0]},"a":1.0})", "equal"},
      {R"({"a":1})", R"({"a":2})", "a: 1 / 2"},
      {R"({"a":1})", R"({"a":"1"})", R"(a: 1 / "1")"},
      {R"({"a":1})", R"({"a":true})", "a: 1 / true"},
      {R"({"a":1})", R"({})", "a: 1 / nothing"},
      {R"({"a":1})", R"({"a":1,"b":2})", "b: nothing / 2"},
      {R"({"a":1,<...>})", R"({"a":1,"b":2})", "equal"},
      {R"({<...>})", R"({})", "equal"},
      {R"({<...>})", R"([])", ": {<...>} / []"},
      {R"({"a":[1,<...>]})", R"({"a":[1,2,3]})", "equal"},
      {R"({"a":[1,<...>]})", R"({"a":[]})", "a: 1 elements or more / 0"},
      {R"({"a":[1,2]})", R"({"a":[1]})", "a: 2 elements / 1"},
      {R"({"a":[{"b":1}]})", R"({"a":[{"b":2}]})", "a[0].b: 1 / 2"},
      {R"({"a":<number>})", R"({"a":"x"})", R"(a: <number> / "x")"},
      {R"([<id>,<id>,<time>,<string>,<bool>,<any>])", R"([7,"7",1,"",false,null])", "equal"},
      {R"([<time>])", "[0]", "[0]: <time> / 0"},
      {R"([<id>])", R"([""])", R"([0]: <id> / "")"},
      {R"([<trace>])", R"(["0123456789abcdef0123456789abcdef"])", "equal"},
      {R"([<trace>])", R"(["0123"])", R"([0]: <trace> / "0123")"},
      {R"([<array>,<object>])", "[[],{}]", "equal"},
      {R"("<id>")", R"("<id>")", "equal"},
  };
  for (const Row& row : rows) {
    const auto pattern = Pattern::parse(row.pattern);
    ASSERT_TRUE(pattern) << row.pattern << ": " << pattern.error().detail;
    EXPECT_EQ(explained(pattern->difference(json(row.got))), row.difference) << row.pattern;
  }
}

TEST(Pattern, RefusesWhatIsNoPattern) {
  for (const std::string_view text : {"", "{", R"({"a":<wrong>})", "<", R"({"a":<id})", "{<id>}"}) {
    EXPECT_FALSE(Pattern::parse(text)) << text;
  }
}

TEST(Pattern, AdaptsToAMessageAndKeepsItsHoles) {
  struct Row {
    std::string_view pattern, got, adapted;
  };
  const std::vector<Row> rows = {
      {R"({"a":<number>,"b":1})", R"({"b":2,"a":5})", R"({"a":<number>,"b":2})"},
      {R"({"a":<number>})", R"({"a":"x"})", R"({"a":"x"})"},
      {R"({"a":1,<...>})", R"({"a":2,"b":3})", R"({"a":2,<...>})"},
      {R"({"gone":1,"a":1})", R"({"a":1,"new":[1]})", R"({"a":1,"new":[1]})"},
      {R"({"a":[<number>,1,<...>]})", R"({"a":[1,2,3]})", R"({"a":[<number>,2,<...>]})"},
      {R"({"a":1})", R"({"a":1,"id":5,"time":6,"params":{"id":7}})",
       R"({"a":1,"id":<id>,"time":<time>,"params":{"id":7}})"},
      {R"({"id":5})", R"({"id":6})", R"({"id":6})"},
  };
  for (const Row& row : rows) {
    const Pattern adapted = Pattern::parse(row.pattern)->adapted_to(json(row.got));
    EXPECT_EQ(adapted.text(""), row.adapted) << row.pattern;
    EXPECT_EQ(explained(adapted.difference(json(row.got))), "equal") << row.pattern;
  }
}

TEST(Pattern, IsNearerToAMessageOfItsKindThanToAnyOther) {
  const auto pattern =
      Pattern::parse(R"({"typeCode":"pd","id":<id>,"params":{"a":1,"b":2,"c":3}})");
  ASSERT_TRUE(pattern);
  const auto distance = [&](std::string_view message) {
    return pattern->distance(wire::parse_json(message).value());
  };
  const std::size_t same = distance(R"({"typeCode":"pd","id":9,"params":{"a":1,"b":2,"c":3}})");
  const std::size_t changed = distance(R"({"typeCode":"pd","id":9,"params":{"a":7,"x":8,"y":9}})");
  const std::size_t other = distance(R"({"typeCode":"bms","id":9,"params":{"a":1,"b":2,"c":3}})");
  EXPECT_EQ(same, 0U);
  EXPECT_LT(same, changed);
  EXPECT_LT(changed, other);
}

TEST(Pattern, LaysLongMessagesOutOnLinesThatParseAgain) {
  wire::JsonObject object;
  for (int i = 0; i < 40; ++i) {
    object["member_" + std::to_string(i)] =
        wire::JsonArray{i, "text", wire::JsonObject{{"deep", i}}};
  }
  const std::string text = Pattern::of(object).text("< 200 ");
  EXPECT_EQ(text.rfind("< 200 {", 0), 0U);
  std::size_t begin = 0;
  for (std::size_t end = 0; end != std::string::npos; begin = end + 1) {
    end = text.find('\n', begin);
    EXPECT_LE((end == std::string::npos ? text.size() : end) - begin, 100U);
    if (begin != 0) EXPECT_EQ(text.substr(begin, 4), "    ");
  }
  EXPECT_EQ(explained(Pattern::parse(text.substr(6))->difference(object)), "equal");
}

TEST(Script, NamesFileAndLineOfWhatItDoesNotUnderstand) {
  struct Row {
    std::string_view text, error;
  };
  constexpr std::string_view kWeather =
      "x.loom:1: must be: weather sun 0.2 air -5 (sun 0 to 1.2, clouds 0 to 1, air -50 to 60, "
      "household 0 to 100000, grid on|off), or weather as it comes";
  const std::vector<Row> rows = {
      {"# good\n\nplay dead", "x.loom:3: there is no line that begins with play"},
      {"device delta_2 R331", "x.loom:1: must be: device FAMILY SN owner ACCOUNT [real]"},
      {"device delta_2 R331 owned demo",
       "x.loom:1: must be: device FAMILY SN owner ACCOUNT [real]"},
      {"> FETCH /x", "x.loom:1: must be: > METHOD /path [JSON], > mqtt SN ... or > device SN ..."},
      {"> mqtt R331 quota {}", "x.loom:1: quota cannot be sent there"},
      {"< mqtt R331 set {}", "x.loom:1: set does not come there"},
      {"< ok {}",
       "x.loom:1: must be: < 200 ..., < nothing, < ended, < refused, < mqtt SN ... or < device SN "
       "..."},
      {"@ 2s",
       "x.loom:1: must be: @ +2s (ms, s, m, h, d, w), or @ +7d in 1min steps (of 1s to 1min)"},
      {"@ +2y",
       "x.loom:1: must be: @ +2s (ms, s, m, h, d, w), or @ +7d in 1min steps (of 1s to 1min)"},
      {"@ +2h in 2min steps",
       "x.loom:1: must be: @ +2s (ms, s, m, h, d, w), or @ +7d in 1min steps (of 1s to 1min)"},
      {"seed x", "x.loom:1: must be: seed 42"},
      {"seed -1", "x.loom:1: must be: seed 42"},
      {"site longitude 7", "x.loom:1: must be: site latitude 51 household_kwh 3500 (one or both)"},
      {"weather", kWeather},
      {"weather grid 0.5", kWeather},
      {"weather sun -1", kWeather},
      {"weather clouds 1.1", kWeather},
      {"weather wind 3", kWeather},
      {"! fault on grid_outage share",
       "x.loom:1: must be: ! fault on NAME [device SN] [account NAME] [share 0.2] [value 10] [for "
       "30s], ! fault off NAME [device SN] or ! fault off all"},
      {"! fault on grid_outage share 2",
       "x.loom:1: must be: ! fault on NAME [device SN] [account NAME] [share 0.2] [value 10] [for "
       "30s], ! fault off NAME [device SN] or ! fault off all"},
      {"! fault off grid_outage for 30s",
       "x.loom:1: must be: ! fault on NAME [device SN] [account NAME] [share 0.2] [value 10] [for "
       "30s], ! fault off NAME [device SN] or ! fault off all"},
      {"share R331 other some", R"(x.loom:1: there is no right "some")"},
      {"recorded today", "x.loom:1: must be: recorded"},
      {"< 0: 200 {}",
       "x.loom:1: must be: < 2: 200 ..., the second of the requests without an answer"},
      {"clock noon", "x.loom:1: must be: clock 2025-06-18 10:00:00"},
      {"device delta_2 R331 {}", "x.loom:1: must be: device FAMILY SN owner ACCOUNT [real]"},
      {"device delta_2 R331 owner demo real {}",
       "x.loom:1: a device that the transcript plays has no set-up"},
  };
  for (const Row& row : rows) {
    const auto script = parse_script("x.loom", row.text);
    ASSERT_FALSE(script) << row.text;
    EXPECT_EQ(script.error().detail, row.error);
  }
  EXPECT_FALSE(parse_script("x.loom", "! crash device R331"));
  EXPECT_FALSE(parse_script("x.loom", "! drop device R331 for ever"));
}

TEST(Script, SplitsTheSetupOfADeviceFromItsWords) {
  const auto script = parse_script(
      "x.loom", "device delta_2 R331 owner demo\n    {\"initial\":{\"pd.soc\":20}}   # low\n");
  ASSERT_TRUE(script);
  ASSERT_EQ(script->lines.size(), 1U);
  EXPECT_EQ(script->lines[0].words, (Lines{"delta_2", "R331", "owner", "demo"}));
  EXPECT_EQ(script->lines[0].payload, R"({"initial":{"pd.soc":20}})");
}

TEST(Script, JoinsLinesThatGoOnAndCutsComments) {
  const auto script = parse_script("x.loom",
                                   "device delta_2 R331 owner demo real   # played by hand\n"
                                   "> PUT /x {\"a\":1,\n    \"b\":\"#2 # 3\"}\n"
                                   "! drop device R331 for 30s # a while\n");
  ASSERT_TRUE(script);
  ASSERT_EQ(script->lines.size(), 3U);
  EXPECT_EQ(script->lines[0].words, (Lines{"delta_2", "R331", "owner", "demo", "real"}));
  EXPECT_EQ(script->lines[1].payload, "{\"a\":1, \"b\":\"#2 # 3\"}");
  EXPECT_EQ(script->lines[2].number, 4U);
  EXPECT_EQ(script->lines[2].span, Millis(30'000));
}

constexpr std::string_view kWrong = R"(device heat_pump HP77 owner demo
> mqtt HP77 set {"id":1,"cmd":"switch","params":{"on":false}}
< mqtt HP77 set_reply {"id":1,"version":"1.0","cmd":"switch","timestamp":<time>,"data":{"ack":1}}
> POST /iot-open/sign/device/quota {"sn":"HP77","params":{"quotas":["plant.on"]}}
< 200 {"code":"0","message":"Success","data":{"plant.on":true},"eagleEyeTraceId":<trace>,"tid":""}
)";

TEST(Runner, FailsOnAWrongExpectationAndRewritesIt) {
  const RunResult outcome = played(kWrong);
  EXPECT_EQ(first_lines(outcome), (Lines{"3: data.ack: expected 1, got 0",
                                         "5: data.plant.on: expected true, got false"}));
  EXPECT_EQ(first_lines(played(outcome.rewritten)), Lines{});
}

TEST(Runner, FillsAnExpectationThatIsMissing) {
  const RunResult outcome = played(
      "device heat_pump HP77 owner demo\n"
      "< mqtt HP77 status retained\n"
      "> GET /iot-open/sign/device/list\n"
      "< 200\n");
  EXPECT_EQ(first_lines(outcome), (Lines{"2: nothing is expected yet: --rewrite fills it in",
                                         "4: nothing is expected yet: --rewrite fills it in"}));
  EXPECT_EQ(first_lines(played(outcome.rewritten)), Lines{});
}

TEST(Runner, FailsWhenSomethingOrNothingComes) {
  const auto after_device = [](const std::string& lines) {
    return first_lines(played("device heat_pump HP77 owner demo\n" + lines));
  };
  EXPECT_EQ(after_device("< mqtt HP77 get_reply {<...>}\n"),
            Lines{"2: no such message came since the last action"});
  EXPECT_EQ(after_device("@ +1s\n< mqtt HP77 status {<...>}\n"),
            Lines{"3: no such message came since the last action"});
  EXPECT_EQ(after_device("< mqtt HP77 status retained {<...>}\n"
                         "< mqtt HP77 status retained {<...>}\n"),
            Lines{"3: no such message came since the last action, or none that is retained"});
  EXPECT_EQ(after_device("< mqtt HP77 quota none\n").size(), 1U);
  EXPECT_EQ(after_device("< mqtt HP77 get_reply none\n"), Lines{});
  EXPECT_EQ(after_device("> GET /healthz\n"), Lines{"2: no '<' line takes the answer"});
  EXPECT_EQ(after_device("< 200 {}\n"), Lines{"2: no request waits for an answer"});
  EXPECT_EQ(after_device("> GET /healthz\n< 404 {\"status\":\"ok\"}\n"),
            Lines{"3: expected HTTP status 404, got 200"});
}

TEST(Runner, FailsOnWhatCannotBeDone) {
  const auto failure = [](std::string_view text) { return first_lines(played(text)); };
  EXPECT_EQ(failure("device delta_2 HP77 owner demo\n"),
            Lines{"1: HP77 is of the family heat_pump"});
  EXPECT_EQ(failure("as nobody\n"), Lines{"1: there is no account nobody here"});
  EXPECT_EQ(failure("! drop device HP77\n"), Lines{"1: there is no device HP77 here"});
  EXPECT_EQ(failure("device heat_pump HP77 owner demo\n> device HP77 quota {}\n"),
            Lines{"2: HP77 speaks for itself: it is not \"real\""});
  EXPECT_EQ(failure("account other\nclock 2025-01-01 00:00:00\n"),
            Lines{"2: clock, seed and site stand before anything else"});
}

constexpr std::string_view kRealDevice = R"(recorded
device generic XY77 owner demo real
> PUT /iot-open/sign/device/quota {"sn":"XY77","operateType":"one"}
< device XY77 set {"operateType":"one",<...>}
> PUT /iot-open/sign/device/quota {"sn":"XY77","operateType":"two"}
> device XY77 set_reply {"id":<id-1>,"data":1}
> device XY77 set_reply {"id":<id>,"data":2}
)";

TEST(Runner, TakesAnswersInAnyOrder) {
  const std::string begin(kRealDevice);
  EXPECT_EQ(first_lines(played(begin + R"(< 2: 200 {"data":{"id":<id>,"data":2},<...>}
< 200 {"data":{"id":<id>,"data":1},<...>}
)")),
            Lines{});
  EXPECT_EQ(first_lines(played(begin + R"(< 2: 200 {"data":{"id":<id>,"data":1},<...>}
< 200 {"data":{"id":<id>,"data":1},<...>}
< 2: 200 {}
)")),
            (Lines{"8: data.data: expected 1, got 2", "10: no request waits for an answer"}));
}

TEST(Runner, KeepsWhatAppsAndDevicesGotInARecording) {
  const std::string begin(kRealDevice);
  const std::string late = R"(< 200 {<...>}
< 200 {<...>}
@ +10s
< mqtt XY77 set_reply {"id":<id>,"data":1}
< mqtt XY77 set_reply {"id":<id>,"data":2}
< device XY77 set {"operateType":"two",<...>}
)";
  EXPECT_EQ(first_lines(played(begin + late)), Lines{});
  EXPECT_EQ(first_lines(played(begin.substr(begin.find('\n') + 1) + late)),
            (Lines{"10: no such message came since the last action",
                   "11: no such message came since the last action",
                   "12: no such message came since the last action"}));
}

TEST(Runner, MayEndWithRequestsOfWhichItSaidThatNothingHasCome) {
  constexpr std::string_view kAsks = R"(device generic XY77 owner demo real
> PUT /iot-open/sign/device/quota {"sn":"XY77","operateType":"one"}
)";
  EXPECT_EQ(first_lines(played(std::string(kAsks) + "< 1: nothing\n")), Lines{});
  EXPECT_EQ(first_lines(played(kAsks)), Lines{"2: no '<' line takes the answer"});
  EXPECT_EQ(first_lines(played(std::string(kAsks) + "< 1: nothing\n@ +10s\n")),
            Lines{"2: no '<' line takes the answer"});
  EXPECT_EQ(first_lines(played(std::string(kAsks) + "< nothing\n< 2: nothing\n")),
            Lines{"4: no request 2 waits for an answer"});
}

TEST(FindId, TellsWhereAndWhich) {
  const std::string_view payload = R"({"id":<id-12>,"x":1})";
  const auto hole = find_id(payload);
  ASSERT_TRUE(hole);
  EXPECT_EQ(payload.substr(hole->at, hole->size), "<id-12>");
  EXPECT_EQ(hole->back, 12U);
  EXPECT_EQ(find_id("<id>")->back, 0U);
  for (const std::string_view none :
       {"", "{}", "<id", "<id->", "<id-x>", "<id--1>", "<id1>", "<idle>", "<id-99999999999>"}) {
    EXPECT_FALSE(find_id(none)) << none;
  }
}

TEST(Runner, KnowsTheSetsThatADeviceGot) {
  EXPECT_EQ(first_lines(played("device generic XY77 owner demo real\n"
                               "> device XY77 set_reply {\"id\":<id-3>}\n")),
            Lines{"2: <id-3>: fewer sets were received"});
}

TEST(Coverage, ListsWhatNoTranscriptUsed) {
  Coverage coverage;
  EXPECT_EQ(first_lines(played(R"(device heat_pump HP77 owner demo
> mqtt HP77 set {"id":1,"cmd":"switch","params":{"on":false}}
> POST /iot-open/sign/device/quota {"sn":"HP77","params":{"quotas":["plant","none"]}}
< 200 {<...>}
)",
                               coverage)),
            Lines{});
  EXPECT_EQ(coverage.missing(*heat_pumps()->find("heat_pump")),
            (Lines{"heat_pump: the command switch was never set over HTTP",
                   "heat_pump: the param switch.mode was never given",
                   "heat_pump: the command target was never set over HTTP",
                   "heat_pump: the command target was never set over MQTT",
                   "heat_pump: the param target.target_c was never given",
                   "heat_pump: the param target.hours was never given",
                   "heat_pump: the field circuit.*.target_c was never read",
                   "heat_pump: the field circuit.*.hours was never read"}));
  const Coverage nothing;
  EXPECT_EQ(nothing.missing(*heat_pumps()->find("delta_2")).empty(), false);
}

TEST(Coverage, DoesNotCountARefusedSet) {
  Coverage coverage;
  static_cast<void>(played(R"(device heat_pump HP77 owner demo
> mqtt HP77 set {"id":1,"cmd":"switch","params":{"on":7}}
)",
                           coverage));
  const Lines missing = coverage.missing(*heat_pumps()->find("heat_pump"));
  EXPECT_EQ(std::ranges::count(missing, "heat_pump: the command switch was never set over MQTT"),
            1);
}

TEST(SchemaChecker, FindWhatADeviceFileDoesNotDeclare) {
  const catalog::FamilyPtr family = heat_pumps()->find("heat_pump");
  Coverage coverage;
  SchemaChecker schema(coverage);
  const auto report = [&](std::string_view text) {
    schema.report(*family, json(text));
    return schema.take_violations();
  };
  const std::string head = R"({"id":1,"version":"1.0","timestamp":1,"typeCode":"plant",)";
  EXPECT_EQ(report(head + R"("params":{"plant":{"power_w":850,"on":true}}})"), Lines{});
  EXPECT_EQ(report(head + R"("params":{"plant":{"power":850}}})"),
            Lines{"plant.power is not declared"});
  EXPECT_EQ(report(head + R"("params":{"plant":{"power_w":"850"}}})"),
            Lines{"plant.power_w is \"850\", declared int"});
  EXPECT_EQ(report(head + R"("params":{"plant":{"power_w":5001}}})"),
            Lines{"plant.power_w is 5001, declared 0 to 5000"});
  EXPECT_EQ(report(head + R"("extra":1,"params":{}})"),
            Lines{"heat_pump's report plant has extra, which is not declared"});
  EXPECT_EQ(report(R"({"id":1,"timestamp":1,"typeCode":"plant","params":{}})"),
            Lines{"heat_pump's report plant lacks version"});
  EXPECT_EQ(report(R"({"id":1,"version":"1.0","timestamp":1,"typeCode":"other","params":{}})"),
            Lines{"heat_pump's report is none of the declared reports"});

  const auto reply = [&](std::string_view request, std::string_view text) {
    schema.set_reply(*family, json(request).get_object(), json(text));
    return schema.take_violations();
  };
  const std::string_view request = R"({"id":1,"cmd":"switch","params":{"on":true}})";
  EXPECT_EQ(
      reply(request, R"({"id":1,"version":"1.0","cmd":"switch","timestamp":1,"data":{"ack":0}})"),
      Lines{});
  EXPECT_EQ(
      reply(request, R"({"id":1,"version":"1.0","timestamp":1,"data":{"ack":0,"x":1},"y":2})"),
      (Lines{"heat_pump's reply to switch has y, which is not declared",
             "heat_pump's reply to switch in data has x, which is not declared"}));
  EXPECT_EQ(reply(request, R"({"id":1,"version":"1.0","timestamp":1,"data":{}})"),
            Lines{"heat_pump's reply to switch in data lacks ack"});
}

TEST(SchemaChecker, FindWhatThePlatformMayNotAnswer) {
  const catalog::FamilyPtr family = heat_pumps()->find("heat_pump");
  Coverage coverage;
  SchemaChecker schema(coverage);
  schema.envelope(
      json(R"({"code":"0","message":"Success","data":1,"eagleEyeTraceId":"","tid":""})"));
  schema.status(json(R"({"id":"1","version":"1.0","timestamp":1,"params":{"status":1}})"));
  EXPECT_EQ(schema.take_violations(), Lines{});
  schema.envelope(json(R"({"code":"0","message":"Fine","tid":"","eagleEyeTraceId":"","more":1})"));
  EXPECT_EQ(schema.take_violations(),
            (Lines{"the HTTP answer has more, which is not declared",
                   "the HTTP answer has code \"0\" with message \"Fine\""}));
  schema.status(json(R"({"id":"1","version":"1.0","timestamp":1,"params":{"status":2}})"));
  EXPECT_EQ(schema.take_violations(), Lines{"the status message has no params.status of 0 or 1"});
  schema.quotas(*family, json(R"({"plant.on":true,"plant.off":1,"circuit":{"X":{"hours":1}}})"));
  EXPECT_EQ(schema.take_violations(),
            (Lines{"plant.off is not declared", "circuit.X.hours is 1, declared array"}));
}

}  // namespace
}  // namespace gridloom::transcripts
