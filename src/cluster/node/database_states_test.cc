#include "node/database_states.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "postgres/test_server.h"
#include "testing/clock.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::node {
namespace {

class DatabaseStatesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
  }
  std::unique_ptr<storage::States> of_node(const TemporaryFolder& folder) {
    return database_states({.database = database_->settings(),
                            .folder = folder.path(),
                            .clock = clock_,
                            .fence = fence_});
  }

  std::function<Status(postgres::Connection&)> fence_;
  TestClock clock_;
  TemporaryFolder first_;
  TemporaryFolder second_;
  std::optional<postgres::TestDatabase> database_;
};

TEST_F(DatabaseStatesTest, AnotherNodeGoesOnWithThem) {
  const auto first = of_node(first_);
  EXPECT_EQ(first->load("db", "positions").error().code, ErrorCode::kNotFound);
  must(first->save("db", "positions", "at 1"));
  must(first->save("db", "positions", "at 2"));
  must(first->save("hook", "positions", "at 3"));
  const auto second = of_node(second_);
  EXPECT_EQ(must(second->load("db", "positions")), "at 2");
  EXPECT_EQ(second->load("db", "outbox").error().code, ErrorCode::kNotFound);
}

TEST_F(DatabaseStatesTest, TheFileOfANodeIsTakenOverUntilThereIsAState) {
  must(storage::FolderStates(first_.path()).save("db", "positions", "of before"));
  const auto first = of_node(first_);
  EXPECT_EQ(must(first->load("db", "positions")), "of before");
  must(first->save("db", "positions", "of now"));
  EXPECT_EQ(must(first->load("db", "positions")), "of now");
}

TEST_F(DatabaseStatesTest, AnOwnerOfBeforeSavesNothing) {
  const auto owner = of_node(first_);
  must(owner->save("", "battery-modes", "of the owner"));
  fence_ = [](postgres::Connection&) { return fail(ErrorCode::kConflict, "a later owner"); };
  const auto before = of_node(second_);
  EXPECT_EQ(before->save("", "battery-modes", "of before").error().code, ErrorCode::kConflict);
  EXPECT_EQ(must(before->load("", "battery-modes")), "of the owner");
}

}  // namespace
}  // namespace gridloom::node
