#include "registry/committer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "registry/test_memory_store.h"
#include "registry/test_registry.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::registry {
namespace {

class CommitterTest : public testing::Test {
 protected:
  CommitterTest() { reopen(); }

  void reopen() { committer_ = connect(); }
  [[nodiscard]] std::unique_ptr<Committer> connect() {
    auto committer =
        std::make_unique<Committer>(std::make_unique<MemoryStore>(stored_), folder_.path());
    must(committer->load());
    return committer;
  }
  // Puts an account into the store and the directory.
  static Committer::Change adds(std::string_view name) {
    return [name](Committer::Edit& edit) -> Status {
      Account account{.id = {},
                      .name = std::string(name),
                      .certificate_account = "open-" + std::string(name),
                      .certificate_password = {},
                      .gateway_key = {}};
      GL_TRY(const AccountId id, edit.stored.insert(account));
      account.id = id;
      edit.next.put(std::move(account));
      return {};
    };
  }
  [[nodiscard]] std::string content() const { return describe(*committer_->directory()); }

  TemporaryFolder folder_;
  std::shared_ptr<MemoryRegistry> stored_ = std::make_shared<MemoryRegistry>();
  std::unique_ptr<Committer> committer_;
};

TEST_F(CommitterTest, AChangeIsInTheStoreAndInTheDirectory) {
  must(committer_->apply(adds("anna")));
  EXPECT_EQ(committer_->directory()->accounts().size(), 1U);
  const std::string before = content();
  reopen();
  EXPECT_EQ(content(), before);
}

TEST_F(CommitterTest, AChangeThatFailsLeavesStoreAndDirectory) {
  must(committer_->apply(adds("anna")));
  const std::string before = content();
  int calls = 0;
  committer_->on_change([&calls] { ++calls; });

  const auto refused = committer_->apply([](Committer::Edit& edit) -> Status {
    must(adds("bert")(edit));
    return fail(ErrorCode::kBadParams, "refused");
  });
  expect_fault(refused, ErrorCode::kBadParams, "refused");
  EXPECT_EQ(content(), before);

  stored_->refuses_commits = true;
  expect_fault(committer_->apply(adds("bert")), ErrorCode::kIo, "the disk is full");
  stored_->refuses_commits = false;
  EXPECT_EQ(content(), before);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(last_seen(folder_.path()), stored_->committed.revision);

  must(committer_->apply(adds("bert")));
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(committer_->directory()->accounts().size(), 2U);
}

TEST_F(CommitterTest, AChangeStartsFromWhatOtherConnectionsHaveCommitted) {
  const std::unique_ptr<Committer> other = connect();
  must(committer_->apply(adds("anna")));
  EXPECT_EQ(other->directory()->accounts().size(), 0U);
  int calls = 0;
  other->on_change([&calls] { ++calls; });
  EXPECT_FALSE(other->apply([](Committer::Edit& edit) -> Status {
    EXPECT_EQ(edit.present.accounts().size(), 1U);
    return fail(ErrorCode::kConflict, "refused");
  }));
  EXPECT_EQ(other->directory()->accounts().size(), 1U);
  EXPECT_EQ(calls, 1) << "the change was refused, but the directory is another";
  must(other->apply(adds("bert")));
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(describe(*other->directory()), describe(*connect()->directory()));
}

TEST_F(CommitterTest, AnOlderStoreIsASetbackUntilTheNewestIsBackOrItIsAccepted) {
  must(committer_->apply(adds("anna")));
  const MemoryRows old = stored_->committed;
  const std::string id = committer_->id();
  for (const std::string_view name : {"berta", "carla"}) must(committer_->apply(adds(name)));
  const MemoryRows newest = stored_->committed;
  EXPECT_EQ(committer_->setback(), "");

  stored_->committed = old;
  reopen();
  EXPECT_TRUE(committer_->setback().contains("last 2 changes are missing"))
      << committer_->setback();
  EXPECT_NE(committer_->id(), id) << "its revisions are not those that are missing";
  for (const std::string_view name : {"d1", "d2", "d3"}) must(committer_->apply(adds(name)));
  reopen();
  EXPECT_NE(committer_->setback(), "");
  const MemoryRows forked = stored_->committed;

  stored_->committed = newest;
  reopen();
  EXPECT_EQ(committer_->setback(), "");
  EXPECT_EQ(committer_->id(), id);

  stored_->committed = forked;
  reopen();
  EXPECT_TRUE(committer_->setback().contains("it is not the registry that was in this folder"))
      << committer_->setback();
  committer_->accept_setback();
  EXPECT_EQ(committer_->setback(), "");
  reopen();
  EXPECT_EQ(committer_->setback(), "");
}

TEST_F(CommitterTest, ARefreshLoadsWhatOtherConnectionsHaveCommitted) {
  const std::unique_ptr<Committer> other = connect();
  must(committer_->refresh());  // opening it committed as well
  int calls = 0;
  committer_->on_change([&calls] { ++calls; });
  must(committer_->refresh());
  EXPECT_EQ(calls, 0) << "there is nothing new";
  must(other->apply(adds("anna")));
  must(committer_->refresh());
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(content(), describe(*other->directory()));
}

TEST_F(CommitterTest, ARefreshRemembersTheRevisionThatItSaw) {
  const TemporaryFolder other;
  Committer reader(std::make_unique<MemoryStore>(stored_), other.path());
  must(reader.load());
  must(committer_->apply(adds("anna")));
  EXPECT_NE(last_seen(other.path()), stored_->committed.revision);
  must(reader.refresh());
  EXPECT_EQ(last_seen(other.path()), stored_->committed.revision);
}

TEST_F(CommitterTest, AStoreThatIsSetBackMeanwhileIsNoticedAndGoesOnUnderAnotherId) {
  must(committer_->apply(adds("anna")));
  const MemoryRows old = stored_->committed;
  must(committer_->apply(adds("berta")));
  const std::string id = stored_->committed.revision.registry;
  stored_->committed = old;
  ++stored_->commits;  // as another connection's
  must(committer_->refresh());
  EXPECT_EQ(committer_->directory()->accounts().size(), 1U);
  EXPECT_TRUE(committer_->setback().contains("last 1 changes are missing"))
      << committer_->setback();
  EXPECT_NE(stored_->committed.revision.registry, id);
  for (const std::string_view name : {"d1", "d2", "d3"}) must(committer_->apply(adds(name)));
  reopen();
  EXPECT_NE(committer_->setback(), "") << "also when there are more changes than were lost";
}

TEST_F(CommitterTest, ReadsTheStoreOfTheLastCommit) {
  must(committer_->apply([](Committer::Edit& edit) -> Status {
    must(edit.stored.add_removed(7));
    return edit.stored.reserve_device_numbers(9);
  }));
  EXPECT_EQ(must(committer_->removed_devices()), std::vector<std::int64_t>{7});
  EXPECT_EQ(must(committer_->highest_device_number()), 9);
}

}  // namespace
}  // namespace gridloom::registry
