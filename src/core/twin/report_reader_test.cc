// Tests the reader with reports as devices send them, and with broken or hostile ones: the values
// it returns, and that it works normally after a refused report.
#include "twin/report_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "twin/test_family.h"

namespace gridloom::twin {
namespace {

std::string shown(const std::vector<Member>& members) {
  std::string text;
  for (const Member& member : members) {
    if (!text.empty()) text += ' ';
    text.append(member.name).append(1, '=').append(member.text);
  }
  return text;
}

// The body as text, preceded by the prefix that the reader derives from the envelope.
std::string read_by(ReportReader& reader, const Layout& layout, std::string_view payload) {
  const Status status = reader.read(layout, payload);
  if (!status) return "refused";
  return fmt::format("[{}] {}", reader.prefix(layout), shown(reader.body()));
}

std::string flat(std::string_view payload) {
  ReportReader reader;
  return read_by(reader, *flat_layout(), payload);
}

std::string nested(std::string_view payload) {
  ReportReader reader;
  return read_by(reader, *nested_layout(), payload);
}

// By a family whose reports have no envelope.
std::string bare(std::string_view payload) {
  static const LayoutPtr kLayout = [] {
    catalog::Family family = *nested_layout()->family;
    family.messages.report_body.clear();
    return std::make_shared<const Layout>(std::make_shared<const catalog::Family>(family));
  }();
  ReportReader reader;
  if (!reader.read(*kLayout, payload)) return "refused";
  return shown(reader.envelope()) + " | " + shown(reader.body());
}

Error error_of(std::string_view payload) {
  ReportReader reader;
  const Status status = reader.read(*flat_layout(), payload);
  return status ? Error{.code = ErrorCode::kInternal, .detail = "it was taken"} : status.error();
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string text;
  for (std::size_t i = 0; i < times; ++i) text += piece;
  return text;
}

TEST(ReportReader, FindsTheBodyAndItsPrefixInAnyOrderOfTheEnvelope) {
  EXPECT_EQ(flat(R"({"id":1,"typeCode":"pdStatus","params":{"soc":5,"state":"on"}})"),
            R"([pd.] soc=5 state="on")");
  EXPECT_EQ(flat(R"({"params":{"soc":5,"state":"on"},"typeCode":"pdStatus","id":1})"),
            R"([pd.] soc=5 state="on")");
  EXPECT_EQ(flat(R"({"typeCode":"pdStatus","params":{"soc":5},"moduleType":1})"), "[pd.] soc=5");
}

TEST(ReportReader, TakesParamLikeParams) {
  EXPECT_EQ(flat(R"({"cmdId":1,"param":{"load":700},"cmdFunc":20})"), "[20_1.] load=700");
}

TEST(ReportReader, TakesTheFirstBodyWhenThereAreTwo) {
  EXPECT_EQ(flat(R"({"params":{"a":1},"param":{"b":2}})"), "[] a=1");
}

TEST(ReportReader, NeedsAllMembersThatTellAReport) {
  EXPECT_EQ(flat(R"({"cmdId":1,"cmdFunc":2,"param":{"load":7}})"), "[] load=7");
  EXPECT_EQ(flat(R"({"cmdId":1,"param":{"load":7}})"), "[] load=7");
  EXPECT_EQ(flat(R"({"typeCode":"unheardOf","params":{"load":7}})"), "[] load=7");
}

TEST(ReportReader, DoesNotTakeAMemberOfTheBodyForTheEnvelope) {
  EXPECT_EQ(flat(R"({"params":{"typeCode":"pdStatus","soc":5}})"),
            R"([] typeCode="pdStatus" soc=5)");
}

TEST(ReportReader, TakesAMessageWithoutABodyAsItsOwnBody) {
  EXPECT_EQ(flat(R"({"temp":21,"on":true})"), "[] temp=21 on=true");
  EXPECT_EQ(flat(R"({"params":null,"temp":21})"), "[] params=null temp=21");
  EXPECT_EQ(flat(R"({"params":[1,2]})"), "[] params=[1,2]");
  EXPECT_EQ(flat("{}"), "[] ");
  EXPECT_EQ(flat(R"({"params":{}})"), "[] ");
}

TEST(ReportReader, TakesABodyAlsoInAFamilyWhoseReportsHaveNone) {
  EXPECT_EQ(bare(R"({"top":3,"phase":{"vol":1}})"), " | top=3 phase.vol=1");
  EXPECT_EQ(bare(R"({"timestamp":7,"params":{"top":3,"phase":{"vol":1}}})"),
            "timestamp=7 | top=3 phase.vol=1");
  EXPECT_EQ(bare(R"({"params":{"top":3},"timestamp":7})"), "timestamp=7 | top=3");
  EXPECT_EQ(bare(R"({"params":{"a":1},"param":{"b":2}})"), R"(param={"b":2} | a=1)");
  EXPECT_EQ(bare(R"({"params":null,"top":3})"), " | params=null top=3");
  EXPECT_EQ(bare(R"({"phase":{"params":{"vol":1}}})"), " | phase.params.vol=1");
}

TEST(ReportReader, KeepsObjectsAndArraysOfAFlatFamilyAsOneValue) {
  EXPECT_EQ(flat(R"({"params":{"tasks":{"a":[1,{"b":null}],"c":{}},"cells":[],"soc":5}})"),
            R"([] tasks={"a":[1,{"b":null}],"c":{}} cells=[] soc=5)");
}

TEST(ReportReader, WalksIntoTheGroupsOfANestedFamily) {
  EXPECT_EQ(nested(R"({"typeCode":"all","params":
      {"phase":{"vol":230.1,"amp":{"x":{"y":1},"z":2}},"top":3,"list":[{"k":1}]}})"),
            R"([] phase.vol=230.1 phase.amp.x.y=1 phase.amp.z=2 top=3 list=[{"k":1}])");
}

TEST(ReportReader, AnEmptyGroupHoldsNothing) {
  EXPECT_EQ(nested(R"({"params":{"phase":{},"top":3}})"), "[] top=3");
}

TEST(ReportReader, KeepsAnObjectOfANestedFamilyAsOneValueWhereItIsAQuota) {
  EXPECT_EQ(nested(R"({"typeCode":"all","params":{"tree":{"a":{"b":1}},"phase":{"vol":1}}})"),
            R"([] tree={"a":{"b":1}} phase.vol=1)");
  EXPECT_EQ(nested(R"({"typeCode":"unit","params":{"list":[1],"time":{"hour":7},"plan":{"a":1}}})"),
            R"([unit.] list=[1] time.hour=7 plan={"a":1})");
  EXPECT_EQ(nested(R"({"typeCode":"unit","params":{"unit":{"plan":{"a":1}}}})"),
            R"([unit.] unit.plan={"a":1})");
}

// A body has the fields of one module, or {serial number: {fields}} of one or several.
TEST(ReportReader, TellsTheFieldsOfOneModuleFromThoseOfModulesByNumber) {
  const struct {
    std::string_view what;
    std::string_view members;
    std::string_view read;
  } rows[] = {
      {"flat", R"("packSn":"A","params":{"soc":1,"plan":{"a":1},"cfg":{"on":1}})",
       R"([pack.A.] soc=1 plan={"a":1} cfg.on=1)"},
      {"flat, a group only", R"("packSn":"A","params":{"cfg":{"on":1}})", "[pack.A.] cfg.on=1"},
      {"flat, a new field first", R"("packSn":"A","params":{"new":{"soc":2},"soc":1})",
       "[pack.A.] new.soc=2 soc=1"},
      {"flat, nothing known", R"("packSn":"A","params":{"new":{"a":2}})", "[pack.A.] new.a=2"},
      {"by number", R"("packSn":"A","params":{"A":{"soc":1,"new":2}})", "[pack.] A.soc=1 A.new=2"},
      {"by number, nothing known", R"("packSn":"A","params":{"A":{"new":2}})", "[pack.] A.new=2"},
      {"another's number", R"("packSn":"A","params":{"B":{"new":2,"cfg":{"on":1}}})",
       "[pack.] B.new=2 B.cfg.on=1"},
      {"by number, written out", R"("packSn":"A","params":{"A.soc":1,"B.soc":2})",
       "[pack.] A.soc=1 B.soc=2"},
      {"whole names", R"("packSn":"A","params":{"pack.A.soc":1})", "[pack.] pack.A.soc=1"},
      {"no number", R"("params":{"soc":1})", "[pack.] soc=1"},
      {"a number that is none", R"("packSn":7,"params":{"soc":1})", "[pack.] soc=1"},
      {"an empty number", R"("packSn":"","params":{"soc":1})", "[pack.] soc=1"},
      {"a number with a dot", R"("packSn":"A.B","params":{"soc":1})", "[pack.] soc=1"},
      {"a number with an escape", R"("packSn":"A\"B","params":{"soc":1})", "[pack.] soc=1"},
      {"empty", R"("packSn":"A","params":{})", "[pack.A.] "},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(nested(fmt::format(R"({{"typeCode":"pack",{}}})", row.members)), row.read)
        << row.what;
  }
  const auto of_length = [](std::size_t length) {
    return nested(fmt::format(R"({{"typeCode":"pack","packSn":"{}","params":{{"soc":1}}}})",
                              std::string(length, 'A')));
  };
  EXPECT_EQ(of_length(64), fmt::format("[pack.{}.] soc=1", std::string(64, 'A')));
  EXPECT_EQ(of_length(65), "[pack.] soc=1");
}

TEST(ReportReader, WritesValuesCompactlyAndNumbersAsTheyCame) {
  EXPECT_EQ(flat("\r\n\t {\n \"params\" : { \"a\" : [ 1 , 2 ] ,\n \"b\" : { \"c\" : 1.50 } } }\n"),
            R"([] a=[1,2] b={"c":1.50})");
  EXPECT_EQ(flat(R"({"params":{"a":1.0,"b":1e3,"c":-0,"d":-2.5E-2,"e":12345678901234567890}})"),
            "[] a=1.0 b=1e3 c=-0 d=-2.5E-2 e=12345678901234567890");
}

TEST(ReportReader, LeavesAMemberOutWhoseNumberIsTooLargeForADouble) {
  const std::string digits(400, '9');
  EXPECT_EQ(flat(R"({"params":{"a":1e999,"b":2,"c":[1,-1e999],"d":{"e":1e400},"f":[3],"g":)" +
                 digits + R"(,"h":1e308}})"),
            "[] b=2 f=[3] h=1e308");
}

TEST(ReportReader, ReadsEscapesAndWritesThemBack) {
  EXPECT_EQ(flat(R"({"params":{"a\"b":"x\\y\"z\n","u":"\u00e9\ud83d\ude00\u0001","s":"\/"}})"),
            "[] a\"b=\"x\\\\y\\\"z\\n\" u=\"é😀\\u0001\" s=\"/\"");
  EXPECT_EQ(flat(R"({"typ\u0065Code":"pd\u0053tatus","param\u0073":{"soc":5}})"), "[pd.] soc=5");
}

// Only the first form is read in place; the others have an escape, a space in a value, or an
// exponent.
TEST(ReportReader, ReadsAReportInEveryFormAlike) {
  const struct {
    std::string_view compact;
    std::string_view other;
  } rows[] = {
      {R"({"typeCode":"pdStatus","params":{"soc":5,"state":"on"}})",
       R"({"type\u0043ode":"pdStatus","params":{"soc":5,"state":"on"}})"},
      {R"({"params":{"cells":[1,{"a":[]},"x",-0.50,true,false,null],"b":{}}})",
       R"({"params":{"cells":[1, {"a":[]},"x",-0.50,true,false,null],"b":{}}})"},
      {R"({"params":{"a":1},"param":{"b":2},"params":3})",
       R"({"p\u0061rams":{"a":1},"param":{"b":2},"params":3})"},
      {R"({"param":[{"":0}],"a":9223372036854775807,"b":-0,"c":0.10})",
       R"({"param":[ {"":0}],"a":9223372036854775807,"b":-0,"c":0.10})"},
      {R"({"params":{"params":{"params":{}}}})", R"({"params":{"params":{ "params":{}}}})"},
      {"{ \"params\"\n:\t{ \"a\" : 1 ,\r\n\"b\" : [] } } ", R"({"params":{"a":1,"b":[ ]}})"},
  };
  for (const auto& [compact, other] : rows) {
    EXPECT_NE(flat(compact), "refused") << compact;
    EXPECT_EQ(flat(compact), flat(other)) << compact;
  }
}

// As above for groups: the first form is read in place, in the other an escape is in the way.
TEST(ReportReader, ReadsGroupsInEveryFormAlike) {
  const struct {
    std::string_view compact;
    std::string_view other;
  } rows[] = {
      {R"({"typeCode":"all","params":{"phase":{"vol":1,"amp":{"x":2}},"top":3}})",
       R"({"type\u0043ode":"all","params":{"phase":{"vol":1,"amp":{"x":2}},"top":3}})"},
      {R"({"params":{"":{"a":1},"x":{"":{"a":2},"b":{}},"y.z":{"":3}}})",
       R"({"p\u0061rams":{"":{"a":1},"x":{"":{"a":2},"b":{}},"y.z":{"":3}}})"},
      {R"({"typeCode":"unit","params":{"plan":{"a":1},"plans":{"a":1},"unit":{"plan":{"b":2}}}})",
       R"({"typ\u0065Code":"unit",)"
       R"("params":{"plan":{"a":1},"plans":{"a":1},"unit":{"plan":{"b":2}}}})"},
      {R"({"params":{"phase.vol":1,"phase":{"vol":1,"amp":2},"phase.amp":2},"typeCode":"all"})",
       R"({"params":{"phase.vol":1,"ph\u0061se":{"vol":1,"amp":2},"phase.amp":2},)"
       R"("typeCode":"all"})"},
      {"{ \"params\" : { \"phase\" : { \"vol\" : 1 } , \"top\" : 2 } }",
       R"({"param\u0073":{"phase":{"vol":1},"top":2}})"},
      {R"({"env":{"a":1},"params":{"a":1},"param":{"a":{"b":1}}})",
       R"({"env":{"a":1},"par\u0061ms":{"a":1},"param":{"a":{"b":1}}})"},
      {R"({"top":{"a":1}})", R"({"t\u006fp":{"a":1}})"},
  };
  for (const auto& [compact, other] : rows) {
    ReportReader reader;
    const std::string expected = nested(other);
    EXPECT_NE(expected, "refused") << other;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(read_by(reader, *nested_layout(), compact), expected) << compact;
    }
  }
}

// A quota of another report, or of another place in the order, may be expected by mistake.
TEST(ReportReader, TellsTheSlotOfADeclaredQuotaWhateverItExpected) {
  ReportReader reader;
  const Layout& layout = *nested_layout();
  const std::string_view reports[] = {
      R"({"typeCode":"all","params":{"phase":{"vol":1,"amp":2},"top":3}})",
      R"({"typeCode":"all","params":{"phase":{"amp":2},"top":3,"phase.vol":1}})",
      R"({"typeCode":"all","params":{"phase.vol":1,"phase":{"vol":1,"amp":2},"none":4}})",
      R"({"typeCode":"unit","params":{"time":{"hour":1},"list":[],"plan":{}}})",
      R"({"typeCode":"unit","params":{"unit.list":[],"unit":{"time":{"hour":2}},"vol":1}})",
      R"({"params":{"vol":1,"phase":{"vol":1},"unit":{"list":[],"time":{"hour":3}}}})",
      R"({"params":{"list":[],"unit.list":[]},"typeCode":"unit"})",
      R"({"typeCode":"unit","typeCode":"all","params":{"list":[],"top":5}})",
  };
  for (int i = 0; i < 3; ++i) {
    for (const std::string_view report : reports) {
      ASSERT_TRUE(reader.read(layout, report)) << report;
      const std::string_view prefix = reader.prefix(layout);
      for (const Member& member : reader.body()) {
        const auto found = layout.index.find(reader.quota_name(layout, prefix, member.name));
        const bool is_declared = found != layout.index.end();
        if (member.slot == Member::kUnknown) continue;
        EXPECT_EQ(member.slot, is_declared ? found->second : Member::kUndeclared)
            << member.name << " in " << report;
      }
    }
  }
}

// Text that is compared instead of read must be as it would have been read: a quota's name may
// contain characters that JSON has to escape.
TEST(ReportReader, DoesNotExpectANameThatNeedsEscapes) {
  const LayoutPtr layout = layout_of("quoted.yaml", R"yaml(
family: quoted
product: Quoted
description: Quotas with unusual names
prefixes: [QU1]
read_only: true
messages: {report: {id: $message_id}, reply: {id: $id}}
reports:
  all: {match: {typeCode: all}, fields: ['a":1,"b', soc]}
fields:
  'a":1,"b': {type: int, description: A quotation mark}
  soc: {type: int, description: Charge}
)yaml");
  ReportReader reader;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(read_by(reader, *layout, R"({"typeCode":"all","params":{"a\":1,\"b":5,"soc":6}})"),
              R"([] a":1,"b=5 soc=6)");
    EXPECT_EQ(read_by(reader, *layout, R"({"typeCode":"all","params":{"a":1,"b":5,"soc":6}})"),
              "[] a=1 b=5 soc=6");
  }
}

TEST(ReportReader, KeepsNamesWithDotsAndEmptyNames) {
  EXPECT_EQ(flat(R"({"params":{"bms.soc":1,"":2}})"), "[] bms.soc=1 =2");
}

TEST(ReportReader, RefusesWhatIsNoWholeJsonObject) {
  const std::vector<std::string_view> payloads = {
      "",
      " ",
      "{",
      "}",
      R"({"a")",
      R"({"a":)",
      R"({"a":1)",
      R"({"a":1,})",
      R"({"a":01})",
      R"({"a":+1})",
      R"({"a":.5})",
      R"({"a":1.})",
      R"({"a":NaN})",
      R"({"a":tru})",
      R"({'a':1})",
      R"({"a":1}})",
      R"({"a":1}{"a":1})",
      R"({"a":1} x)",
      "{\"a\":\"\x01\"}",
      "{\"a\":\"\xff\"}",
      "{\"\xc3\":1}",
      R"({"a":"\ud83d"})",
      R"({"a":"\x"})",
      "{\"a\":1} // why",
  };
  for (const std::string_view payload : payloads) {
    EXPECT_EQ(error_of(payload).code, ErrorCode::kMalformed) << payload;
  }
}

TEST(ReportReader, SaysThatAReportIsAnObject) {
  for (const std::string_view payload : {"1", "\"text\"", "null", "true", "[1,2]", "[]"}) {
    const Error fault = error_of(payload);
    EXPECT_EQ(fault.code, ErrorCode::kMalformed) << payload;
    EXPECT_EQ(fault.detail, "a report must be a JSON object") << payload;
  }
}

TEST(ReportReader, TakesThirtyTwoLevelsAndNotOneMore) {
  const auto deep = [](std::size_t levels) {
    return R"({"params":{"a":)" + repeated("[", levels - 2) + repeated("]", levels - 2) + "}}";
  };
  EXPECT_NE(flat(deep(32)), "refused");
  EXPECT_EQ(flat(deep(33)), "refused");
  const auto groups = [](std::size_t levels) {
    return R"({"params":)" + repeated(R"({"g":)", levels - 1) + "1" + repeated("}", levels);
  };
  EXPECT_NE(nested(groups(32)), "refused");
  EXPECT_EQ(nested(groups(33)), "refused");
}

TEST(ReportReader, TakesAQuarterMegabyteAndNotOneByteMore) {
  const std::string head = R"({"params":{"a":")";
  const std::string tail = R"("}})";
  const std::size_t most = std::size_t{256} * 1024;
  const std::string filling(most - head.size() - tail.size(), 'x');
  EXPECT_NE(flat(head + filling + tail), "refused");
  EXPECT_EQ(flat(head + filling + "x" + tail), "refused");
}

// Each value of a group repeats the group's name: 16 KB would become 3 MB.
TEST(ReportReader, AGroupsLongNameDoesNotMakeMuchOfLittle) {
  const auto group = [](std::size_t name_bytes, std::size_t members) {
    return R"({"params":{")" + std::string(name_bytes, 'g') + R"(":{)" +
           repeated(R"("":1,)", members - 1) + R"("":1}}})";
  };
  EXPECT_NE(nested(group(100, 200)), "refused");
  EXPECT_NE(nested(group(1000, 18)), "refused");
  EXPECT_EQ(nested(group(1000, 3000)), "refused");
  EXPECT_NE(flat(group(1000, 3000)), "refused");  // in this family it is one value
  ReportReader reader;
  const Status status = reader.read(*nested_layout(), group(1000, 3000));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().detail,
            "the names of this report's groups are too long: with them, its names are more than "
            "80452 bytes");
}

TEST(ReportReader, TakesAsManyMembersAsItsLimitAndNotOneMore) {
  ReportReader reader({.bytes = 60, .depth = 4, .members = 4});
  const auto reads = [&reader](std::string_view payload) {
    return reader.read(*flat_layout(), payload);
  };
  EXPECT_TRUE(reads(R"({"params":{"a":1,"b":{"c":2}}})"));
  const Status members = reads(R"({"params":{"a":1,"b":{"c":2}},"d":3})");
  ASSERT_FALSE(members);
  EXPECT_EQ(members.error().detail, "a report has at most 4 members");
  EXPECT_TRUE(reads(R"({"params":{"a":[[1]]}})"));
  const Status depth = reads(R"({"params":{"a":[[[1]]]}})");
  ASSERT_FALSE(depth);
  EXPECT_EQ(depth.error().detail, "a report is nested at most 4 deep");
  const std::string text = R"({"params":{"a":")" + std::string(41, 'x') + R"("}})";
  ASSERT_EQ(text.size(), 60U);
  EXPECT_TRUE(reads(text));
  const Status bytes = reads(text + " ");
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().detail, "a report has 61 bytes: at most 60 are accepted");
  // Limits above the defaults apply as well.
  std::string wide = R"({"params":{"m0":0)";
  for (int i = 1; i < 6000; ++i) wide += fmt::format(R"(,"m{}":{})", i, i);
  wide += R"(,"deep":)" + repeated("[", 60) + repeated("]", 60) + "}}";
  ReportReader patient({.bytes = 1'000'000, .depth = 64, .members = 10'000});
  EXPECT_TRUE(patient.read(*flat_layout(), wide));
}

TEST(ReportReader, BoundsTheMembersOfAReport) {
  const auto wide = [](std::size_t members) {
    std::string text = R"({"params":{"m0":0)";
    for (std::size_t i = 1; i < members; ++i) text += fmt::format(R"(,"m{}":{})", i, i);
    return text + "}}";
  };
  EXPECT_NE(flat(wide(1000)), "refused");
  EXPECT_EQ(flat(wide(10'000)), "refused");
}

TEST(ReportReader, IsAsGoodAsNewAfterEveryReport) {
  ReportReader reader;
  const std::string good = R"({"typeCode":"pdStatus","params":{"soc":5,"cells":[1,{"a":2}]}})";
  const std::string expected = R"([pd.] soc=5 cells=[1,{"a":2}])";
  ASSERT_EQ(read_by(reader, *flat_layout(), good), expected);
  // A truncated report is refused, and does not affect the next one.
  for (std::size_t size = 0; size < good.size(); ++size) {
    ASSERT_EQ(read_by(reader, *flat_layout(), good.substr(0, size)), "refused") << size;
    ASSERT_EQ(read_by(reader, *flat_layout(), good), expected) << size;
  }
  EXPECT_EQ(read_by(reader, *nested_layout(), R"({"params":{"phase":{"vol":1}}})"),
            "[] phase.vol=1");
  EXPECT_EQ(read_by(reader, *flat_layout(), R"({"params":{"phase":{"vol":1}}})"),
            R"([] phase={"vol":1})");
  EXPECT_EQ(read_by(reader, *flat_layout(), good), expected);
}

TEST(ReportReader, LeavesNothingReadableAfterARefusal) {
  ReportReader reader;
  ASSERT_TRUE(reader.read(*flat_layout(), R"({"params":{"soc":5}})"));
  ASSERT_FALSE(reader.read(*flat_layout(), R"({"params":{"soc":6})"));
  EXPECT_TRUE(reader.body().empty());
  EXPECT_TRUE(reader.envelope().empty());
}

}  // namespace
}  // namespace gridloom::twin
