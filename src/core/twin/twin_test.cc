// Tests which values a twin keeps from its device's reports, and its replies for the device.
#include "twin/twin.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/loader.h"
#include "twin/test_family.h"
#include "wire/json.h"

namespace gridloom::twin {
namespace {

struct Device {
  explicit Device(LayoutPtr layout, const TwinLimits& limits = {})
      : twin(std::move(layout), limits) {}

  Applied report(std::string_view payload) {
    const auto applied = twin.apply(payload, reader);
    EXPECT_TRUE(applied) << applied.error().detail;
    return applied.value_or(Applied{});
  }
  std::string all() {
    const auto body = twin.all();
    return body ? *body : "none";
  }
  std::string answer(const std::vector<std::string>& names) { return twin.answer(names); }

  Twin twin;
  ReportReader reader;
};

// Uses limits far beyond a request's: a reply is our own and may be large.
testing::AssertionResult is_json(std::string_view text) {
  const auto parsed = wire::parse_json(text, {.bytes = 1U << 24U, .depth = 32, .keys = 100'000});
  if (parsed) return testing::AssertionSuccess();
  return testing::AssertionFailure() << parsed.error().detail;
}

// Without an envelope, a member of the body tells reports with the same names apart.
TEST(Twin, TellsReportsWithoutAnEnvelopeByAMemberOfTheirBody) {
  const auto family = catalog::load_family("packs.yaml", R"yaml(
family: packs
product: Packs
description: For tests
prefixes: [PCK]
select: [cmd]
messages: {report_body: "", report: {}, reply: {id: $id}}
fields:
  num: {type: int, description: Number}
  soc: {type: int, description: Charge}
  slave1.num: {type: int, description: Number}
  slave1.soc: {type: int, description: Charge}
reports:
  main: {fields: [num, soc]}
  slave1: {match: {num: 1}, fields: [slave1.], prefix: slave1.}
)yaml");
  ASSERT_TRUE(family) << family.error().detail;
  Device device(std::make_shared<const Layout>(*family));
  device.report(R"({"num":0,"soc":50})");
  device.report(R"({"num":1,"soc":90})");
  device.report(R"({"soc":51})");
  EXPECT_EQ(device.all(), R"({"num":0,"soc":51,"slave1.num":1,"slave1.soc":90})");
}

TEST(Twin, CountsWhatAReportNamesAndWhatItChanges) {
  Device device(flat_layout());
  Applied applied = device.report(R"({"typeCode":"pdStatus","params":{"soc":5,"x":1}})");
  EXPECT_EQ(applied.taken, 2U);
  EXPECT_EQ(applied.changed, 2U);
  applied = device.report(R"({"typeCode":"pdStatus","params":{"soc":5,"x":2,"state":"a"}})");
  EXPECT_EQ(applied.taken, 3U);
  EXPECT_EQ(applied.changed, 2U);
  applied = device.report(R"({"typeCode":"pdStatus","params":{"soc":5,"x":2,"state":"a"}})");
  EXPECT_EQ(applied.taken, 3U);
  EXPECT_EQ(applied.changed, 0U);
}

TEST(Twin, SaysWhichQuotasAReportChanged) {
  struct Row {
    std::string_view report;
    std::vector<std::string> changed;
  };
  const std::vector<Row> rows = {
      {R"({"typeCode":"pdStatus","params":{"soc":5,"x":1}})", {"pd.soc", "pd.x"}},
      {R"({"typeCode":"pdStatus","params":{"soc":5,"x":2}})", {"pd.x"}},
      {R"({"typeCode":"pdStatus","params":{"soc":5,"x":2}})", {}},
      {R"({"typeCode":"pdStatus","params":{"state":"a","soc":6}})", {"pd.state", "pd.soc"}},
  };
  Twin twin(flat_layout());
  ReportReader reader;
  std::vector<std::size_t> changed = {7};
  for (const auto& row : rows) {
    ASSERT_TRUE(twin.apply(row.report, reader, nullptr, &changed)) << row.report;
    std::vector<std::string> names;
    for (const std::size_t slot : changed) {
      names.push_back(twin.name_of(slot));
      EXPECT_EQ(twin.text_of(slot), twin.value(twin.name_of(slot)));
    }
    EXPECT_EQ(names, row.changed) << row.report;
  }
}

std::string shown_before(const Twin& twin) {
  std::string shown;
  twin.for_each_value_before([&](std::size_t slot, std::string_view text) {
    shown += fmt::format("{}={} ", twin.name_of(slot), text);
  });
  return shown;
}

TEST(Twin, KnowsWhatTheNaturesWereWhenAMomentBegan) {
  Device device(flat_layout());
  device.twin.begin_moment();
  device.report(R"({"typeCode":"rest","params":{"watts.pv":5,"watts.grid":1}})");
  EXPECT_EQ(shown_before(device.twin), "") << "there was nothing before the first moment";
  device.twin.begin_moment();
  EXPECT_EQ(shown_before(device.twin), "watts.pv=5 watts.grid=1 ");
  device.report(R"({"typeCode":"rest","params":{"watts.pv":6,"watts.load":3}})");
  device.report(R"({"typeCode":"rest","params":{"watts.pv":7}})");
  device.report(R"({"typeCode":"pdStatus","params":{"state":"a"}})");
  EXPECT_EQ(shown_before(device.twin), "pd.state=\"a\" watts.pv=5 watts.grid=1 ");
  device.twin.begin_moment();
  device.report(R"({"typeCode":"rest","params":{"watts.pv":7}})");
  EXPECT_EQ(shown_before(device.twin), "pd.state=\"a\" watts.pv=7 watts.grid=1 watts.load=3 ");
}

TEST(Twin, KeepsWhatALaterReportDoesNotName) {
  Device device(flat_layout());
  device.report(R"({"typeCode":"pdStatus","params":{"soc":5,"state":"a"}})");
  device.report(R"({"typeCode":"pdStatus","params":{"soc":6}})");
  EXPECT_EQ(device.all(), R"({"pd.state":"a","pd.soc":6})");
}

TEST(Twin, HasNothingBeforeTheFirstReport) {
  Device device(flat_layout());
  EXPECT_EQ(device.twin.all(), nullptr);
  EXPECT_EQ(device.twin.version(), 0U);
  EXPECT_EQ(device.answer({"pd.soc"}), "{}");
  EXPECT_EQ(device.twin.value("pd.soc"), "");
  device.report("{}");
  EXPECT_EQ(device.all(), "{}");
}

TEST(Twin, AMalformedReportChangesNothing) {
  Device device(flat_layout());
  device.report(R"({"typeCode":"pdStatus","params":{"soc":5}})");
  const auto before = device.twin.all();
  for (const std::string_view broken :
       {R"({"typeCode":"pdStatus","params":{"soc":6})", "[]", R"({"params":{"soc":6}} x)"}) {
    const auto applied = device.twin.apply(broken, device.reader);
    ASSERT_FALSE(applied) << broken;
    EXPECT_EQ(applied.error().code, ErrorCode::kMalformed);
  }
  EXPECT_EQ(device.twin.all(), before);
}

TEST(Twin, TheBodyOfAllIsSharedUntilAChangeAndStaysValidAfterIt) {
  Device device(flat_layout());
  device.report(R"({"typeCode":"pdStatus","params":{"soc":5}})");
  const auto first = device.twin.all();
  const std::uint64_t version = device.twin.version();
  device.report(R"({"typeCode":"pdStatus","params":{"soc":5}})");
  EXPECT_EQ(device.twin.version(), version);
  EXPECT_EQ(device.twin.all(), first);
  device.report(R"({"typeCode":"pdStatus","params":{"soc":6}})");
  EXPECT_GT(device.twin.version(), version);
  EXPECT_EQ(device.all(), R"({"pd.soc":6})");
  EXPECT_EQ(*first, R"({"pd.soc":5})");
}

TEST(Twin, TheBodyOfAllIsFreedUnlessItIsReadAgain) {
  Device device(flat_layout());
  EXPECT_FALSE(device.twin.drop_unused_text());
  device.report(R"({"typeCode":"pdStatus","params":{"soc":5}})");
  const std::size_t bytes = device.twin.kept_bytes();
  const auto first = device.twin.all();
  EXPECT_GE(device.twin.kept_bytes(), bytes + first->size());
  EXPECT_TRUE(device.twin.drop_unused_text());  // it was read since the last call
  EXPECT_EQ(device.twin.all(), first);
  EXPECT_TRUE(device.twin.drop_unused_text());
  EXPECT_FALSE(device.twin.drop_unused_text());
  EXPECT_EQ(device.twin.kept_bytes(), bytes);
  EXPECT_EQ(device.all(), *first);
  EXPECT_TRUE(device.twin.drop_unused_text());
}

TEST(Twin, AnUnchangedReportIsNoNewVersion) {
  Device device(flat_layout());
  device.report(R"({"params":{"pd.soc":5}})");
  EXPECT_EQ(device.twin.version(), 1U);
  device.report(R"({"params":{"pd.soc":5}})");
  EXPECT_EQ(device.twin.version(), 1U);
}

TEST(Twin, ACopyHasValuesOfItsOwn) {
  Device device(flat_layout());
  device.report(R"({"params":{"pd.soc":5,"extra":1}})");
  const Twin copy(device.twin);
  device.report(R"({"params":{"pd.soc":6,"extra":2}})");
  EXPECT_EQ(copy.value("pd.soc"), "5");
  EXPECT_EQ(copy.value("extra"), "1");
}

TEST(Twin, AFlatFamilyAnswersAllInTheFilesOrderWithUnknownQuotasLast) {
  Device device(flat_layout());
  device.report(R"({"typeCode":"made up","params":{"zz":{"a":[1]},"aa":null}})");
  device.report(R"({"cmdId":1,"cmdFunc":20,"param":{"load":7}})");
  device.report(R"({"typeCode":"pdStatus","params":{"cells":[1,2],"state":"é\n"}})");
  EXPECT_EQ(device.all(),
            R"({"pd.state":"é\n","pd.cells":[1,2],"20_1.load":7,"zz":{"a":[1]},"aa":null})");
}

TEST(Twin, ANestedFamilyAnswersAllInGroups) {
  Device device(nested_layout());
  device.report(R"({"typeCode":"all","params":{"top":1,"pack":{"B":{"soc":2},"A":{"soc":1}},
      "phase":{"vol":230.10}}})");
  EXPECT_EQ(device.all(),
            R"({"pack":{"A":{"soc":1},"B":{"soc":2}},"phase":{"vol":230.10},"top":1})");
}

// The different forms in which devices send the same report.
TEST(Twin, TakesAReportInTheShapesOfOldAndNewDevices) {
  const std::string packs = R"({"pack":{"A":{"cfg":{"on":1},"soc":5}}})";
  const std::string unit = R"({"unit":{"list":[1],"time":{"hour":7}}})";
  const struct {
    std::string_view report;
    const std::string& all;
  } rows[] = {
      {R"({"typeCode":"pack","packSn":"A","params":{"soc":5,"cfg":{"on":1}}})", packs},
      {R"({"params":{"soc":5,"cfg.on":1},"packSn":"A","typeCode":"pack"})", packs},
      {R"({"typeCode":"pack","packSn":"A","params":{"A":{"soc":5,"cfg":{"on":1}}}})", packs},
      {R"({"typeCode":"pack","packSn":"B","params":{"A":{"soc":5,"cfg":{"on":1}}}})", packs},
      {R"({"typeCode":"pack","packSn":"A","params":{"pack.A.soc":5,"pack.A.cfg.on":1}})", packs},
      {R"({"typeCode":"all","params":{"pack":{"A":{"soc":5,"cfg":{"on":1}}}}})", packs},
      {R"({"typeCode":"unit","params":{"list":[1],"time":{"hour":7}}})", unit},
      {R"({"typeCode":"unit","params":{"unit.list":[1],"unit.time.hour":7}})", unit},
      {R"({"typeCode":"unit","params":{"unit":{"list":[1],"time":{"hour":7}}}})", unit},
      {R"({"params":{"unit":{"list":[1],"time":{"hour":7}}}})", unit},
  };
  for (const auto& row : rows) {
    Device device(nested_layout());
    device.report(row.report);
    EXPECT_EQ(device.all(), row.all) << row.report;
  }
}

TEST(Twin, AListIsReadAsAListAlsoIfAReportHasItsOnlyElementByItself) {
  for (const std::string_view name : {R"("typeCode":"all","params")", R"("params")"}) {
    Device device(nested_layout());
    const auto all_after = [&](std::string_view jobs) {
      device.report(fmt::format(R"({{{}:{{"jobs":{}}}}})", name, jobs));
      return device.all();
    };
    EXPECT_EQ(all_after(R"({"n":1,"at":{"h":7}})"), R"({"jobs":[{"n":1,"at":{"h":7}}]})");
    EXPECT_EQ(all_after(R"([{"n":1},{"n":2}])"), R"({"jobs":[{"n":1},{"n":2}]})");
    EXPECT_EQ(all_after(R"({"n":2})"), R"({"jobs":[{"n":2}]})");
    EXPECT_EQ(all_after("[]"), R"({"jobs":[]})");
    device.twin.replay_value("jobs", R"({"n":3})");
    EXPECT_EQ(device.all(), R"({"jobs":[{"n":3}]})");
  }
}

TEST(Twin, TakesAValueOnceThatAReportSaysTwice) {
  Device device(nested_layout());
  std::vector<AcceptedValue> taken;
  const auto texts = [&](std::string_view report) {
    const auto applied = device.twin.apply(report, device.reader, &taken);
    EXPECT_TRUE(applied);
    std::string text = fmt::format("{}/{}:", applied->changed, applied->taken);
    for (const AcceptedValue& each : taken) {
      text += fmt::format(" {}={}", device.twin.name_of(each.slot), each.text);
    }
    return text;
  };
  const std::string both =
      R"({"typeCode":"all","params":{"phase":{"vol":1,"amp":2},"phase.vol":1}})";
  EXPECT_EQ(texts(both), "2/2: phase.vol=1 phase.amp=2");
  EXPECT_EQ(texts(both), "0/2: phase.vol=1 phase.amp=2");
  EXPECT_EQ(texts(R"({"typeCode":"all","params":{"phase":{"vol":1,"amp":2},"phase.vol":3}})"),
            "1/3: phase.vol=1 phase.amp=2 phase.vol=3");
  EXPECT_EQ(texts(R"({"typeCode":"all","params":{"phase.vol":4,"new":{"x":1},"new.x":1}})"),
            "2/2: phase.vol=4 new.x=1");
}

TEST(Twin, AFlatFamilysReportMayHaveWholeNames) {
  Device device(flat_layout());
  device.report(R"({"typeCode":"pdStatus","params":{"pd.soc":5,"pd.new":1,"state":"a"}})");
  EXPECT_EQ(device.all(), R"({"pd.state":"a","pd.soc":5,"pd.new":1})");
}

// Each of the names is that of another quota if it is read with another prefix.
TEST(Twin, AQuotaIsFoundUnderTheNameOfItsReportAlone) {
  Device device(flat_layout());
  for (int i = 0; i < 2; ++i) {
    device.report(R"({"typeCode":"pdStatus","params":{"soc":1,"state":2}})");
    device.report(R"({"typeCode":"info","params":{"soc":3,"mode":4}})");
    device.report(R"({"params":{"soc":5,"pd.soc":6,"pd.pd.new":7}})");
    device.report(R"({"params":{"soc":8,"state":9},"typeCode":"pdStatus"})");
    device.report(R"({"typeCode":"pdStatus","params":{"pd.new":10,"new":11}})");
  }
  EXPECT_EQ(device.all(), R"({"pd.state":9,"pd.soc":8,"info.mode":4,"info.soc":3,"soc":5,)"
                          R"("pd.pd.new":7,"pd.new":11})");
}

// One reader serves twins of all families, and caches the order in which reports name their quotas.
TEST(Twin, TheOrderOfReportsBeforeMakesNoDifference) {
  std::mt19937 dice(1);
  ReportReader shared;
  for (const LayoutPtr& layout : {flat_layout(), nested_layout(), flat_layout()}) {
    Twin twin(layout);
    Twin other(layout);
    for (int i = 0; i < 300; ++i) {
      std::vector<std::string> names = layout->names;
      names.insert(names.end(), {"soc", "pd.soc", "x", "unknown.name", ""});
      std::ranges::shuffle(names, dice);
      names.resize(1 + dice() % names.size());
      std::string body;
      for (const std::string& name : names) {
        body += fmt::format("{}\"{}\":{}", body.empty() ? "" : ",", name, dice() % 3);
      }
      const std::string report = fmt::format(
          R"({{{}"params":{{{}}}}})", dice() % 2 == 0 ? R"("typeCode":"pdStatus",)" : "", body);
      const auto applied = twin.apply(report, shared);
      ASSERT_TRUE(applied) << applied.error().detail;
      ReportReader fresh;
      const auto expected = other.apply(report, fresh);
      ASSERT_TRUE(expected) << expected.error().detail;
      EXPECT_EQ(applied->taken, expected->taken) << report;
      EXPECT_EQ(applied->changed, expected->changed) << report;
      ASSERT_EQ(*twin.all(), *other.all()) << report;
    }
  }
}

TEST(Twin, GroupsWithNearlyTheSameNameStayApart) {
  Device device(nested_layout());
  device.report(R"({"params":{"a":{"x":1},"a-b":{"x":2},"a b":{"x":3},"ab":{"x":4},"a0":5}})");
  EXPECT_EQ(device.all(), R"({"a b":{"x":3},"a-b":{"x":2},"a":{"x":1},"a0":5,"ab":{"x":4}})");
}

// A device may first send a value and later a group under one name, and clients refuse JSON with a
// duplicate name.
TEST(Twin, ANameThatWasAValueAndBecomesAGroupStandsOnce) {
  Device device(nested_layout());
  device.report(R"({"params":{"fan":0}})");
  device.report(R"({"params":{"fan":{"speed":3}}})");
  EXPECT_TRUE(is_json(device.all())) << device.all();
  Device other(nested_layout());
  other.report(R"({"params":{"fan":{"speed":3}}})");
  other.report(R"({"params":{"fan":0}})");
  EXPECT_TRUE(is_json(other.all())) << other.all();
}

// Otherwise one report could cause a reply that no client can parse, and unlimited stack use.
TEST(Twin, ANameOfManyDotsDoesNotNestWithoutLimit) {
  Device device(nested_layout());
  static_cast<void>(device.twin.apply(
      fmt::format(R"({{"params":{{"a{}":1,"top":2}}}})", std::string(1000, '.')), device.reader));
  if (device.twin.all() != nullptr) {
    EXPECT_TRUE(is_json(device.all()));
  }
  Device flat(flat_layout());
  static_cast<void>(flat.twin.apply(
      fmt::format(R"({{"params":{{"a{}":1,"top":2}}}})", std::string(1000, '.')), flat.reader));
  EXPECT_TRUE(is_json(flat.answer({"a"})));
}

TEST(Twin, AnswersALeafAGroupAndAMemberInsideAQuota) {
  Device device(flat_layout());
  device.report(R"({"typeCode":"pdStatus","params":{"soc":5,"state":"on","cells":[1]}})");
  device.report(R"({"params":{"tasks":{"first":{"on":true,"at":[8,30]},"n":1.50}}})");
  EXPECT_EQ(device.answer({"pd.soc"}), R"({"pd.soc":5})");
  EXPECT_EQ(device.answer({"pd"}), R"({"pd":{"cells":[1],"soc":5,"state":"on"}})");
  EXPECT_EQ(device.answer({"tasks"}), R"({"tasks":{"first":{"on":true,"at":[8,30]},"n":1.50}})");
  EXPECT_EQ(device.answer({"tasks.first"}), R"({"tasks.first":{"on":true,"at":[8,30]}})");
  EXPECT_EQ(device.answer({"tasks.first.at"}), R"({"tasks.first.at":[8,30]})");
}

TEST(Twin, AnswersANestedFamilyByLeafAndByGroupOfAnyDepth) {
  Device device(nested_layout());
  device.report(R"({"params":{"pack":{"B":{"soc":2},"A":{"soc":1,"vol":50}},"top":1}})");
  EXPECT_EQ(device.answer({"pack.A.soc"}), R"({"pack.A.soc":1})");
  EXPECT_EQ(device.answer({"pack.A"}), R"({"pack.A":{"soc":1,"vol":50}})");
  EXPECT_EQ(device.answer({"pack", "top"}),
            R"({"pack":{"A":{"soc":1,"vol":50},"B":{"soc":2}},"top":1})");
}

TEST(Twin, AnswersUnderTheNameThatWasAskedFor) {
  Device device(flat_layout());
  device.report(R"({"typeCode":"pdStatus","params":{"soc":5,"state":"on"}})");
  EXPECT_EQ(device.answer({" state", "pd.state", "old.soc"}),
            R"({" state":"on","pd.state":"on","old.soc":5})");
}

TEST(Twin, AGroupThatIsKeptAsTextAnswersTextAndItsMembersAsTheyAre) {
  Device device(flat_layout());
  device.report(R"({"typeCode":"info","params":{"name":"\"x\"","mode":2}})");
  EXPECT_EQ(device.answer({"info"}), R"({"info":"{\"mode\":2,\"name\":\"\\\"x\\\"\"}"})");
  EXPECT_EQ(device.answer({"info.mode"}), R"({"info.mode":2})");
  EXPECT_EQ(device.all(), R"({"info.name":"\"x\"","info.mode":2})");
}

TEST(Twin, LeavesOutWhatTheDeviceDoesNotHave) {
  Device device(flat_layout());
  device.report(R"({"typeCode":"pdStatus","params":{"soc":5}})");
  device.report(R"({"params":{"tasks":{"n":1}}})");
  EXPECT_EQ(device.answer({"pd.state", "pd.soc", "nothing", "pd.soc.more", "tasks.m", "tasks.n.o",
                           "p", "pd.so", "", ".", "pd..soc", "so\"c"}),
            R"({"pd.soc":5})");
}

TEST(Twin, AnswersANameOnceHoweverOftenItIsAsked) {
  Device device(flat_layout());
  device.report(R"({"typeCode":"pdStatus","params":{"soc":5,"state":"on"}})");
  EXPECT_EQ(device.answer({"pd.soc", "pd.state", "pd.soc", "pd.soc"}),
            R"({"pd.soc":5,"pd.state":"on"})");
}

TEST(Twin, AnswersAreJsonWhateverTheDeviceCallsThings) {
  Device device(flat_layout());
  device.report(R"({"params":{"a\"b\\":1,"\u0001":{"\n":2},"é":"\u0002"}})");
  EXPECT_TRUE(is_json(device.all())) << device.all();
  EXPECT_EQ(device.answer({"a\"b\\"}), R"({"a\"b\\":1})");
}

TEST(Twin, TakesAsManyUnknownQuotasAsItsLimitAndKeepsTheKnownOnesGoing) {
  Device device(flat_layout(), {.extra_quotas = 2, .extra_bytes = 1000});
  Applied applied = device.report(R"({"params":{"a":1,"b":2}})");
  EXPECT_EQ(applied.refused, 0U);
  applied = device.report(R"({"params":{"c":3,"b":4,"pd.soc":9}})");
  EXPECT_EQ(applied.refused, 1U);
  EXPECT_EQ(applied.changed, 2U);
  EXPECT_EQ(device.all(), R"({"pd.soc":9,"a":1,"b":4})");
}

TEST(Twin, TakesAsManyBytesOfUnknownQuotasAsItsLimit) {
  Device device(flat_layout(), {.extra_quotas = 10, .extra_bytes = 10});
  EXPECT_EQ(device.report(R"({"params":{"a":12345678}})").refused, 0U);   // 9 of 10
  EXPECT_EQ(device.report(R"({"params":{"b":1}})").refused, 1U);          // would be 11
  EXPECT_EQ(device.report(R"({"params":{"a":123456789}})").refused, 0U);  // 10
  EXPECT_EQ(device.report(R"({"params":{"a":1234567890}})").refused, 1U);
  EXPECT_EQ(device.all(), R"({"a":123456789})");
  EXPECT_EQ(device.report(R"({"params":{"a":1}})").refused, 0U);  // room again
  EXPECT_EQ(device.report(R"({"params":{"b":12345678}})").refused, 1U);
  EXPECT_EQ(device.report(R"({"params":{"b":1234567}})").refused, 0U);
  EXPECT_EQ(device.all(), R"({"a":1,"b":1234567})");
}

TEST(Twin, AnswersAFullRequestOfManyNames) {
  Device device(flat_layout());
  std::string report = R"({"params":{"q":0)";
  std::vector<std::string> names;
  for (int i = 0; i < 1000; ++i) {
    report += fmt::format(R"(,"q{}":{})", i, i);
    names.push_back(fmt::format("q{}", i));
  }
  device.report(report + "}}");
  const auto parsed = wire::parse_json(device.answer(names), {.keys = 2000});
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->as_object().size(), 1000U);
}

}  // namespace
}  // namespace gridloom::twin
