#include "ownership/postgres/shared_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "ownership/postgres/postgres_claims.h"
#include "postgres/test_server.h"
#include "testing/must.h"

namespace gridloom::cluster {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SharedStateTest : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
    must(open_postgres_claims(database_->settings(), {.clock = clock_}));
    state_.emplace(database_->settings(), clock_);
  }
  [[nodiscard]] std::vector<std::string> members() { return must(state_->read()).members; }
  [[nodiscard]] std::vector<std::string> notes() {
    std::vector<std::string> all;
    for (const SharedNote& note : must(state_->read()).notes) {
      all.push_back(note.place + ": " + note.line);
    }
    return all;
  }

  SystemClock clock_;
  std::optional<postgres::TestDatabase> database_;
  std::optional<SharedState> state_;
};

TEST_F(SharedStateTest, HasTheNodesThatHaveNotLeft) {
  must(state_->join({.name = "n2", .incarnation = 1}));
  must(state_->join({.name = "n1", .incarnation = 2}));
  must(state_->join({.name = "n1", .incarnation = 3}));
  EXPECT_THAT(members(), ElementsAre("n1", "n2"));
  must(state_->leave({.name = "n1", .incarnation = 2}));
  EXPECT_THAT(members(), ElementsAre("n1", "n2")) << "a later start of it is there";
  must(state_->leave({.name = "n1", .incarnation = 3}));
  EXPECT_THAT(members(), ElementsAre("n2"));
  must(state_->remove("n2"));
  EXPECT_THAT(members(), IsEmpty());
  EXPECT_EQ(state_->remove("n2").error().code, ErrorCode::kNotFound);
}

TEST_F(SharedStateTest, HasEachNoteOnceUntilAllAreRemoved) {
  must(state_->add({{.place = "slot 5", .key = "b", .line = "2026-11-29T10:00:02Z b"},
                    {.place = "n1", .key = "a", .line = "2026-11-29T10:00:01Z a"}}));
  must(state_->add({{.place = "slot 5", .key = "b", .line = "2026-11-29T10:00:03Z b"}}));
  EXPECT_THAT(notes(), ElementsAre("n1: 2026-11-29T10:00:01Z a", "slot 5: 2026-11-29T10:00:02Z b"));
  must(state_->remove_notes());
  EXPECT_THAT(notes(), IsEmpty());
}

}  // namespace
}  // namespace gridloom::cluster
