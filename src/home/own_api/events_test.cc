// The events of devices over /api/v1: what each says, in pages, and who may read them.
#include "own_api/history/events.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/schema/test_check.h"
#include "home/event_log.h"
#include "own_api/bodies/events.h"
#include "own_api/test_own_api.h"

namespace gridloom::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;
using Lines = std::vector<std::string>;

constexpr std::string_view kEvents = "/api/v1/events";
constexpr std::string_view kOfDevice = "/api/v1/devices/R331ZEB4ZEAL0528/events";

class EventsTest : public OwnRoutesTest {
 protected:
  EventsTest() { log.start({}); }
  // "STATUS BODY"
  std::string ask(std::string_view query = {}, std::string_view path = kEvents,
                  std::string_view account = "alice") {
    const auto token = must(home.registry->add_token({.name = "script",
                                                      .account = account,
                                                      .scope = registry::Scope::kRead,
                                                      .now = home.platform.wall->now()}));
    http::Request made = request(http::Method::kGet, path);
    made.query = query;
    made.authorization = fmt::format("Bearer {}", token.text.reveal());
    const auto got = start(std::move(made));
    return got ? fmt::format("{} {}", got->status, whole_body(*got)) : "no answer yet";
  }
  // "KIND FIELD" of each event of an answer, or the answer.
  static Lines kinds(const std::string& answer) {
    const auto page = wire::parse_json(std::string_view(answer).substr(4));
    const wire::Json* events = page ? wire::member(*page, "events") : nullptr;
    if (events == nullptr) return {answer};
    Lines lines;
    for (const wire::Json& each : events->as_array()) {
      const wire::Json* field = wire::member(each, "field");
      lines.emplace_back(wire::member(each, "kind")->as_string());
      if (field != nullptr) lines.back() += " " + std::string(field->as_string());
    }
    return lines;
  }
  static std::string cursor_of(const std::string& answer) {
    const auto page = wire::parse_json(std::string_view(answer).substr(4));
    const wire::Json* next = page ? wire::member(*page, "next") : nullptr;
    return next == nullptr ? std::string() : std::string(next->as_string());
  }
  void report(std::string_view params) {
    home.pass(Millis(1000));
    home.report(device, kSn, fmt::format(R"({{"params":{{{}}}}})", params));
  }
  std::string home_text(const home::EventLog* events) {
    home::HomeFeed feed(
        {.hub = home.hub.get(), .steady = &steady, .members_of = home_members, .events = events});
    std::string text;
    feed.get(alice, {.loop = &home.client_loop, .done = [&](Result<home::HomeFeed::Home> answer) {
                       text = must(std::move(answer)).json;
                     }});
    home.settle();
    return text;
  }

  home::EventLog log{{.hub = home.hub.get(), .loop = &home.client_loop}};
};

TEST_F(EventsTest, AFaultHasItsBeginAndItsEnd) {
  report(R"("inv.errCode":1)");
  const std::int64_t began = unix_ms(home.clock.now());
  report(R"("inv.errCode":0)");
  const std::string answer = ask({}, kOfDevice);
  EXPECT_THAT(kinds(answer), ElementsAre("fault.ended inv.errCode", "fault.began inv.errCode"));
  EXPECT_THAT(answer, HasSubstr(fmt::format(R"({{"sn":"{}","at":{},"kind":"fault.ended",)", kSn,
                                            began + 1000)));
  EXPECT_THAT(answer, HasSubstr(fmt::format(R"("since":{})", began)));
  EXPECT_THAT(answer, HasSubstr(R"("severity":"fault")"));
  EXPECT_THAT(answer, HasSubstr(R"("value":1)"));
  EXPECT_THAT(answer, Not(HasSubstr(R"("text":"")")));
  EXPECT_THAT(answer, Not(HasSubstr("next")));
}

TEST_F(EventsTest, AWarningIsToldFromAFault) {
  report(R"("bms_emsStatus.bmsWarState":1)");
  EXPECT_THAT(ask({}, kOfDevice), HasSubstr(R"("field":"bms_emsStatus.bmsWarState",)"
                                            R"("severity":"warning")"));
  EXPECT_THAT(home_text(&log), HasSubstr(R"("severity":"warning")"));
}

TEST_F(EventsTest, AreAsTheyAreDescribed) {
  report(R"("inv.errCode":1)");
  report(R"("inv.errCode":0)");
  home.leave(device);
  for (const std::string_view query : {"", "limit=1"}) {
    const std::string answer = ask(query);
    const auto page = wire::parse_json(std::string_view(answer).substr(4));
    EXPECT_THAT(schema::differences(must(page), schema::body_of<body::EventPage>()), IsEmpty())
        << answer;
  }
}

TEST_F(EventsTest, TheHomeTellsSinceWhenAFaultLasts) {
  report(R"("inv.errCode":1)");
  const std::string since = fmt::format(R"("since":{})", unix_ms(home.clock.now()));
  report(R"("pd.soc":7)");
  EXPECT_THAT(home_text(&log), HasSubstr(since));
  EXPECT_THAT(home_text(nullptr), HasSubstr(R"("since":null)"));
  report(R"("inv.errCode":0)");
  EXPECT_THAT(home_text(&log), Not(HasSubstr("since")));
}

TEST_F(EventsTest, ComeInPagesAndByKind) {
  report(R"("inv.errCode":1,"pd.errCode":2)");
  report(R"("inv.errCode":0)");
  home.leave(device);
  const Lines whole = kinds(ask());
  EXPECT_EQ(whole.size(), 4);
  Lines pages;
  std::string query = "limit=1";
  for (int page = 0; page < 5; ++page) {
    const std::string answer = ask(query);
    for (const std::string& each : kinds(answer)) pages.push_back(each);
    if (cursor_of(answer).empty()) break;
    query = "limit=1&cursor=" + cursor_of(answer);
  }
  EXPECT_EQ(pages, whole);
  EXPECT_THAT(kinds(ask("kind=offline,fault.ended")),
              ElementsAre("offline", "fault.ended inv.errCode"));
  const std::string at = std::to_string(unix_ms(home.clock.now()));
  EXPECT_THAT(kinds(ask("to=" + at)),
              ElementsAre(StartsWith("fault.began"), StartsWith("fault.began")));
  EXPECT_THAT(kinds(ask("from=" + at)), ElementsAre("offline", "fault.ended inv.errCode"));
}

TEST_F(EventsTest, WrongParametersAreNamed) {
  for (const auto& [query, said] : std::vector<std::pair<std::string_view, std::string_view>>{
           {"limit=0", "limit is"},
           {"limit=1001", "must be 1 to 1000"},
           {"limit=ten", "limit is"},
           {"kind=fault", "kind is"},
           {"cursor=5", "cursor is"},
           {"cursor=5-x", "cursor is"},
           {"from=soon", "from"},
           {"to=", ""}}) {
    EXPECT_THAT(ask(query), StartsWith(said.empty() ? "200 " : "400 ")) << query;
    EXPECT_THAT(ask(query), HasSubstr(std::string(said))) << query;
  }
}

TEST_F(EventsTest, AreReadByThoseWhoMayReadTheDevice) {
  report(R"("inv.errCode":1)");
  EXPECT_THAT(kinds(ask({}, kEvents, "bob")), IsEmpty());
  EXPECT_THAT(ask({}, kOfDevice, "bob"), StartsWith("403 "));
  home.share(kSn, "bob", registry::Rights::kMonitor);
  EXPECT_THAT(kinds(ask({}, kEvents, "bob")), ElementsAre("fault.began inv.errCode"));
  EXPECT_THAT(kinds(ask({}, kOfDevice, "bob")), ElementsAre("fault.began inv.errCode"));
}

}  // namespace
}  // namespace gridloom::api
