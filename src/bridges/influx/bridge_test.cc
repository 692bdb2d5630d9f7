#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "bridges/influx/bridge.h"
#include "testing/must.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

using client::HttpHeader;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Result<InfluxSettings> settings_of(std::string_view json) {
  const wire::Json given = must(wire::parse_json(json));
  GL_TRY(auto arguments,
         parameters::Arguments::check({.name = "influx", .declared = influx_parameters()},
                                      given.get_object()));
  return influx_settings(arguments);
}

TEST(InfluxSettings, ABucketIsWrittenByVersion2) {
  const InfluxSettings settings =
      must(settings_of(R"({"url":"http://db:8086/","bucket":"my home","org":"me","token":"T"})"));
  EXPECT_EQ(settings.server, "http://db:8086");
  EXPECT_EQ(settings.target, "/api/v2/write?precision=ns&bucket=my%20home&org=me");
  EXPECT_THAT(settings.headers, ElementsAre(HttpHeader("Authorization", "Token T")));
}

TEST(InfluxSettings, ADatabaseIsWrittenByVersion1) {
  const InfluxSettings settings = must(settings_of(
      R"({"url":"https://db","database":"home","user":"Aladdin","password":"open sesame",)"
      R"("retention-policy":"year"})"));
  EXPECT_EQ(settings.target, "/write?precision=ns&db=home&rp=year");
  EXPECT_THAT(settings.headers,
              ElementsAre(HttpHeader("Authorization", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==")));
  EXPECT_THAT(must(settings_of(R"({"url":"http://db","database":"home"})")).headers, IsEmpty());
}

TEST(InfluxSettings, RefuseWhatCannotWork) {
  struct Case {
    std::string_view settings;
    std::string_view why;
  };
  for (const Case& each :
       {Case{R"({"url":"db:8086","bucket":"b"})", "url is"},
        Case{R"({"url":"http://db/path","bucket":"b"})", "without a path"},
        Case{R"({"url":"http://u:p@db","bucket":"b"})", "url is"},
        Case{R"({"url":"http://db"})", "bucket is missing"},
        Case{R"({"url":"http://db","bucket":"b","database":"d"})", "must be one of them"},
        Case{R"({"url":"http://db","bucket":"b","user":"u"})", "user is given: it goes with"},
        Case{R"({"url":"http://db","database":"d","token":"t"})", "token is given: it goes with"},
        Case{R"({"url":"http://db","bucket":"b","measurement":"{field}"})", "between braces"},
        Case{R"({"url":"http://db","bucket":"b","every":0})", "every is 0"}}) {
    const auto settings = settings_of(each.settings);
    ASSERT_FALSE(settings) << each.settings;
    EXPECT_EQ(settings.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(settings.error().detail, HasSubstr(each.why));
  }
}

}  // namespace

}  // namespace gridloom::bridges
