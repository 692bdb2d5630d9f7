#include "mqtt/session_publications.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hub/clients/test_log.h"
#include "testing/home.h"

namespace gridloom::mqtt {
namespace {

using DeliveryStep = wire::mqtt::Outbox::DeliveryStep;
using Step = DeliveryStep::Step;

TEST(SessionLogs, StepsThatAClientSeesMustBeLoggedFirst) {
  struct Row {
    std::string_view what;
    std::vector<DeliveryStep> steps;
    std::string changes;
    bool is_awaited;
  };
  const Row rows[] = {
      {"none", {}, "", false},
      {"done", {{.step = Step::kDone, .number = 3}}, "done 7/3\n", false},
      {"numbered",
       {{.step = Step::kNumbered, .number = 3, .packet_id = 1}},
       "numbered 7/3 1\n",
       true},
      {"released",
       {{.step = Step::kReleased, .number = 3, .packet_id = 1}},
       "released 7/3 1\n",
       true},
      {"several",
       {{.step = Step::kNumbered, .number = 4, .packet_id = 2}, {.step = Step::kDone, .number = 3}},
       "numbered 7/4 2\ndone 7/3\n",
       true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    const StepChanges changes = changes_of(7, row.steps);
    std::string text;
    EXPECT_TRUE(hub::each_change(changes.bytes, [&text](const hub::SessionChange& change) {
      if (const auto* numbered = std::get_if<hub::MessageNumbered>(&change)) {
        text += fmt::format("numbered {}/{} {}\n", numbered->session, numbered->message,
                            numbered->packet_id);
      } else if (const auto* released = std::get_if<hub::MessageReleased>(&change)) {
        text += fmt::format("released {}/{} {}\n", released->session, released->message,
                            released->packet_id);
      } else if (const auto* done = std::get_if<hub::MessageDone>(&change)) {
        text += fmt::format("done {}/{}\n", done->session, done->message);
      }
    }));
    EXPECT_EQ(text, row.changes);
    EXPECT_EQ(changes.is_awaited, row.is_awaited);
  }
}

// A session that ended meanwhile is told nothing.
TEST(SessionLogs, ASessionIsToldOnceTheLogHasItsChanges) {
  TestHome home;
  hub::TestLog log;
  home.platform.journal = &log;
  std::string bytes;
  hub::append_change(bytes, hub::SessionEnded{4});
  auto lives = std::make_shared<FakeClient>(home.client_loop, hub::Identity{}, "lives");
  auto ends = std::make_shared<FakeClient>(home.client_loop, hub::Identity{}, "ends");
  std::vector<std::string> told;
  record(*home.hub, bytes, lives, [&told] { told.emplace_back("lives"); });
  record(*home.hub, bytes, ends, [&told] { told.emplace_back("ends"); });
  record(*home.hub, bytes, lives, {});
  home.settle();
  EXPECT_EQ(told, std::vector<std::string>{}) << "the log does not have them yet";
  EXPECT_EQ(log.waiting.size(), 3U);
  ends.reset();
  for (hub::TestLog::Record& record : log.waiting) {
    if (record.durable) record.durable();
  }
  log.waiting.clear();
  home.settle();
  EXPECT_EQ(told, std::vector<std::string>{"lives"});
  home.hub.reset();
  home.platform.journal = nullptr;
}

}  // namespace
}  // namespace gridloom::mqtt
