#include "wire/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace gridloom::wire {
namespace {

using namespace std::string_view_literals;

std::string nested(std::size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

std::string object_of(std::size_t names) {
  std::string text = "{";
  for (std::size_t i = 0; i < names; ++i) {
    text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":0";
  }
  return text + "}";
}

std::string leaves_of(std::string_view text) {
  std::string out;
  const Status status = walk_json(text, {}, [&out](const Leaf& leaf) {
    static constexpr std::string_view kKinds = "snb0{[";
    out += kKinds[static_cast<std::size_t>(leaf.kind)];
    out += ' ';
    out.append(leaf.path).append("=").append(leaf.text).append("\n");
  });
  EXPECT_TRUE(status) << status.error().detail;
  return out;
}

TEST(Json, ValuesAreWrittenBackCompactly) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {" { \"a\" : [ 1 , 2 ] } ", R"({"a":[1,2]})"},
      {"{}", "{}"},
      {"[]", "[]"},
      {"[{},[]]", "[{},[]]"},
      {"null", "null"},
      {"true", "true"},
      {R"("")", R"("")"},
      {"229.7", "229.7"},
      {"2.297E2", "229.7"},
      {"0.1", "0.1"},
      {"5.0", "5"},
      {"1e3", "1000"},
      {"1.5e5", "150000"},
      {"1e-7", "0.0000001"},
      {"1e-8", "1e-08"},
      {"1e17", "1e+17"},
      {"-0", "0"},
      {"-0.0", "0"},
      {"1e-400", "0"},
      {"-1e-400", "0"},
      {"0e400", "0"},
      {"5e-324", "5e-324"},
      {"1.7976931348623157e308", "1.7976931348623157e+308"},
      {"9223372036854775807", "9223372036854775807"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"18446744073709551615", "18446744073709551615"},
      {"18446744073709551616", "1.8446744073709552e+19"},
      {"-9223372036854775809", "-9.223372036854776e+18"},
      {R"("\u0041\u00e9\ud83d\ude00\/")", "\"A\xc3\xa9\xf0\x9f\x98\x80/\""},
      {R"("\b\f\n\r\t\u0000\u001f\"\\")", R"("\b\f\n\r\t\u0000\u001f\"\\")"},
      {R"({"b":1,"a":2})", R"({"b":1,"a":2})"},
      {R"([{"a":1},{"a":2}])", R"([{"a":1},{"a":2}])"},
      {R"({"a":{"a":{"a":1}}})", R"({"a":{"a":{"a":1}}})"},
  };
  for (const auto& [text, expected] : cases) {
    const Result<Json> value = parse_json(text);
    ASSERT_TRUE(value) << text << ": " << value.error().detail;
    EXPECT_EQ(to_text(*value), expected) << text;
  }
}

TEST(Json, DecimalsAreReadExactly) {
  for (int tenths = -20000; tenths <= 20000; ++tenths) {
    Json value(static_cast<double>(tenths) / 10);
    const std::string text = to_text(value);
    const Result<Json> again = parse_json(text);
    ASSERT_TRUE(again) << text;
    ASSERT_EQ(again->to_number<double>(), value.get_double()) << text;
    ASSERT_LE(text.size(), 7U) << text;
  }
}

TEST(Json, NumbersThatJsonLacksAreWrittenAsNull) {
  EXPECT_EQ(to_text(Json(std::numeric_limits<double>::infinity())), "null");
  EXPECT_EQ(to_text(Json(std::nan(""))), "null");
  EXPECT_EQ(to_text(Json(std::numeric_limits<double>::max())), "1.7976931348623157e+308");
}

TEST(Json, FaultsSayWhereAndWhatWasExpected) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"", "JSON: at byte 0: the text ends too early"},
      {"{\"a\":", "JSON: at byte 5: the text ends too early"},
      {"{\"a\" 1}", "JSON: at byte 5: expected ':' and a value, found '1'"},
      {"{\"a\":1,}",
       "JSON: at byte 7: expected ',' and a name in double quotes, or '}', found '}'"},
      {"{a:1}", "JSON: at byte 1: expected a name in double quotes or '}', found 'a'"},
      {"[1 2]", "JSON: at byte 3: expected ',' and a value, or ']', found '2'"},
      {"[}", "JSON: at byte 1: expected a value or ']', found '}'"},
      {"{} x", "JSON: at byte 3: expected the end of the text"},
      {"{}{}", "JSON: at byte 2: expected the end of the text"},
      {"[01]", "JSON: at byte 2: expected ',' and a value, or ']', found '1'"},
      {"[1.]", "JSON: at byte 3: expected a digit, found ']'"},
      {"[1e400]", "JSON: at byte 6: the number is out of range"},
      {"[\"a\nb\"]",
       "JSON: at byte 3: a line break or tab where none may stand; in a string it is written \\n, "
       "\\r or \\t"},
      {"[\"\x01\"]", "JSON: at byte 2: a control character (0x01) that is not escaped"},
      {"[\"\\x\"]", "JSON: at byte 3: expected one of \" \\ / b f n r t u after the backslash"},
      {"{\"sn\":1,\"sn\":2}", "JSON: at byte 11: the name \"sn\" occurs twice in one object"},
      {"{\"sn\":1,\"\\u0073n\":2}", "JSON: at byte 16: the name \"sn\" occurs twice in one object"},
      {"\xef\xbb\xbf{}", "JSON: at byte 0: the text begins with a byte order mark, which must go"},
  };
  for (const auto& [text, expected] : cases) {
    const Result<Json> value = parse_json(text);
    ASSERT_FALSE(value) << text;
    EXPECT_EQ(value.error().code, ErrorCode::kMalformed);
    EXPECT_EQ(value.error().detail, expected) << text;
  }
}

TEST(Json, TextThatIsNotJsonIsRefusedByBothReaders) {
  const std::vector<std::string_view> cases = {"nul",
                                               "tru",
                                               "'a'",
                                               "{\"a\"}",
                                               "[1,]",
                                               "[,1]",
                                               "+1",
                                               ".5",
                                               "-",
                                               "1.e2",
                                               "0x10",
                                               "NaN",
                                               "Infinity",
                                               "-Infinity",
                                               "// c\n1",
                                               "/**/1",
                                               "\"",
                                               "\"\\u12\"",
                                               "\"\\ud800\"",
                                               "\"\\udc00\"",
                                               "\"\\ud800\\u0041\"",
                                               "\"\xff\"",
                                               "\"\xc0\x80\"",
                                               "\"\xed\xa0\x80\"",
                                               "\"\xe2\x82\"",
                                               "\"\xf4\x90\x80\x80\"",
                                               "{\"\xff\":1}",
                                               "1e400",
                                               "-1e400",
                                               "1e99999999999",
                                               "\0"sv,
                                               "{}\0"sv,
                                               "[1]]",
                                               "{\"a\":1}}",
                                               "[\"a\":1]",
                                               "{1:2}",
                                               "]"};
  for (const std::string_view text : cases) {
    EXPECT_FALSE(parse_json(text)) << text;
    EXPECT_FALSE(walk_json(text, {}, [](const Leaf&) {})) << text;
  }
}

TEST(Json, EachLimitHoldsAtItsValueAndFailsOnePastIt) {
  const JsonLimits limits{.bytes = 64, .depth = 3, .keys = 4};
  EXPECT_TRUE(parse_json(nested(3), limits));
  EXPECT_FALSE(parse_json(nested(4), limits));
  EXPECT_TRUE(parse_json(R"({"a":{"b":{}}})", limits));
  EXPECT_FALSE(parse_json(R"({"a":{"b":{"c":{}}}})", limits));
  EXPECT_TRUE(parse_json(object_of(4), limits));
  EXPECT_FALSE(parse_json(object_of(5), limits));
  EXPECT_TRUE(parse_json(R"([{"a":1,"b":2},{"a":1,"b":2}])", limits));
  EXPECT_FALSE(parse_json(R"([{"a":1,"b":2},{"a":1,"b":2},{"a":1}])", limits));
  EXPECT_TRUE(parse_json('"' + std::string(62, 'x') + '"', limits));
  EXPECT_FALSE(parse_json('"' + std::string(63, 'x') + '"', limits));
  EXPECT_FALSE(walk_json(nested(4), limits, [](const Leaf&) {}));
  EXPECT_EQ(parse_json(nested(4), limits).error().detail,
            "JSON: at byte 3: nested deeper than 3 levels");
}

TEST(Json, ManyNamesAreDistinguished) {
  EXPECT_TRUE(parse_json(object_of(1024)));
  EXPECT_FALSE(parse_json(object_of(1025)));
  std::string twice = object_of(1000);
  twice.insert(twice.size() - 1, ",\"k777\":1");
  EXPECT_FALSE(parse_json(twice));
}

TEST(Json, AWalkGivesLeavesInTheOrderOfTheTextWithTheirOwnText) {
  EXPECT_EQ(leaves_of(R"({"z":1.0,"a":{"b":1e3,"c":[10,{"d":"x\ty"},[true,null]]},"y":-0})"),
            "n z=1.0\nn a.b=1e3\nn a.c[0]=10\ns a.c[1].d=x\ty\nb a.c[2][0]=true\n0 a.c[2][1]=null\n"
            "n y=-0\n");
  EXPECT_EQ(leaves_of(R"({"a":{},"b":[],"c":[{}, [ ]],"d":"\u00e9"})"),
            "{ a={}\n[ b=[]\n{ c[0]={}\n[ c[1]=[]\ns d=\xc3\xa9\n");
  EXPECT_EQ(leaves_of("{}"), "{ ={}\n");
  EXPECT_EQ(leaves_of("[]"), "[ =[]\n");
  EXPECT_EQ(leaves_of("[7,[8]]"), "n [0]=7\nn [1][0]=8\n");
  EXPECT_EQ(leaves_of("7"), "n =7\n");
  EXPECT_EQ(leaves_of(R"({"a":[1,2],"b":{"c":[3]},"d":4})"),
            "n a[0]=1\nn a[1]=2\nn b.c[0]=3\nn d=4\n");
  EXPECT_EQ(leaves_of(R"({"k\u0041\n":"\"\\"})"), "s kA\n=\"\\\n");
  EXPECT_EQ(leaves_of("123456789012345678901234567890.50"),
            "n =123456789012345678901234567890.50\n");
}

TEST(Json, OnePassMakesTheValueAndVisitsItsLeaves) {
  const std::string_view text = R"({"a":[1.50,{"b":"x\u00e9"}],"c":{},"d":null})";
  std::string seen;
  const JsonVisitor visitor{.on_leaf =
                                [&seen](const Leaf& leaf) {
                                  seen.append(leaf.path).append(1, '=');
                                  seen.append(leaf.text).append(1, ' ');
                                  return true;
                                },
                            .on_name =
                                [&seen](std::string_view name) {
                                  seen.append(name).append(1, ' ');
                                  return true;
                                }};
  const Result<Json> value = parse_json(text, {}, visitor);
  ASSERT_TRUE(value) << value.error().detail;
  EXPECT_EQ(*value, parse_json(text).value());
  std::string walked;
  std::swap(seen, walked);
  ASSERT_TRUE(walk_json(text, {}, visitor));
  EXPECT_EQ(walked, seen);
  EXPECT_EQ(seen, "a a[0]=1.50 b a[1].b=x\u00e9 c c={} d d=null ");
}

TEST(Json, AVisitorEndsThePass) {
  int leaves = 0;
  const JsonVisitor once{.on_leaf = [&leaves](const Leaf&) { return ++leaves < 2; }, .on_name = {}};
  const Result<Json> value = parse_json("[1,2,3]", {}, once);
  ASSERT_FALSE(value);
  EXPECT_EQ(value.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(leaves, 2);
}

TEST(Json, WholeNumbersAreRecognisedInEveryNotation) {
  const std::vector<std::tuple<std::string_view, bool, std::int64_t>> cases = {
      {"5", true, 5},
      {"5.0", true, 5},
      {"5e0", true, 5},
      {"50e-1", true, 5},
      {"-0.0", true, 0},
      {"5.5", false, 0},
      {"\"5\"", false, 0},
      {"null", false, 0},
      {"true", false, 0},
      {"9223372036854775807", true, std::numeric_limits<std::int64_t>::max()},
      {"-9223372036854775808", true, std::numeric_limits<std::int64_t>::min()},
      {"-9223372036854775808.0", true, std::numeric_limits<std::int64_t>::min()},
      {"9223372036854775808", false, 0},
      {"9223372036854775808.0", false, 0},
      {"1e300", false, 0},
  };
  for (const auto& [text, expected, number] : cases) {
    const Result<Json> value = parse_json(text);
    ASSERT_TRUE(value) << text;
    ASSERT_EQ(is_whole(*value), expected) << text;
    if (expected) {
      EXPECT_EQ(whole(*value), number) << text;
    }
  }
}

TEST(Json, AMemberIsFoundOnlyInAnObject) {
  const Json value = *parse_json(R"({"a":1})");
  ASSERT_NE(member(value, "a"), nullptr);
  EXPECT_EQ(whole(*member(value, "a")), 1);
  EXPECT_EQ(member(value, "b"), nullptr);
  EXPECT_EQ(member(Json(1), "a"), nullptr);
  EXPECT_EQ(member(Json(JsonArray{}), "a"), nullptr);
}

TEST(Json, AMembersTextIsThatOfAString) {
  const Json value = *parse_json(R"({"a":"b","c":5,"d":null,"e":""})");
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"a", "b"}, {"c", ""}, {"d", ""}, {"e", ""}, {"f", ""}};
  for (const auto& [key, text] : cases) {
    EXPECT_EQ(text_in(value, key), text) << key;
    EXPECT_EQ(text_in(value.get_object(), key), text) << key;
  }
  EXPECT_EQ(text_in(Json("a"), "a"), "");
}

TEST(Json, AMembersNumberIsThatOfAWholeOne) {
  const Json value = *parse_json(R"({"a":-5,"b":5e0,"c":1.5,"d":"5","e":null})");
  const std::vector<std::pair<std::string_view, std::optional<std::int64_t>>> cases = {
      {"a", -5}, {"b", 5}, {"c", {}}, {"d", {}}, {"e", {}}, {"f", {}}};
  for (const auto& [key, number] : cases) {
    EXPECT_EQ(whole_in(value, key), number) << key;
    EXPECT_EQ(whole_in(value.get_object(), key), number) << key;
  }
  EXPECT_EQ(whole_in(Json(5), "a"), std::nullopt);
}

TEST(Json, AValueAsPlainTextHasNoQuotes) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {R"("a\"b")", "a\"b"},
      {"\"\"", ""},
      {"229.7", "229.7"},
      {"null", "null"},
      {R"(["a"])", R"(["a"])"}};
  for (const auto& [text, plain] : cases) EXPECT_EQ(plain_text(*parse_json(text)), plain);
}

TEST(Json, KindsHaveNamesForMessages) {
  const std::vector<std::pair<std::string_view, std::string_view>> cases = {
      {"null", "null"},     {"true", "a boolean"}, {"1", "a number"},  {"1.5", "a number"},
      {"\"\"", "a string"}, {"[]", "an array"},    {"{}", "an object"}};
  for (const auto& [text, name] : cases) EXPECT_EQ(kind_name(*parse_json(text)), name);
}

TEST(Json, ATextIsShortenedBetweenCharacters) {
  EXPECT_EQ(shortened("abc", 3), "abc");
  EXPECT_EQ(shortened("abcd", 3), "abc...");
  EXPECT_EQ(shortened("a\u00e9\u20ac", 4), "a\u00e9...");
  EXPECT_EQ(shortened("\u20ac\u20ac", 2), "...");
  EXPECT_EQ(shortened("", 0), "");
}

TEST(Json, AMarkBeforeTheTextAndHalfACharacterAreNamed) {
  const std::vector<std::pair<std::string_view, std::string_view>> rows = {
      {"\xef\xbb\xbf{}", "byte order mark"},
      {R"("\ud83d")", "low surrogate"},
      {R"("\uD83D x")", "low surrogate"},
      {R"("\udc00")", "surrogate"},
  };
  for (const auto& [text, says] : rows) {
    const auto parsed = parse_json(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_TRUE(parsed.error().detail.contains(says)) << text << ": " << parsed.error().detail;
  }
}

}  // namespace
}  // namespace gridloom::wire
