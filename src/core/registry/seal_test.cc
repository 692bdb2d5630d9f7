// Tests the key file, and which boxes it opens.
#include "registry/seal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "testing/temporary_folder.h"

namespace gridloom::registry {
namespace {

class Seal : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path key() const { return folder_.path() / "secret.key"; }
  [[nodiscard]] Result<Sealer> sealer(MissingKey missing = MissingKey::kMake) const {
    return Sealer::with_key_file(key(), missing);
  }

  TemporaryFolder folder_;
};

TEST_F(Seal, OpensWhatItSealedAlsoAfterARestart) {
  const std::string sealed = sealer()->seal("device/A", Secret("correct horse"));
  EXPECT_EQ(sealed.size(), 24 + 16 + std::string("device/A").size() + 1 + 13);
  EXPECT_FALSE(sealed.contains("correct"));
  const Result<Secret> opened =
      sealer(MissingKey::kRefuse)->open({.place = "device/A", .sealed = sealed});
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->reveal(), "correct horse");
}

TEST_F(Seal, TheSameSecretIsSealedDifferentlyEachTime) {
  const Result<Sealer> sealer = this->sealer();
  EXPECT_NE(sealer->seal("a", Secret("s")), sealer->seal("a", Secret("s")));
}

TEST_F(Seal, ABoxOpensNeitherElsewhereNorDamagedNorCutOff) {
  const Result<Sealer> sealer = this->sealer();
  const std::string sealed = sealer->seal("device/A", Secret("s3cret"));
  for (const std::string_view place : {"device/B", "device/", "device/AB", "", "device/A2"}) {
    const Result<Secret> opened = sealer->open({.place = place, .sealed = sealed});
    ASSERT_FALSE(opened) << place;
    EXPECT_EQ(opened.error().code, ErrorCode::kMalformed);
  }
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string damaged = sealed;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    EXPECT_FALSE(sealer->open({.place = "device/A", .sealed = damaged})) << i;
    EXPECT_FALSE(sealer->open({.place = "device/A", .sealed = sealed.substr(0, i)})) << i;
  }
}

TEST_F(Seal, AnEmptySecretIsASecretToo) {
  const Result<Sealer> sealer = this->sealer();
  const Result<Secret> opened =
      sealer->open({.place = "a", .sealed = sealer->seal("a", Secret(""))});
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->empty());
}

TEST_F(Seal, TheKeyFileIsPrivateAndMadeOnce) {
  ASSERT_TRUE(sealer());
  EXPECT_EQ(mode_of(key()), 0600U);
  const std::string bytes = content_of(key());
  EXPECT_EQ(bytes.size(), 32U);
  ASSERT_TRUE(sealer());
  EXPECT_EQ(content_of(key()), bytes);
}

TEST_F(Seal, AnUnfinishedKeyFileOfACrashIsReplaced) {
  write_content(key().string() + ".new", "half");
  ASSERT_TRUE(sealer());
  EXPECT_EQ(content_of(key()).size(), 32U);
  EXPECT_FALSE(std::filesystem::exists(key().string() + ".new"));
}

TEST_F(Seal, AKeyFileThatOthersMayReadIsRefusedWithTheCure) {
  ASSERT_TRUE(sealer());
  for (const unsigned mode : {0640U, 0604U, 0620U, 0666U}) {
    std::filesystem::permissions(key(), std::filesystem::perms{mode});
    const Result<Sealer> refused = sealer();
    ASSERT_FALSE(refused) << mode;
    EXPECT_EQ(refused.error().code, ErrorCode::kIo);
    EXPECT_TRUE(refused.error().detail.contains("chmod 600 " + key().string()))
        << refused.error().detail;
  }
  std::filesystem::permissions(key(), std::filesystem::perms{0400});
  EXPECT_TRUE(sealer());
}

TEST_F(Seal, AKeyFileOfAnotherLengthIsRefused) {
  for (const std::size_t bytes : {0U, 31U, 33U}) {
    write_content(key(), std::string(bytes, 'k'));
    std::filesystem::permissions(key(), std::filesystem::perms{0600});
    const Result<Sealer> refused = sealer();
    ASSERT_FALSE(refused) << bytes;
    EXPECT_EQ(refused.error().code, ErrorCode::kMalformed);
  }
}

TEST_F(Seal, AMissingKeyFileIsNotReplacedWhenSecretsNeedIt) {
  const Result<Sealer> refused = sealer(MissingKey::kRefuse);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(key()));
}

}  // namespace
}  // namespace gridloom::registry
