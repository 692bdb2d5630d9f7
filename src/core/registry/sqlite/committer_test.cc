// The committer over a store in SQLite whose commits can be refused.
#include "registry/committer.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "registry/registry_tables.h"
#include "registry/row_store.h"
#include "registry/sqlite/store.h"
#include "registry/test_registry.h"
#include "tables/side.h"
#include "tables/sqlite_connection.h"
#include "tables/test_faulty_connection.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::registry {
namespace {

class CommitterTest : public testing::Test {
 protected:
  CommitterTest() { reopen(); }

  void reopen() { committer_ = connect(); }
  [[nodiscard]] std::unique_ptr<Store> store() {
    RowStoreOptions options = must(open_sqlite(stored_.data()));
    options.connect = [this, real = options.connect()->connection] {
      return RowStoreOptions::Connected{
          .connection = std::make_shared<tables::FaultyTableConnection>(real, faults_)};
    };
    return std::make_unique<RowStore>(std::move(options));
  }
  [[nodiscard]] std::unique_ptr<Committer> connect() {
    auto committer = std::make_unique<Committer>(store(), folder_.path());
    must(committer->load());
    return committer;
  }
  // What is stored, as a backup has it.
  using Rows = std::vector<std::vector<transfer::Row>>;
  [[nodiscard]] Rows committed() {
    tables::Side side(must(tables::open_sqlite_to_write(stored_.data() / kRegistryFile, kSchema)),
                      kSchema);
    Rows all;
    for (const transfer::Table& table : side.tables()) {
      auto& rows = all.emplace_back();
      must(side.each_row(table, {}, [&rows](transfer::Row row) -> Result<bool> {
        rows.push_back(std::move(row));
        return true;
      }));
    }
    return all;
  }
  void restore(const Rows& rows) {
    must(tables::Side(must(tables::open_sqlite_to_write(stored_.data() / kRegistryFile, kSchema)),
                      kSchema)
             .replace_all(rows));
  }
  [[nodiscard]] Revision revision() { return must(store()->revision()); }
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
  TemporaryFolder stored_;
  tables::Faults faults_;
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

  faults_.refuses_commits = true;
  expect_fault(committer_->apply(adds("bert")), ErrorCode::kIo, "the disk is full");
  faults_.refuses_commits = false;
  EXPECT_EQ(content(), before);
  EXPECT_EQ(calls, 0);
  EXPECT_EQ(last_seen(folder_.path()), revision());

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
  const Rows old = committed();
  const std::string id = committer_->id();
  for (const std::string_view name : {"berta", "carla"}) must(committer_->apply(adds(name)));
  const Rows newest = committed();
  EXPECT_EQ(committer_->setback(), "");

  restore(old);
  reopen();
  EXPECT_TRUE(committer_->setback().contains("last 2 changes are missing"))
      << committer_->setback();
  EXPECT_NE(committer_->id(), id) << "its revisions are not those that are missing";
  for (const std::string_view name : {"d1", "d2", "d3"}) must(committer_->apply(adds(name)));
  reopen();
  EXPECT_NE(committer_->setback(), "");
  const Rows forked = committed();

  restore(newest);
  reopen();
  EXPECT_EQ(committer_->setback(), "");
  EXPECT_EQ(committer_->id(), id);

  restore(forked);
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
  Committer reader(store(), other.path());
  must(reader.load());
  must(committer_->apply(adds("anna")));
  EXPECT_NE(last_seen(other.path()), revision());
  must(reader.refresh());
  EXPECT_EQ(last_seen(other.path()), revision());
}

TEST_F(CommitterTest, AStoreThatIsSetBackMeanwhileIsNoticedAndGoesOnUnderAnotherId) {
  must(committer_->apply(adds("anna")));
  const Rows old = committed();
  must(committer_->apply(adds("berta")));
  const std::string id = revision().registry;
  restore(old);
  must(committer_->refresh());
  EXPECT_EQ(committer_->directory()->accounts().size(), 1U);
  EXPECT_TRUE(committer_->setback().contains("last 1 changes are missing"))
      << committer_->setback();
  EXPECT_NE(revision().registry, id);
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
