#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "app/operations/kinds.h"
#include "app/operations/run.h"
#include "testing/home.h"

namespace gridloom::operations {
namespace {

using testing::HasSubstr;

struct TimeTest : testing::Test {
  std::string told(std::string_view request) {
    const auto answer = administer({.registry = *registry,
                                    .catalog = *shipped_catalog(),
                                    .archive = *archive,
                                    .clock = time,
                                    .data = folder.data(),
                                    .time = is_virtual ? &time : nullptr,
                                    .hub = is_running ? &*home.hub : nullptr},
                                   must(wire::parse_json(request)).as_object());
    return answer ? wire::to_text(*answer) : "fault: " + answer.error().detail;
  }

  TemporaryFolder folder;
  TestClock wall;
  VirtualClock time{wall, {.start = kTestStart, .speed = 60, .paused = true}};
  std::unique_ptr<registry::Registry> registry = must(registry::Registry::open(folder.data()));
  std::unique_ptr<history::Archive> archive =
      must(history::Archive::open({.data = folder.data(), .clock = &time}));
  bool is_virtual = true;
  bool is_running = true;
  TestHome home;
};

TEST_F(TimeTest, IsDrivenByRequests) {
  EXPECT_EQ(told(R"({"op":"time"})"), R"({"now":1700000000000,"speed":60,"state":"paused"})");
  EXPECT_EQ(told(R"({"op":"time.resume"})"), R"({"now":1700000000000,"speed":60,"state":"runs"})");
  wall.pass(Millis(1000));
  EXPECT_EQ(told(R"({"op":"time.speed","speed":2})"),
            R"({"now":1700000060000,"speed":2,"state":"runs"})");
  EXPECT_EQ(told(R"({"op":"time.step","ms":500})"),
            R"({"now":1700000060000,"speed":2,"state":"runs"})");
  wall.pass(Millis(1000));
  EXPECT_EQ(told(R"({"op":"time"})"), R"({"now":1700000060500,"speed":2,"state":"paused"})");
  EXPECT_EQ(told(R"({"op":"time.resume"})"), R"({"now":1700000060500,"speed":2,"state":"runs"})");
  EXPECT_EQ(told(R"({"op":"time.pause"})"), R"({"now":1700000060500,"speed":2,"state":"paused"})");
  const std::string audit = told(R"({"op":"audit"})");
  EXPECT_THAT(audit, HasSubstr(R"("what":"time.step")"));
  EXPECT_THAT(audit, HasSubstr(R"("ms":500)"));
}

TEST_F(TimeTest, RefusesWhatItCannotDo) {
  EXPECT_THAT(told(R"({"op":"time.speed"})"),
              HasSubstr("speed is missing: must be from 0.001 to 1000000"));
  EXPECT_THAT(told(R"({"op":"time.speed","speed":"fast"})"),
              HasSubstr(R"(speed is "fast": must be from 0.001 to 1000000)"));
  EXPECT_THAT(told(R"({"op":"time.speed","speed":0})"), HasSubstr("speed is 0: must be from"));
  EXPECT_THAT(told(R"({"op":"time.step","ms":0})"),
              HasSubstr("ms is 0: must be a whole number from 1 to 86400000000000"));
  EXPECT_THAT(told(R"({"op":"time.step","ms":1e99})"), HasSubstr("must be a whole number from 1"));
  is_virtual = false;
  EXPECT_THAT(told(R"({"op":"time.pause"})"), HasSubstr("uses the time of the system clock"));
  EXPECT_THAT(told(R"({"op":"time"})"), HasSubstr(R"("state":"real")"));
}

TEST_F(TimeTest, WithoutAServerThereIsNoTime) {
  is_virtual = is_running = false;
  for (const char* request :
       {R"({"op":"time"})", R"({"op":"time.pause"})", R"({"op":"time.resume"})",
        R"({"op":"time.speed","speed":2})", R"({"op":"time.step","ms":5})"}) {
    EXPECT_THAT(told(request), HasSubstr("only a running server has a time, and none runs"))
        << request;
  }
}

}  // namespace
}  // namespace gridloom::operations
