#include "storage/summed_file.h"

#include <gtest/gtest.h>

#include <string>

#include "testing/temporary_folder.h"

namespace gridloom::storage {
namespace {

class SeenNumberTest : public testing::Test {
 protected:
  SeenNumberTest() { std::filesystem::create_directory(folder.data()); }
  [[nodiscard]] std::optional<std::uint64_t> seen() const { return SeenNumber(file()).read(); }
  [[nodiscard]] std::filesystem::path file() const { return folder.data() / "a.seen"; }

  TemporaryFolder folder;
};

TEST_F(SeenNumberTest, IsTheLastThatWasRemembered) {
  EXPECT_EQ(seen(), std::nullopt);
  SeenNumber number(file());
  for (const std::uint64_t next : {5U, 1'000'000U, 7U}) {
    number.remember(next);
    EXPECT_EQ(seen(), next);
  }
  EXPECT_EQ(std::filesystem::status(file()).permissions(), std::filesystem::perms(0600));
}

TEST_F(SeenNumberTest, AFileOfAnEarlierVersionIsReadAndReplaced) {
  for (const char* before : {"4711\n4711\n", "and no number, but more than one would be long\n"}) {
    write_content(file(), before);
    EXPECT_EQ(seen(), before[0] == '4' ? std::optional<std::uint64_t>(4711) : std::nullopt);
    SeenNumber(file()).remember(4712);
    EXPECT_EQ(seen(), 4712);
  }
}

TEST_F(SeenNumberTest, IsNotBelievedWithAFlippedBitNorInPart) {
  SeenNumber(file()).remember(1234);
  const std::string good = content_of(file());
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string flipped = good;
    flipped[at] = static_cast<char>(flipped[at] ^ 1);
    write_content(file(), flipped);
    EXPECT_EQ(seen(), std::nullopt) << flipped;
    write_content(file(), good.substr(0, at));
    EXPECT_EQ(seen(), std::nullopt) << at;
  }
}

TEST_F(SeenNumberTest, AFileThatCannotBeWrittenIsRemoved) {
  std::filesystem::create_directory(file());
  SeenNumber(file()).remember(1);
  EXPECT_EQ(seen(), std::nullopt);
}

TEST_F(SeenNumberTest, IsThereOnceTheFileWasCreated) {
  SeenNumber number(file());
  number.create(0);
  EXPECT_EQ(seen(), 0);
  number.remember(8);
  EXPECT_EQ(seen(), 8);
  EXPECT_EQ(std::filesystem::status(file()).permissions(), std::filesystem::perms(0600));
}

}  // namespace
}  // namespace gridloom::storage
