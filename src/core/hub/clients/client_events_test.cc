#include "hub/clients/client_events.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>

namespace gridloom::hub {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;
using Kind = ClientEvent::Kind;

constexpr TimePoint kNow{Millis(1'700'000'000'000)};

class ClientEventsTest : public testing::Test {
 protected:
  ClientEventsTest() {
    auto logger = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
    logger->set_pattern("%v");
    spdlog::set_default_logger(std::move(logger));
  }
  ~ClientEventsTest() override { spdlog::set_default_logger(before_); }
  std::string said() {
    std::string text = text_.str();
    text_.str({});
    return text;
  }

  ClientEvents events;

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
  std::ostringstream text_;
};

TEST_F(ClientEventsTest, ALineSaysWhoWhatAndWhy) {
  events.record({.kind = Kind::kSignInRefused,
                 .reason = "bad user name or password",
                 .user = "open-1",
                 .client_id = "phone",
                 .peer = "192.0.2.7",
                 .detail = "the password is wrong"},
                kNow);
  EXPECT_EQ(said(),
            "client sign-in refused (bad user name or password), user \"open-1\", client id "
            "\"phone\", from 192.0.2.7: \"the password is wrong\"\n");
  events.record({.kind = Kind::kDisconnected, .reason = "malformed packet"}, kNow);
  EXPECT_EQ(said(), "client disconnected (malformed packet)\n");
}

TEST_F(ClientEventsTest, TextOfAClientCannotBreakALogLine) {
  events.record({.kind = Kind::kSignInRefused,
                 .reason = "bad user name or password",
                 .user = "a\nclient connected (success)",
                 .client_id = std::string(100'000, 'x')},
                kNow);
  const std::string line = said();
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  EXPECT_LT(line.size(), 400U);
}

TEST_F(ClientEventsTest, EachIsCountedAndNotEachIsShown) {
  for (std::uint64_t i = 0; i < ClientEvents::kLinesASecond + 7; ++i) {
    events.record({.kind = Kind::kConnected, .reason = "success"}, kNow);
  }
  const std::string lines = said();
  EXPECT_EQ(std::ranges::count(lines, '\n'), ClientEvents::kLinesASecond);
  EXPECT_THAT(lines, Not(HasSubstr("not logged")));
  events.record({.kind = Kind::kTakenOver, .reason = "session taken over"}, kNow);
  EXPECT_THAT(said(), StartsWith("client taken over")) << "each kind has lines of its own";
  events.record({.kind = Kind::kConnected, .reason = "success"}, kNow + Millis(1000));
  EXPECT_EQ(said(), "client connected (success); 7 more of these were not logged\n");
  const auto counts = events.counts();
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].kind, Kind::kConnected);
  EXPECT_EQ(counts[0].count, ClientEvents::kLinesASecond + 8);
  EXPECT_EQ(counts[1].reason, "session taken over");
}

TEST_F(ClientEventsTest, TheServersOwnDevicesComeAndGoQuietly) {
  events.set_own({"R331B", "R331A"});
  for (const Kind kind : {Kind::kConnected, Kind::kDisconnected, Kind::kReportRefused}) {
    for (const char* user : {"R331A", "R331C"}) {
      events.record({.kind = kind, .reason = "success", .user = user}, kNow);
    }
  }
  EXPECT_EQ(said(),
            "client connected (success), user \"R331C\"\n"
            "client disconnected (success), user \"R331C\"\n"
            "client report refused (success), user \"R331A\"\n"
            "client report refused (success), user \"R331C\"\n");
  EXPECT_EQ(events.counts().front().count, 2U);
}

TEST_F(ClientEventsTest, ReasonsAreBounded) {
  for (std::size_t i = 0; i < ClientEvents::kMaxReasons + 10; ++i) {
    events.record({.kind = Kind::kRequestRefused, .reason = fmt::format("{}", i)}, kNow);
  }
  const auto counts = events.counts();
  EXPECT_EQ(counts.size(), ClientEvents::kMaxReasons + 1);
  EXPECT_EQ(std::ranges::find(counts, "other", &ClientEvents::Count::reason)->count, 10U);
}

}  // namespace
}  // namespace gridloom::hub
