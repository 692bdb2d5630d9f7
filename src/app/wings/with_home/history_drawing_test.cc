#include "with_home/history_drawing.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "testing/must.h"
#include "time/grammar.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string drawn(std::string_view points, std::size_t rows) {
  const auto answer = must(wire::parse_json(fmt::format(
      R"({{"from":0,"to":60000,"series":[{{"field":"a.b","unit":"W","scale":0.5,"points":{}}}]}})",
      points)));
  return draw_history(answer.as_object(), rows, {});
}

TEST(HistoryDrawing, ShowsASeriesAsALineAndItsLastPoints) {
  const std::string text = drawn(R"([[0,2],[1000,6],[2000,null],[3000,"x"]])", 2);
  EXPECT_TRUE(text.starts_with("a.b in W, 1970-01-01")) << text;
  EXPECT_THAT(text, HasSubstr("\n3 ┤ █  \n"
                              "  │ █  \n"
                              "  │ █  \n"
                              "1 ┤▁█  \n"
                              "   1970-01-01T"));
  EXPECT_THAT(text,
              HasSubstr("\nmin 1  mean 2  max 3\nthe last 2 of 3 values; --csv prints all:\n"));
  EXPECT_THAT(text, Not(HasSubstr("             -\n"))) << "gaps are no rows";
  EXPECT_TRUE(text.ends_with("           \"x\"\n")) << text;
}

TEST(HistoryDrawing, KnowsAnAnswerOfAnotherForm) {
  const auto is_one = [](std::string_view text) {
    return is_history(must(wire::parse_json(text)));
  };
  EXPECT_TRUE(is_one(R"({"from":0,"to":1,"series":[]})"));
  EXPECT_TRUE(is_one(R"({"from":0,"to":1,"step":1,"aggregate":"mean","series":[)"
                     R"({"field":"a","unit":"W","scale":0.1,"points":[[0,1],[1,null]]}]})"));
  for (const std::string_view text :
       {"[]", "{}", R"({"from":0,"to":1})", R"({"from":"0","to":1,"series":[]})",
        R"({"from":0,"to":1,"step":1,"series":[]})", R"({"from":0,"to":1,"series":[1]})",
        R"({"from":0,"to":1,"series":[{"field":"a"}]})",
        R"({"from":0,"to":1,"series":[{"field":1,"points":[]}]})",
        R"({"from":0,"to":1,"series":[{"field":"a","unit":1,"points":[]}]})",
        R"({"from":0,"to":1,"series":[{"field":"a","scale":"1","points":[]}]})",
        R"({"from":0,"to":1,"series":[{"field":"a","points":[[0]]}]})",
        R"({"from":0,"to":1,"series":[{"field":"a","points":[["0",1]]}]})"}) {
    EXPECT_FALSE(is_one(text)) << text;
  }
}

TEST(HistoryDrawing, WithoutATableASeriesIsOneLine) {
  EXPECT_THAT(drawn("[[0,2],[1000,6],[2000,4]]", 0), HasSubstr("\n▁█▅\nmin 1  mean 2  max 3\n"));
}

TEST(HistoryDrawing, ASignedValueHasALineAtZero) {
  EXPECT_THAT(drawn("[[0,8],[1000,4],[2000,0],[3000,-8]]", 0), HasSubstr("\n"
                                                                         " 4 ┤█▄  \n"
                                                                         " 0 ┼────\n"
                                                                         "-4 ┤   █\n"
                                                                         "min -4  "));
}

TEST(HistoryDrawing, NumbersHaveTheDigitsOfTheField) {
  const auto answer = must(wire::parse_json(
      R"({"from":0,"to":60000,"step":1000,"aggregate":"mean","series":[
          {"field":"soc","unit":"%","decimals":0,"points":[[0,60.3333],[1000,-0.2]]}]})"));
  const std::string text = draw_history(answer.as_object(), 9, {});
  EXPECT_THAT(text, HasSubstr("min 0  mean 30  max 60\n"));
  EXPECT_THAT(text, HasSubstr("            60\n"));
}

TEST(HistoryDrawing, SaysWhyThereIsNoLine) {
  EXPECT_TRUE(drawn("[]", 9).ends_with("\nno values were reported\n"));
  EXPECT_THAT(drawn(R"([[0,"x"]])", 9), HasSubstr("\nno numbers\n"));
}

TEST(HistoryDrawing, AUsualStepDividesASpanIntoAboutSixtyParts) {
  struct Row {
    std::int64_t span_s = 0;
    std::int64_t step_s = 0;
  };
  for (const Row& row : std::vector<Row>{{1, 1},
                                         {3600, 60},
                                         {86'400, 1800},
                                         {std::int64_t{7} * 86'400, 10'800},
                                         {std::int64_t{365} * 86'400, std::int64_t{7} * 86'400}}) {
    const auto step = must(time::parse_span(default_step(row.span_s * 1000), {.name = "step"}));
    EXPECT_EQ(step.count(), row.step_s * 1000) << row.span_s;
  }
}

}  // namespace
}  // namespace gridloom::app
