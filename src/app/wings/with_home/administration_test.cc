// Operations as /api/v1/admin asks for them: on threads of their own, and answered by a loop.
#include "with_home/administration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "api/schema/test_check.h"
#include "app/operations/run.h"
#include "app/operations/table.h"
#include "base/loop.h"
#include "own_api/bodies/operations.h"
#include "testing/home.h"

namespace gridloom::app {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class AdministrationTest : public testing::Test {
 protected:
  [[nodiscard]] operations::Context context() const {
    return {.registry = *registry,
            .catalog = *shipped_catalog(),
            .archive = *archive,
            .clock = clock,
            .data = folder.data()};
  }
  // The answer, which the test waits for.
  Result<wire::Json> ask(std::string_view operation, wire::JsonObject parameters = {}) {
    ImmediateLoop loop;
    const auto answer = std::make_shared<std::promise<Result<wire::Json>>>();
    administration.run({.operation = std::string(operation),
                        .parameters = std::move(parameters),
                        .who = "admin:panel",
                        .by = "token 7",
                        .from = "192.0.2.1"},
                       {.loop = &loop, .done = [answer](Result<wire::Json> result) {
                          answer->set_value(std::move(result));
                        }});
    return answer->get_future().get();
  }
  ErrorCode refusal(std::string_view operation) {
    const auto answer = ask(operation);
    return answer ? ErrorCode::kInternal : answer.error().code;
  }

  TemporaryFolder folder;
  SystemClock clock;
  std::unique_ptr<registry::Registry> registry = must(registry::Registry::open(folder.data()));
  std::unique_ptr<history::Archive> archive =
      must(history::Archive::open({.data = folder.data(), .clock = &clock}));
  ServerAdministration administration;
};

TEST_F(AdministrationTest, ChangesAreMadeAndTheAuditNamesTheTokenAndTheAddress) {
  administration.open(context());
  const wire::Json added = must(ask("account.add", {{"name", "anna"}}));
  EXPECT_EQ(added.at("name"), "anna");
  EXPECT_NE(registry->directory()->find_account_by_name("anna"), nullptr);
  EXPECT_THAT(wire::to_text(must(ask("audit"))),
              HasSubstr(R"("what":"account.add","who":"admin:panel","through":"http",)"
                        R"("by":"token 7","from":"192.0.2.1","name":"anna")"));
}

TEST_F(AdministrationTest, BeforeTheServerIsReadyAndAfterItEndsRequestsAreRefused) {
  EXPECT_EQ(refusal("account.list"), ErrorCode::kConflict);
  administration.open(context());
  EXPECT_EQ(wire::to_text(must(ask("account.list"))), "[]");
  administration.close();
  EXPECT_EQ(refusal("account.list"), ErrorCode::kConflict);
}

TEST_F(AdministrationTest, WhatStreamsOrTakesLongIsNotForHttp) {
  administration.open(context());
  int refused = 0;
  for (const operations::Operation& each : operations::table()) {
    if (is_one_answer(each)) continue;
    const auto answer = ask(each.name);
    ASSERT_FALSE(answer) << each.name;
    EXPECT_THAT(answer.error().detail, HasSubstr("is not for HTTP")) << each.name;
    ++refused;
  }
  EXPECT_EQ(refused, 4) << "backup, record, device.follow, history";
  EXPECT_EQ(refusal("account.fly"), ErrorCode::kBadParams);
}

TEST_F(AdministrationTest, ListsEachOperationOfTheTable) {
  const SharedText text = administration.operations();
  const wire::Json list =
      must(wire::parse_json(std::string_view(text), {.bytes = 1U << 20U, .keys = 10'000}));
  EXPECT_EQ(list.at("operations").as_array().size(), operations::table().size());
  EXPECT_THAT(api::schema::differences(list, api::schema::body_of<api::body::Operations>()),
              IsEmpty());
}

}  // namespace
}  // namespace gridloom::app
