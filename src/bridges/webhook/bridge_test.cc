#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>

#include "bridges/webhook/bridge.h"
#include "testing/must.h"
#include "wire/json.h"

namespace gridloom::bridges::webhook {
namespace {

using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

Result<WebhookSettings> settings_of(std::string_view json) {
  const wire::Json given = must(wire::parse_json(json));
  GL_TRY(auto arguments,
         parameters::Arguments::check({.name = "webhook", .declared = webhook_parameters()},
                                      given.get_object()));
  return webhook_settings(arguments);
}

TEST(WebhookSettings, TellAllEventsUnlessTheyNameSome) {
  const WebhookSettings all = must(settings_of(R"({"url":"http://hook/a?b=c"})"));
  EXPECT_EQ(all.url.server, "http://hook");
  EXPECT_EQ(all.url.target, "/a?b=c");
  EXPECT_TRUE(all.secret.empty());
  EXPECT_THAT(all.events, ElementsAreArray(kEventKinds));
  const WebhookSettings some =
      must(settings_of(R"({"url":"http://hook","events":["quiet","fault.began"],"secret":"s",)"
                       R"("devices":["kitchen"]})"));
  EXPECT_THAT(some.events, ElementsAre(EventKind::kQuiet, EventKind::kFaultBegan));
  EXPECT_TRUE(some.tells(EventKind::kQuiet));
  EXPECT_FALSE(some.tells(EventKind::kOnline));
  EXPECT_TRUE(some.secret.matches("s"));
  EXPECT_TRUE(some.selection.has_device("SN", "kitchen"));
  EXPECT_FALSE(some.selection.has_device("SN", "cellar"));
}

TEST(WebhookSettings, RefuseWhatCannotWork) {
  struct Case {
    std::string_view settings;
    std::string_view why;
  };
  for (const Case& each :
       {Case{R"({})", "url"}, Case{R"({"url":"hook:80"})", "url is"},
        Case{R"({"url":"ftp://hook"})", "url is"},
        Case{R"({"url":"http://hook","events":["fault.begun"]})", "did you mean fault.began?"},
        Case{R"({"url":"http://hook","events":["left_out"]})", "events has \"left_out\""}}) {
    const auto settings = settings_of(each.settings);
    ASSERT_FALSE(settings) << each.settings;
    EXPECT_EQ(settings.error().code, ErrorCode::kBadParams);
    EXPECT_THAT(settings.error().detail, HasSubstr(each.why));
  }
}

}  // namespace

}  // namespace gridloom::bridges::webhook
