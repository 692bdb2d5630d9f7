#include "storage/wal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "storage/files.h"
#include "storage/sqlite.h"
#include "testing/temporary_folder.h"

namespace gridloom::storage {
namespace {

// The write-ahead log of a database with a few commits, copied while its connection is open.
class WalCheckTest : public testing::Test {
 protected:
  WalCheckTest() {
    std::filesystem::create_directory(folder_.data());
    const std::filesystem::path file = folder_.data() / "a.db";
    EXPECT_TRUE(make_private(file));
    auto database = Database::open(file);
    EXPECT_TRUE(database);
    EXPECT_TRUE(database->run("CREATE TABLE t (x TEXT) STRICT"));
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE(database->execute("INSERT INTO t VALUES (?)", std::string_view("a text")));
    }
    first_ = content_of(wal());
    // The log restarts from its beginning, over frames that were moved into the database.
    EXPECT_TRUE(database->run("PRAGMA wal_checkpoint(restart)"));
    EXPECT_TRUE(database->execute("INSERT INTO t VALUES (?)", std::string_view("another")));
    again_ = content_of(wal());
  }
  [[nodiscard]] std::filesystem::path wal() const { return folder_.data() / "a.db-wal"; }
  static std::string flipped(std::string bytes, std::size_t at) {
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    return bytes;
  }

  TemporaryFolder folder_;
  std::string first_;
  std::string again_;
};

TEST_F(WalCheckTest, AWholeOneIsGood) {
  EXPECT_FALSE(check_wal("").damage);
  EXPECT_FALSE(check_wal(first_).damage);
  EXPECT_GT(check_wal(first_).frames, 3);
  ASSERT_EQ(again_.size(), first_.size());
  EXPECT_FALSE(check_wal(again_).damage) << "frames of before are no damage";
  EXPECT_LT(check_wal(again_).frames, check_wal(first_).frames);
}

TEST_F(WalCheckTest, AFlippedBitAnywhereIsFound) {
  for (std::size_t at = 0; at < first_.size(); at += at < 100 ? 1 : 13) {
    EXPECT_TRUE(check_wal(flipped(first_, at)).damage) << at;
  }
}

// The last commit may be incomplete after a loss of power; a commit after the damage proves that
// the damaged one was on the disk.
TEST_F(WalCheckTest, DamageIsProvenByACommitBehindIt) {
  constexpr std::size_t kHeader = 32;
  const std::size_t frame = (first_.size() - kHeader) / check_wal(first_).frames;
  const std::size_t last = first_.size() - frame;
  for (std::size_t at = 0; at < last; at += at < 100 ? 1 : 13) {
    EXPECT_TRUE(check_wal(flipped(first_, at)).is_proven) << at;
  }
  for (std::size_t at = last; at < first_.size(); at += 13) {
    EXPECT_FALSE(check_wal(flipped(first_, at)).is_proven) << at;
  }
  for (const std::size_t bytes : {kHeader - 1, kHeader, kHeader + 1, last - 1, last + 1}) {
    EXPECT_FALSE(check_wal(first_.substr(0, bytes)).is_proven) << "cut off at " << bytes;
  }
  EXPECT_FALSE(check_wal(flipped(again_, again_.size() - 1)).is_proven);
}

TEST_F(WalCheckTest, ADatabasesOwnLogIsFound) {
  const auto path = folder_.data() / "b.db";
  EXPECT_EQ(damage_of_wal(path), "");
  write_content(folder_.data() / "b.db-wal", first_);
  EXPECT_EQ(damage_of_wal(path), "");
  write_content(folder_.data() / "b.db-wal", flipped(first_, 100));
  EXPECT_TRUE(damage_of_wal(path).starts_with("b.db-wal is damaged: frame 0"))
      << damage_of_wal(path);
}

TEST_F(WalCheckTest, AnOldFrameAfterTheEndIsHarmless) {
  EXPECT_FALSE(check_wal(flipped(again_, again_.size() - 1)).damage);
}

}  // namespace
}  // namespace gridloom::storage
