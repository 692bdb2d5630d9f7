// backup.json: writing, reading back, and detection of damage.
#include "app/operations/backup_description.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "base/digest.h"
#include "testing/clock.h"
#include "testing/temporary_folder.h"

namespace gridloom::operations {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// The value for the three bytes "abc" in FIPS 180-2.
constexpr const char* kSha256OfAbc =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

BackupDescription example() {
  return {.at = kTestStart,
          .of = "/var/lib/gridloom",
          .files = {{.name = "history.db", .bytes = 3, .sha256 = kSha256OfAbc},
                    {.name = "log/00000000000000000001.log", .bytes = 0, .sha256 = sha256_of("")}}};
}

TEST(BackupDescriptionTest, ADescriptionIsReadBackAsWritten) {
  const BackupDescription written = example();
  const auto read = parse_description(write_description(written, {}));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->at, written.at);
  EXPECT_EQ(read->of, written.of);
  ASSERT_EQ(read->files.size(), written.files.size());
  for (std::size_t i = 0; i < written.files.size(); ++i) {
    EXPECT_EQ(read->files[i].name, written.files[i].name);
    EXPECT_EQ(read->files[i].bytes, written.files[i].bytes);
    EXPECT_EQ(read->files[i].sha256, written.files[i].sha256);
  }
}

TEST(BackupDescriptionTest, AFlippedBitAnywhereIsFound) {
  const std::string text = write_description(example(), {});
  for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
    std::string flipped = text;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(parse_description(flipped)) << flipped;
  }
}

TEST(BackupDescriptionTest, ATruncatedDescriptionIsDetected) {
  const std::string text = write_description(example(), {});
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(parse_description(text.substr(0, size))) << size;
  }
}

TEST(BackupDescriptionTest, Version1HasNoHashes) {
  const auto read = parse_description(
      R"({"what":"backup of a Gridloom data folder","at":1700000000000,"time":"then",)"
      R"("of":"/data","files":[{"name":"tls/ca.pem","bytes":3}]})"
      "\n");
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->files.size(), 1);
  EXPECT_EQ(read->files[0].name, "tls/ca.pem");
  EXPECT_EQ(read->files[0].bytes, 3);
  EXPECT_EQ(read->files[0].sha256, "");
}

// Even with a correct hash, no file outside the folder is read or created.
TEST(BackupDescriptionTest, NamesLeadOutOfNoFolder) {
  for (const char* name : {"../secret.key", "log/../../x", "/etc/passwd", "", "log/", ".."}) {
    BackupDescription bad = example();
    bad.files[0].name = name;
    EXPECT_FALSE(parse_description(write_description(bad, {}))) << name;
  }
}

TEST(BackupDescriptionTest, VerifySaysWhatIsWrongWithAFile) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "copy";
  const BackupFile expected{.name = "log/1.log", .bytes = 3, .sha256 = kSha256OfAbc};
  const auto detail_of = [&](const BackupFile& of) {
    const Status good = verify(of, file);
    return good ? std::string() : good.error().detail;
  };
  EXPECT_EQ(detail_of(expected), "log/1.log is missing");
  std::ofstream(file) << "abc";
  EXPECT_EQ(detail_of(expected), "");
  EXPECT_EQ(sha256_of_file(file).value_or(""), kSha256OfAbc);
  std::ofstream(file) << "abd";
  EXPECT_EQ(detail_of(expected),
            "log/1.log is damaged: its SHA-256 differs from that in backup.json");
  EXPECT_EQ(detail_of({.name = "log/1.log", .bytes = 3}), "") << "of version 1: the size only";
  std::ofstream(file) << "abcd";
  EXPECT_EQ(detail_of(expected), "log/1.log is damaged: it has 4 bytes instead of 3");
}

TEST(BackupDescriptionTest, AFolderWithoutOneIsNoBackup) {
  const TemporaryFolder folder;
  const auto read = read_description(folder.path());
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().detail, HasSubstr("is not a complete backup: it has no backup.json"));
}

}  // namespace
}  // namespace gridloom::operations
