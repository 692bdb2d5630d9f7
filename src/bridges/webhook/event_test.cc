#include "bridges/webhook/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "testing/home.h"

namespace gridloom::bridges::webhook {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kSn = "R331ZEB4ZEAL0528";

Event event(EventKind kind, journal::DeviceEvent details) {
  return {.kind = kind,
          .device = {.sn = std::string(kSn),
                     .name = "kitchen",
                     .family = shipped_catalog()->of_serial(kSn)},
          .details = std::move(details)};
}

std::string text(const Event& event) { return wire::to_text(body_of(event, "ID", "demo")); }

TEST(WebhookEvent, TheBodySaysWhichDeviceAndWhatHappened) {
  struct Case {
    Event told;
    std::string_view members;
  };
  Event quiet = event(EventKind::kQuiet, {.at_ms = 90});
  quiet.last_report_ms = 30;
  for (const Case& each :
       {Case{event(EventKind::kOnline, {.at_ms = 5}), R"({"kind":"online","at":5})"},
        Case{event(EventKind::kOffline, {.at_ms = 5}), R"({"kind":"offline","at":5})"},
        Case{quiet, R"({"kind":"quiet","at":90,"lastReport":30})"},
        Case{event(EventKind::kQuiet, {.at_ms = 90}), R"({"kind":"quiet","at":90})"},
        Case{event(EventKind::kSetAnswered, {.at_ms = 5, .field = "77"}),
             R"({"kind":"set.answered","at":5,"id":"77"})"},
        Case{event(EventKind::kSetRefused, {.at_ms = 5, .field = "77", .text = "no"}),
             R"({"kind":"set.refused","at":5,"id":"77","why":"no"})"},
        Case{event(EventKind::kSetUnanswered, {.at_ms = 5, .text = "it is offline"}),
             R"({"kind":"set.unanswered","at":5,"why":"it is offline"})"}}) {
    EXPECT_EQ(text(each.told),
              R"({"id":"ID","account":"demo","device":{"sn":"R331ZEB4ZEAL0528","name":"kitchen",)"
              R"("family":"delta_2"},"event":)" +
                  std::string(each.members) + "}");
  }
}

TEST(WebhookEvent, AFaultHasItsSeverityItsWordsAndItsBeginning) {
  const std::string began =
      text(event(EventKind::kFaultBegan,
                 {.at_ms = 5, .since_ms = 5, .field = "bms_emsStatus.bmsWarState", .text = "1"}));
  EXPECT_THAT(began, AllOf(HasSubstr(R"("kind":"fault.began","at":5,)"
                                     R"("field":"bms_emsStatus.bmsWarState","severity":"warning")"),
                           HasSubstr(R"("value":1)"), HasSubstr(R"("since":5)"),
                           Not(HasSubstr(R"("title":"")"))));
  const std::string ended =
      text(event(EventKind::kFaultEnded, {.at_ms = 9, .since_ms = 5, .field = "pd.errCode"}));
  EXPECT_THAT(ended, AllOf(HasSubstr(R"("severity":"fault")"), HasSubstr(R"("since":5)"),
                           Not(HasSubstr(R"("value")"))))
      << "the value is not known of a fault from before a restart";
  EXPECT_THAT(text(event(EventKind::kFaultBegan, {.field = "own.field", .text = "\"x"})),
              HasSubstr(R"("field":"own.field","severity":"fault","title":"own.field")"));
}

TEST(WebhookEvent, EveryKindHasANameOfItsOwnAndAnExample) {
  std::set<std::string_view> names;
  for (const EventKind kind : kEventKinds) {
    EXPECT_TRUE(names.insert(name_of(kind)).second) << name_of(kind);
    const Event example = example_of(kind, event(kind, {}).device, 1'000'000);
    EXPECT_EQ(example.kind, kind);
    EXPECT_THAT(text(example), HasSubstr(std::string(R"("event":{"kind":")") +
                                         std::string(name_of(kind)) + R"(","at":1000000)"));
  }
  EXPECT_THAT(
      example_of(EventKind::kFaultBegan, event(EventKind::kFaultBegan, {}).device, 0).details.field,
      HasSubstr("."));
}

TEST(WebhookEvent, TheKindsAreThoseOfTheLogExceptForWhatIsLeftOut) {
  EXPECT_EQ(kind_of(journal::EventKind::kFaultEnded), EventKind::kFaultEnded);
  EXPECT_EQ(kind_of(journal::EventKind::kSetUnanswered), EventKind::kSetUnanswered);
  EXPECT_EQ(kind_of(journal::EventKind::kLeftOut), std::nullopt);
}

}  // namespace
}  // namespace gridloom::bridges::webhook
