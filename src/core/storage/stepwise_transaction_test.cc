#include "storage/sqlite.h"

#include <gtest/gtest.h>

#include "testing/temporary_folder.h"

namespace gridloom::storage {
namespace {

TEST(StepwiseTransaction, CommitsWheneverAStepIsFull) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.data());
  const Schema schema{.tables = "CREATE TABLE t (x INTEGER) STRICT;"};
  auto writer = open_database(folder.data() / "a.db", schema);
  auto reader = open_database(folder.data() / "a.db", schema);
  ASSERT_TRUE(writer && reader);
  const auto committed = [&reader] {
    return reader->integer("SELECT count(*) FROM t").value_or(-1);
  };
  const auto add_row = [&writer] {
    EXPECT_TRUE(writer->execute("INSERT INTO t VALUES (?)", std::int64_t{1}));
  };
  constexpr std::size_t kHalf = StepwiseTransaction::kStepBytes / 2;
  {
    auto all = StepwiseTransaction::begin(*writer);
    ASSERT_TRUE(all);
    add_row();
    EXPECT_TRUE(all->wrote(kHalf));
    EXPECT_EQ(committed(), 0);
    add_row();
    EXPECT_TRUE(all->wrote(kHalf));
    EXPECT_EQ(committed(), 2);
    add_row();
    EXPECT_TRUE(all->wrote(kHalf));
  }
  EXPECT_EQ(committed(), 2) << "the last step was not committed";
  {
    auto all = StepwiseTransaction::begin(*writer);
    ASSERT_TRUE(all);
    add_row();
    EXPECT_TRUE(all->commit());
  }
  EXPECT_EQ(committed(), 3);
}

}  // namespace
}  // namespace gridloom::storage
