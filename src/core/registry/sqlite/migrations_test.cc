// Tests the schema's history: data stored by version 1 stay readable, and a migration is never half
// applied. A new migration adds testdata/version_N.sql and a row to the tests with the fixture.
#include "registry/sqlite/migrations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "registry/password.h"
#include "registry/registry.h"
#include "storage/sqlite.h"
#include "testing/source_path.h"
#include "testing/temporary_folder.h"

namespace gridloom::registry {
namespace {

using storage::Database;
using storage::Statement;

constexpr std::string_view kFixtureKey = "version 1 fixture key, 32 bytes.";

class Migrations : public testing::Test {
 protected:
  Migrations() { std::filesystem::create_directory(folder_.data()); }

  [[nodiscard]] std::filesystem::path file() const { return folder_.data() / "registry.sqlite"; }

  Database empty_database() {
    write_content(file(), "");
    Result<Database> database = Database::open(file());
    EXPECT_TRUE(database) << database.error().detail;
    return std::move(*database);
  }
  Database version_1() { return fixture("version_1.sql"); }
  Database fixture(const std::string& name) {
    Database database = empty_database();
    EXPECT_TRUE(database.run("PRAGMA foreign_keys = off"));
    const Status loaded = database.run(
        content_of(std::filesystem::path(source_path("src/core/registry/sqlite/testdata")) / name));
    EXPECT_TRUE(loaded) << loaded.error().detail;
    write_content(folder_.data() / "secret.key", kFixtureKey);
    std::filesystem::permissions(folder_.data() / "secret.key", std::filesystem::perms{0600});
    return database;
  }

  TemporaryFolder folder_;
};

std::vector<std::string> schema_of(Database& database) {
  std::vector<std::string> rows;
  const Status read = database.each_row(
      "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name",
      [&rows](const Statement& row) {
        rows.push_back(std::string(row.bytes(0)) + ": " + std::string(row.bytes(1)));
        return Status();
      });
  EXPECT_TRUE(read);
  return rows;
}

TEST_F(Migrations, TheirNumbersCountFrom1) {
  std::int64_t expected = 1;
  for (const Migration& step : migrations()) EXPECT_EQ(step.version, expected++);
}

TEST_F(Migrations, MigrationOneIsStillTheOneThatWasReleased) {
  std::vector<std::string> released;
  {
    Database fixture = version_1();
    released = schema_of(fixture);
  }
  std::filesystem::remove(file());
  Database made = empty_database();
  ASSERT_TRUE(migrate(made, migrations().first(1)));
  EXPECT_EQ(schema_of(made), released);
}

TEST_F(Migrations, ADatabaseOfVersion1OpensWithEverythingInIt) {
  version_1();
  const Result<std::unique_ptr<Registry>> registry = Registry::open(folder_.data());
  ASSERT_TRUE(registry) << registry.error().detail;
  const auto directory = (*registry)->directory();
  const Account* anna = directory->find_account_by_name("anna");
  const Account* oil = directory->find_certificate("open-3184457702329ad8bca4d954774d2d70");
  ASSERT_TRUE(anna != nullptr && oil != nullptr);
  EXPECT_EQ(anna->certificate_account, "open-9c9a26290ee2acaaa17393e8c2ffe84b");
  EXPECT_EQ(anna->certificate_password.reveal(), "0687c471de52b098032a56cf63773a7c");
  EXPECT_EQ(oil->name, "Öl & Söhne");
  EXPECT_EQ(oil->gateway_key.reveal(), "2X108trCNYCLLKzgk4KvmCrb3YDMfNFq");
  const AccessKey* key = directory->find_key("fixture-anna-key");
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(key->account, anna->id);
  EXPECT_EQ(key->secret_key.reveal(), "fixture-anna-secret");
  const Device* kitchen = directory->find_device("R331FIXTURE0001");
  const Device* balcony = directory->find_device("HW51FIXTURE0002");
  ASSERT_TRUE(kitchen != nullptr && balcony != nullptr);
  EXPECT_EQ(kitchen->name, "Kitchen");
  EXPECT_EQ(kitchen->key.reveal(), "fixture-kitchen-key");
  EXPECT_EQ(Directory::rights(anna->id, *kitchen), Rights::kOwner);
  EXPECT_EQ(Directory::rights(oil->id, *kitchen), Rights::kFull);
  EXPECT_EQ(Directory::rights(anna->id, *balcony), Rights::kMonitor);
  // Version 2 counts how often each secret was rotated; for version 1 this is unknown.
  EXPECT_EQ(anna->certificate_generation, 1);
  EXPECT_EQ(anna->gateway_generation, 1);
  EXPECT_EQ(kitchen->key_generation, 1);
  // The numbers continue: 1 belonged to a removed account, 3 is the last.
  const Result<NewAccount> next = (*registry)->add_account({.name = "next"});
  ASSERT_TRUE(next);
  EXPECT_EQ(next->account.id, AccountId{4});
}

// Version 4 has checksums: the stored ones equal those computed today.
TEST_F(Migrations, ADatabaseOfVersion4IsWhole) {
  fixture("version_4.sql");
  const Result<std::unique_ptr<Registry>> registry = Registry::open(folder_.data());
  ASSERT_TRUE(registry) << registry.error().detail;
  const auto directory = (*registry)->directory();
  const Device* kitchen = directory->find_device("R331FIXTURE0001");
  ASSERT_NE(kitchen, nullptr);
  EXPECT_EQ(kitchen->name, "Kitchen 2");
  EXPECT_EQ((*registry)->removed_devices(), std::vector<std::int64_t>{3});
  ASSERT_TRUE((*registry)->add_account({.name = "next"}));
}

// Version 5 has tokens.
TEST_F(Migrations, ADatabaseOfVersion5IsWhole) {
  fixture("version_5.sql");
  const Result<std::unique_ptr<Registry>> registry = Registry::open(folder_.data());
  ASSERT_TRUE(registry) << registry.error().detail;
  const auto directory = (*registry)->directory();
  const Account* anna = directory->find_account_by_name("anna");
  ASSERT_NE(anna, nullptr);
  const auto tokens = directory->tokens_of(anna->id);
  ASSERT_EQ(tokens.size(), 1U);
  EXPECT_EQ(tokens.front()->name, "Fixture");
  EXPECT_EQ(tokens.front()->scope, Scope::kControl);
  EXPECT_EQ(tokens.front()->expires_ms, 2'000'000'000'000);
  ASSERT_TRUE((*registry)->add_token({.name = "next", .account = "anna"}));
}

// Version 6 has passwords and browser sessions.
TEST_F(Migrations, ADatabaseOfVersion6IsWhole) {
  fixture("version_6.sql");
  const Result<std::unique_ptr<Registry>> registry = Registry::open(folder_.data());
  ASSERT_TRUE(registry) << registry.error().detail;
  const auto directory = (*registry)->directory();
  const Account* anna = directory->find_account_by_name("anna");
  ASSERT_NE(anna, nullptr);
  EXPECT_TRUE(password_matches(anna->password_hash, "fixture password"));
  const auto sessions = directory->sessions_of(anna->id);
  ASSERT_EQ(sessions.size(), 1U);
  EXPECT_EQ(sessions.front()->client, "Fixture");
  EXPECT_EQ(sessions.front()->by, SignInBy::kLink);
  EXPECT_EQ(sessions.front()->made_ms, 1'795'468'898'860);
  ASSERT_TRUE((*registry)->add_session({.account = anna->id, .client = {}, .now = {}}));
}

// Version 7 has tokens of administrators. Numbers of tokens that were removed stay given out.
TEST_F(Migrations, ATokenOfAnAdministratorGetsANumberThatNoTokenHad) {
  fixture("version_6.sql");
  std::int64_t number = 0;
  {
    const Result<std::unique_ptr<Registry>> registry = Registry::open(folder_.data());
    ASSERT_TRUE(registry) << registry.error().detail;
    const auto removed = (*registry)->add_token({.name = "removed", .account = "anna"});
    ASSERT_TRUE(removed) << removed.error().detail;
    ASSERT_TRUE((*registry)->remove_token(removed->token.number));
    const auto made =
        (*registry)->add_token({.name = "panel", .account = {}, .scope = Scope::kAdmin});
    ASSERT_TRUE(made) << made.error().detail;
    number = made->token.number;
    EXPECT_GT(number, removed->token.number);
  }
  const Result<std::unique_ptr<Registry>> again = Registry::open(folder_.data());
  ASSERT_TRUE(again) << again.error().detail;
  const auto directory = (*again)->directory();
  const auto tokens = directory->tokens_of(AccountId{});
  ASSERT_EQ(tokens.size(), 1U);
  EXPECT_EQ(tokens.front()->number, number);
  EXPECT_EQ(tokens.front()->scope, Scope::kAdmin);
  EXPECT_EQ(directory->tokens_of(directory->find_account_by_name("anna")->id).size(), 1U);
}

// Version 8 has tokens of cards. What was stored before it opens as it was.
TEST_F(Migrations, TokensOfBeforeCardsStayAndACardGetsTheNextNumber) {
  fixture("version_6.sql");
  {
    Result<Database> database = Database::open(file());
    ASSERT_TRUE(database);
    ASSERT_TRUE(migrate(*database, migrations().first(7)));
  }
  {
    const Result<std::unique_ptr<Registry>> registry = Registry::open(folder_.data());
    ASSERT_TRUE(registry) << registry.error().detail;
    const auto made = (*registry)->add_token(
        {.name = "card", .account = "anna", .scope = Scope::kCard, .device = "R331FIXTURE0001"});
    ASSERT_TRUE(made) << made.error().detail;
  }
  const Result<std::unique_ptr<Registry>> again = Registry::open(folder_.data());
  ASSERT_TRUE(again) << again.error().detail;
  const auto directory = (*again)->directory();
  const auto tokens = directory->tokens_of(directory->find_account_by_name("anna")->id);
  ASSERT_EQ(tokens.size(), 2U);
  EXPECT_EQ(tokens.front()->name, "Fixture");
  EXPECT_EQ(tokens.front()->scope, Scope::kControl);
  EXPECT_EQ(tokens.front()->device, "");
  EXPECT_EQ(tokens.back()->number, tokens.front()->number + 1);
  EXPECT_EQ(tokens.back()->scope, Scope::kCard);
  EXPECT_EQ(tokens.back()->device, "R331FIXTURE0001");
}

// Version 9 has bridges.
TEST_F(Migrations, ADatabaseOfVersion8IsWholeAndGetsBridges) {
  fixture("version_8.sql");
  {
    const Result<std::unique_ptr<Registry>> registry = Registry::open(folder_.data());
    ASSERT_TRUE(registry) << registry.error().detail;
    const auto directory = (*registry)->directory();
    const auto tokens = directory->tokens_of(directory->find_account_by_name("anna")->id);
    ASSERT_EQ(tokens.size(), 2U);
    EXPECT_EQ(tokens.back()->scope, Scope::kCard);
    EXPECT_EQ(tokens.back()->device, "R331FIXTURE0001");
    EXPECT_EQ(directory->tokens_of(AccountId{}).front()->name, "Panel");
    EXPECT_TRUE(directory->bridges().empty());
    ASSERT_TRUE((*registry)->add_bridge(
        {.name = "mirror", .kind = "mirror", .account = "anna", .settings = Secret("{}")}));
  }
  const Result<std::unique_ptr<Registry>> again = Registry::open(folder_.data());
  ASSERT_TRUE(again) << again.error().detail;
  const auto directory = (*again)->directory();
  const Bridge* bridge = directory->find_bridge("mirror");
  ASSERT_NE(bridge, nullptr);
  EXPECT_EQ(bridge->number, 1);
  EXPECT_EQ(bridge->settings.reveal(), "{}");
}

// A change that version 4 would have found must not be covered by sums that are computed anew.
TEST_F(Migrations, ADamagedDatabaseOfVersion4IsRefusedAndStaysAsItIs) {
  {
    Database database = fixture("version_4.sql");
    ASSERT_TRUE(database.run("UPDATE devices SET name = 'Cellar'"));
  }
  const auto refused = Registry::open(folder_.data());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDamaged);
  EXPECT_TRUE(refused.error().detail.contains("table devices, id")) << refused.error().detail;
  Result<Database> database = Database::open(file());
  ASSERT_TRUE(database);
  EXPECT_EQ(schema_version(*database), 4);
}

TEST_F(Migrations, ABrokenPageIsFoundBeforeAnythingIsMigrated) {
  std::int64_t page = 0;
  std::int64_t size = 0;
  {
    Database database = version_1();
    ASSERT_TRUE(database.run("PRAGMA wal_checkpoint(truncate)"));
    page = *database.integer("SELECT rootpage FROM sqlite_schema WHERE name = 'shares'");
    size = *database.integer("PRAGMA page_size");
  }
  std::string bytes = content_of(file());
  bytes.at(static_cast<std::size_t>((page - 1) * size + 4)) ^= 1;  // the page's number of rows
  write_content(file(), bytes);
  const auto refused = Registry::open(folder_.data());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kDamaged);
  EXPECT_TRUE(refused.error().detail.contains("from a backup")) << refused.error().detail;
  EXPECT_EQ(content_of(file()), bytes);
}

TEST_F(Migrations, DevicesThatVersion1RemovedCountAsRemoved) {
  {
    Database database = version_1();
    ASSERT_TRUE(database.run("UPDATE sqlite_sequence SET seq = 5 WHERE name = 'devices'"));
  }
  const Result<std::unique_ptr<Registry>> registry = Registry::open(folder_.data());
  ASSERT_TRUE(registry) << registry.error().detail;
  std::vector<std::int64_t> expected;
  for (std::int64_t number = 1; number <= 5; ++number) {
    const auto directory = (*registry)->directory();
    const bool is_there = std::ranges::any_of(
        directory->devices(), [&](const Device* device) { return device->number == number; });
    if (!is_there) expected.push_back(number);
  }
  EXPECT_EQ((*registry)->removed_devices(), expected);
  EXPECT_EQ(expected.size(), 5 - (*registry)->directory()->devices().size());
}

TEST_F(Migrations, EachOpeningBringsAnOlderSchemaUpToDateAndANewOneStays) {
  const std::array steps{
      Migration{.version = 1, .sql = migrations()[0].sql},
      Migration{.version = 2, .sql = "ALTER TABLE accounts ADD COLUMN colour TEXT;"},
      Migration{.version = 3, .sql = "UPDATE accounts SET colour = 'green';"},
  };
  Database database = version_1();
  EXPECT_EQ(schema_version(database), 1);
  ASSERT_TRUE(migrate(database, steps));
  EXPECT_EQ(schema_version(database), 3);
  EXPECT_EQ(database.integer("SELECT count(*) FROM accounts WHERE colour = 'green'"), 2);
  ASSERT_TRUE(migrate(database, steps));
  EXPECT_EQ(schema_version(database), 3);
}

TEST_F(Migrations, AFailedStepLeavesTheOldVersionWhole) {
  const std::array steps{
      Migration{.version = 1, .sql = migrations()[0].sql},
      Migration{.version = 2, .sql = "ALTER TABLE accounts ADD COLUMN colour TEXT;"},
      Migration{.version = 3, .sql = "UPDATE nowhere SET colour = 'green';"},
  };
  Database database = version_1();
  const std::vector<std::string> before = schema_of(database);
  EXPECT_FALSE(migrate(database, steps));
  EXPECT_EQ(schema_version(database), 1);
  EXPECT_EQ(schema_of(database), before);
}

TEST_F(Migrations, ANewerDatabaseIsRefusedWithBothNumbers) {
  {
    Database database = version_1();
    ASSERT_TRUE(database.run("UPDATE schema_version SET version = 97"));
  }
  const Result<std::unique_ptr<Registry>> registry = Registry::open(folder_.data());
  ASSERT_FALSE(registry);
  EXPECT_EQ(registry.error().code, ErrorCode::kConflict);
  EXPECT_TRUE(registry.error().detail.contains("schema version 97")) << registry.error().detail;
  EXPECT_TRUE(registry.error().detail.contains("use a newer version"));
}

TEST_F(Migrations, ADatabaseOfAnotherProgramIsNotChanged) {
  Database database = empty_database();
  ASSERT_TRUE(database.run("CREATE TABLE songs (title TEXT)"));
  const Status refused = migrate(database, migrations());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kMalformed);
  EXPECT_EQ(schema_of(database).size(), 1U);
}

}  // namespace
}  // namespace gridloom::registry
