#include "app/operations/run.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "app/operations/table.h"
#include "testing/home.h"

namespace gridloom::operations {
namespace {

using testing::HasSubstr;
using testing::Not;

class RunTest : public testing::Test {
 protected:
  [[nodiscard]] Context context() const {
    return {.registry = *registry,
            .catalog = *shipped_catalog(),
            .archive = *archive,
            .clock = clock,
            .data = folder.data()};
  }
  Result<wire::Json> ask(std::string_view name, const wire::JsonObject& parameters,
                         const Caller& caller = {}) const {
    return run(context(), name, parameters, caller);
  }
  [[nodiscard]] std::string audit() const { return wire::to_text(must(ask("audit", {}))); }

  TemporaryFolder folder;
  SystemClock clock;
  std::unique_ptr<registry::Registry> registry = must(registry::Registry::open(folder.data()));
  std::unique_ptr<history::Archive> archive =
      must(history::Archive::open({.data = folder.data(), .clock = &clock}));
};

TEST_F(RunTest, AWrongParameterChangesNothingAndIsNotRecorded) {
  must(ask("account.add", {{"name", "anna"}}));
  must(ask("device.add", {{"sn", "XX1"}, {"owner", "anna"}}));
  const auto refused = ask("device.rename", {{"sn", "XX1"}, {"name", "Tank"}, {"nmae", "x"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadParams);
  EXPECT_EQ(registry->directory()->find_device("XX1")->name, "XX1");
  EXPECT_THAT(audit(), Not(HasSubstr("device.rename")));
}

TEST_F(RunTest, AnUnknownOperationIsRefusedWithTheNearestName) {
  const auto refused = ask("device.moove", {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadParams);
  EXPECT_THAT(refused.error().detail, HasSubstr("did you mean device.move"));
}

TEST_F(RunTest, AnAnswerThatIsAStreamAsAWholeIsForTheSocket) {
  const auto refused = ask("history", {{"sn", "XX1"}});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().detail, HasSubstr("only by the admin socket"));
}

TEST_F(RunTest, TheAuditNamesWhoAskedAndFromWhere) {
  must(ask("account.add", {{"name", "anna"}},
           {.who = "admin:panel", .through = "http", .by = "token 7", .from = "192.0.2.1"}));
  EXPECT_THAT(audit(), HasSubstr(R"("what":"account.add","who":"admin:panel","through":"http",)"
                                 R"("by":"token 7","from":"192.0.2.1","name":"anna")"));
}

TEST_F(RunTest, ATokenOfACardIsListedAndRecordedWithItsDevice) {
  must(ask("account.add", {{"name", "anna"}}));
  must(ask("device.add", {{"sn", "XX1"}, {"owner", "anna"}}));
  const auto add = [this](std::string_view scope, std::string_view device) {
    return ask("token.add", {{"name", "kitchen"},
                             {"account", "anna"},
                             {"scope", scope},
                             {"validForMs", 0},
                             {"device", device}});
  };
  EXPECT_EQ(must(add("card", "XX1")).at("device"), "XX1");
  EXPECT_FALSE(must(add("card", "")).as_object().contains("device"));
  const auto refused = add("read", "XX1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kBadParams);
  const wire::Json rows = must(ask("token.list", {}));
  ASSERT_EQ(rows.as_array().size(), 2U);
  EXPECT_EQ(rows.at(0).at("scope"), "card");
  EXPECT_EQ(rows.at(0).at("device"), "XX1");
  EXPECT_THAT(audit(), HasSubstr(R"("account":"anna","scope":"card","device":"XX1")"));
}

// Each operation that changes something and needs no running server is asked for once.
TEST_F(RunTest, EachChangeIsInTheAuditUnderItsKind) {
  const wire::Json added = must(ask("account.add", {{"name", "anna"}}));
  must(ask("account.add", {{"name", "ben"}}));
  must(ask("account.keys", {{"name", "anna"}}));
  must(ask("account.keys", {{"remove", added.at("accessKey")}}));
  must(ask("account.rotate", {{"name", "anna"}}));
  const auto token = must(ask(
      "token.add", {{"name", "panel"}, {"account", "anna"}, {"scope", "read"}, {"validForMs", 0}}));
  must(ask("token.remove", {{"number", token.at("number")}}));
  must(ask("bridge.add", {{"kind", "mqtt"},
                          {"account", "anna"},
                          {"settings", wire::JsonObject{{"broker", "mqtt://127.0.0.1:1"}}}}));
  must(ask("bridge.change", {{"name", "mqtt"}, {"on", false}}));
  must(ask("bridge.remove", {{"name", "mqtt"}}));
  must(ask("device.add", {{"sn", "XX1"}, {"owner", "anna"}}));
  must(ask("device.rename", {{"sn", "XX1"}, {"name", "Tank"}}));
  must(ask("device.share", {{"sn", "XX1"}, {"account", "ben"}, {"rights", "full"}}));
  must(ask("device.rotate", {{"sn", "XX1"}}));
  must(ask("device.move", {{"sn", "XX1"}, {"owner", "ben"}}));
  must(ask("device.remove", {{"sn", "XX1"}}));
  must(ask("device.purge", {{"unknown", true}}));
  must(ask("device.simulated", {{"sns", wire::JsonArray{"R331SIM1"}}}));
  must(ask("damage.accept", {}));
  must(ask("account.remove", {{"name", "anna"}}));
  // Not possible on a stopped server.
  const std::vector<std::string_view> of_running = {
      "sign-in",     "device.set", "fault.on",  "fault.off",     "time.pause",
      "time.resume", "time.speed", "time.step", "cluster.drain", "cluster.remove"};
  const std::string found = audit();
  for (const Operation& row : table()) {
    if (!is_change(row) || std::ranges::find(of_running, row.name) != of_running.end()) continue;
    EXPECT_THAT(found, HasSubstr(fmt::format(R"("what":"{}")", row.audit.kind))) << row.name;
  }
}

}  // namespace
}  // namespace gridloom::operations
