// Registries of earlier versions are converted with everything in them, or refused as they are.
#include "registry/sqlite/earlier.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "registry/password.h"
#include "registry/registry.h"
#include "storage/sqlite.h"
#include "testing/must.h"
#include "testing/source_path.h"
#include "testing/temporary_folder.h"

namespace gridloom::registry {
namespace {

using storage::Database;

constexpr std::string_view kFixtureKey = "version 1 fixture key, 32 bytes.";

class EarlierRegistry : public testing::Test {
 protected:
  EarlierRegistry() { std::filesystem::create_directory(folder_.data()); }

  [[nodiscard]] std::filesystem::path file() const { return folder_.data() / "registry.sqlite"; }
  [[nodiscard]] std::filesystem::path kept() const {
    return folder_.data() / "registry.sqlite.earlier";
  }
  // A registry as a program of that version left it; `sql` changes it.
  void make(const std::string& version, const std::string& sql = {}) {
    write_content(file(), "");
    Database database = must(Database::open(file()));
    must(database.run("PRAGMA foreign_keys = off"));
    must(database.run(
        content_of(std::filesystem::path(source_path("src/core/registry/sqlite/testdata")) /
                   ("version_" + version + ".sql"))));
    must(database.run(sql));
    write_content(folder_.data() / "secret.key", kFixtureKey);
    std::filesystem::permissions(folder_.data() / "secret.key", std::filesystem::perms{0600});
  }
  std::unique_ptr<Registry> open() { return must(Registry::open(folder_.data())); }
  void expect_refused(ErrorCode code, std::string_view words) {
    const std::string before = content_of(file());
    const auto refused = Registry::open(folder_.data());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, code);
    EXPECT_TRUE(refused.error().detail.contains(words)) << refused.error().detail;
    EXPECT_EQ(content_of(file()), before);
    EXPECT_FALSE(std::filesystem::exists(kept()));
  }

  TemporaryFolder folder_;
};

TEST_F(EarlierRegistry, OfVersion6HasEverything) {
  make("6");
  const auto registry = open();
  const auto directory = registry->directory();
  const Account* anna = directory->find_account_by_name("anna");
  const Account* oil = directory->find_certificate("open-3184457702329ad8bca4d954774d2d70");
  ASSERT_TRUE(anna != nullptr && oil != nullptr);
  EXPECT_EQ(anna->certificate_password.reveal(), "0687c471de52b098032a56cf63773a7c");
  EXPECT_EQ(oil->name, "Öl & Söhne");
  EXPECT_TRUE(password_matches(anna->password_hash, "fixture password"));
  EXPECT_EQ(directory->find_key("fixture-anna-key")->secret_key.reveal(), "fixture-anna-secret");
  EXPECT_EQ(directory->find_device("R331FIXTURE0001")->key.reveal(), "fixture-kitchen-key");
  EXPECT_EQ(Directory::rights(oil->id, *directory->find_device("R331FIXTURE0001")), Rights::kFull);
  EXPECT_EQ(registry->removed_devices(), std::vector<std::int64_t>{3});
  const auto sessions = directory->sessions_of(anna->id);
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions.front()->client, "Fixture");
  EXPECT_EQ(sessions.front()->made_ms, 1'795'468'898'860);
  EXPECT_EQ(directory->tokens_of(anna->id).front()->name, "Fixture");
  EXPECT_TRUE(directory->bridges().empty());
  EXPECT_EQ(registry->setback(), "");
}

TEST_F(EarlierRegistry, GivesNumbersThatItHasNeverGiven) {
  make("6",
       "UPDATE sqlite_sequence SET seq = 40 WHERE name = 'tokens';"
       "UPDATE table_sums SET highest = 40 WHERE name = 'tokens'");
  const auto registry = open();
  EXPECT_EQ(must(registry->add_account({.name = "next"})).account.id, AccountId{4});
  EXPECT_EQ(must(registry->add_token({.name = "next", .account = "anna"})).token.number, 41);
  must(registry->add_bridge(
      {.name = "mirror", .kind = "mirror", .account = "anna", .settings = Secret("{}")}));
  EXPECT_EQ(registry->directory()->find_bridge("mirror")->number, 1);
}

TEST_F(EarlierRegistry, OfVersion8And9HasItsCardsAndBridges) {
  for (const std::string version : {"8", "9"}) {
    make(version);
    const auto registry = open();
    const auto directory = registry->directory();
    const auto tokens = directory->tokens_of(directory->find_account_by_name("anna")->id);
    ASSERT_EQ(tokens.size(), 2U) << version;
    EXPECT_EQ(tokens.back()->scope, Scope::kCard);
    EXPECT_EQ(tokens.back()->device, "R331FIXTURE0001");
    EXPECT_EQ(directory->tokens_of(AccountId{}).front()->name, "Panel");
    const Bridge* bridge = directory->find_bridge("nut");
    EXPECT_EQ(bridge != nullptr, version == "9");
    if (bridge != nullptr) EXPECT_TRUE(bridge->settings.reveal().starts_with('{'));
  }
}

TEST_F(EarlierRegistry, StaysBesideTheConvertedOneAndIsTheWayBack) {
  make("8");
  open();
  const auto described = [this] {
    const auto registry = open();
    return registry->directory()->devices().size();
  };
  EXPECT_EQ(must(must(Database::open(kept())).integer("SELECT version FROM schema_version")), 8);
  const std::size_t devices = described();
  std::filesystem::remove(file());
  std::filesystem::rename(kept(), file());
  EXPECT_EQ(described(), devices) << "it is converted once more";
}

// Between the two renames at its end.
TEST_F(EarlierRegistry, IsThereAfterAConversionThatWasCutOff) {
  make("8");
  open();
  std::filesystem::rename(file(), folder_.data() / "registry.sqlite.new");
  EXPECT_NE(open()->directory()->find_account_by_name("anna"), nullptr);
  // And one that had only begun.
  std::filesystem::remove(file());
  std::filesystem::rename(kept(), file());
  write_content(folder_.data() / "registry.sqlite.new", "");
  EXPECT_NE(open()->directory()->find_account_by_name("anna"), nullptr);
}

TEST_F(EarlierRegistry, ThatIsDamagedIsRefusedAndStaysAsItIs) {
  make("8", "UPDATE devices SET name = 'Cellar'");
  expect_refused(ErrorCode::kDamaged, "table devices, id 1: its checksum is wrong");
  make("8", "DELETE FROM shares WHERE device = 1");
  expect_refused(ErrorCode::kDamaged, "table shares has rows that differ");
  expect_refused(ErrorCode::kDamaged, "from a backup");
}

TEST_F(EarlierRegistry, WithABrokenPageIsRefused) {
  make("8");
  std::int64_t page = 0;
  std::int64_t size = 0;
  {
    Database database = must(Database::open(file()));
    must(database.run("PRAGMA wal_checkpoint(truncate)"));
    page = must(database.integer("SELECT rootpage FROM sqlite_schema WHERE name = 'shares'"));
    size = must(database.integer("PRAGMA page_size"));
  }
  std::string bytes = content_of(file());
  bytes.at(static_cast<std::size_t>((page - 1) * size + 4)) ^= 1;  // the page's number of rows
  write_content(file(), bytes);
  expect_refused(ErrorCode::kDamaged, "from a backup");
}

TEST_F(EarlierRegistry, OfAnOlderOrANewerProgramIsRefused) {
  make("8", "UPDATE schema_version SET version = 5");
  expect_refused(ErrorCode::kConflict, "schema version 5");
  make("8");
  open();
  must(must(Database::open(file())).run("PRAGMA user_version = 97"));
  const auto refused = Registry::open(folder_.data());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(refused.error().detail.contains("has format 97")) << refused.error().detail;
  EXPECT_TRUE(refused.error().detail.contains("use a newer version"));
}

TEST_F(EarlierRegistry, OfAnotherProgramIsNotChanged) {
  write_content(file(), "");
  must(must(Database::open(file())).run("CREATE TABLE songs (title TEXT)"));
  write_content(folder_.data() / "secret.key", kFixtureKey);
  std::filesystem::permissions(folder_.data() / "secret.key", std::filesystem::perms{0600});
  expect_refused(ErrorCode::kMalformed, "the tables of another program");
}

}  // namespace
}  // namespace gridloom::registry
