#include "own_api/v1/admin_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "base/loop.h"
#include "http/message.h"

namespace gridloom::api {
namespace {

using testing::HasSubstr;

// Answers with what it was asked; knows no operation "fly".
class Echo final : public Administration {
 public:
  [[nodiscard]] SharedText operations() const override {
    return std::string(R"({"operations":[]})");
  }
  void run(Request request, hub::ReplyTo<wire::Json> reply) override {
    if (request.operation == "fly") {
      return hub::answer<wire::Json>(std::move(reply),
                                     fail(ErrorCode::kBadParams, "not an operation"));
    }
    hub::answer<wire::Json>(std::move(reply),
                            wire::Json(wire::JsonObject{{"operation", request.operation},
                                                        {"parameters", request.parameters},
                                                        {"who", request.who},
                                                        {"by", request.by},
                                                        {"from", request.from}}));
  }
};

class AdminApiTest : public testing::Test {
 protected:
  http::Response run(const std::string& operation, Administration* administration) {
    std::optional<http::Response> got;
    AdminApi({.loop = &loop, .administration = administration})
        .run({.operation = operation,
              .parameters = {{"name", "anna"}},
              .who = "admin:panel",
              .by = "token 7",
              .from = "192.0.2.1"},
             AnswerForm(AnswerForm::Style::kPlain),
             [&got](http::Response response) { got = std::move(response); });
    EXPECT_TRUE(got);
    return std::move(*got);
  }

  ImmediateLoop loop;
  Echo echo;
};

TEST_F(AdminApiTest, PassesOnWhoAsksAndTheAnswer) {
  const http::Response response = run("account.add", &echo);
  EXPECT_EQ(response.status, 200U);
  EXPECT_EQ(whole_body(response),
            R"({"operation":"account.add","parameters":{"name":"anna"},"who":"admin:panel",)"
            R"("by":"token 7","from":"192.0.2.1"})");
}

TEST_F(AdminApiTest, AnErrorIsAnsweredByItsStatus) {
  const http::Response response = run("fly", &echo);
  EXPECT_EQ(response.status, 400U);
  EXPECT_THAT(whole_body(response), HasSubstr("not an operation"));
}

TEST_F(AdminApiTest, AServerThatIsNotAdministeredOverHttpHasNothingThere) {
  EXPECT_EQ(run("account.add", nullptr).status, 404U);
  std::optional<http::Response> got;
  AdminApi({.loop = &loop})
      .list(AnswerForm(AnswerForm::Style::kPlain),
            [&got](http::Response response) { got = std::move(response); });
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 404U);
}

}  // namespace
}  // namespace gridloom::api
