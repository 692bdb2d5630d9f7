// What is particular to PostgreSQL: the key, connections that are lost, a database that is away.
// The contract of all stores is tested in registry/store_conformance.
#include "database/registry/store.h"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "postgres/test_server.h"
#include "registry/registry.h"
#include "storage/files.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::registry {
namespace {

class RegistryInPostgres : public testing::Test {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    database_.emplace();
    settings_.emplace(database_->settings());
  }
  [[nodiscard]] Result<std::unique_ptr<Store>> open(const std::filesystem::path& folder) {
    GL_TRY(auto opened,
           open_postgres_store({.settings = *settings_, .data_folder = folder, .clock = clock_}));
    return std::move(opened.store);
  }
  [[nodiscard]] std::unique_ptr<Registry> registry() {
    return must(Registry::open(must(open(folder_.data())), folder_.data()));
  }
  // The sessions of the database but one's own.
  void end_sessions() {
    postgres::Connection connection = database_->connect();
    must(
        connection.query("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                         "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"));
  }

  std::optional<postgres::TestDatabase> database_;
  std::optional<postgres::ConnectionSettings> settings_;
  TemporaryFolder folder_;
  SystemClock clock_;
};

TEST_F(RegistryInPostgres, IsRefusedToTheKeyOfAnotherDataFolder) {
  must(registry()->add_account({.name = "anna"}));
  const Result<std::unique_ptr<Store>> without = open(folder_.path() / "other");
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code, ErrorCode::kNotFound) << without.error().detail;

  write_content(folder_.path() / "other" / "secret.key", std::string(32, 'k'));
  std::filesystem::permissions(folder_.path() / "other" / "secret.key",
                               std::filesystem::perms(0600));
  const Result<std::unique_ptr<Store>> wrong = open(folder_.path() / "other");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::kMalformed);
  EXPECT_TRUE(wrong.error().detail.contains("is not the key")) << wrong.error().detail;

  std::filesystem::copy_file(folder_.data() / "secret.key", folder_.path() / "other" / "secret.key",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(open(folder_.path() / "other"));
}

TEST_F(RegistryInPostgres, IsCheckedWithoutAChange) {
  const PostgresOptions options{
      .settings = *settings_, .data_folder = folder_.data(), .clock = clock_};
  must(storage::make_data_folder(folder_.data()));
  write_content(folder_.data() / "secret.key", std::string(32, 'k'));
  std::filesystem::permissions(folder_.data() / "secret.key", std::filesystem::perms(0600));
  const auto checked = [&options] {
    const Status good = check_postgres_store(options);
    return good ? std::nullopt : std::optional(good.error().code);
  };
  EXPECT_EQ(checked(), ErrorCode::kNotFound);
  EXPECT_EQ(checked(), ErrorCode::kNotFound) << "the first check has made no tables";

  must(registry()->add_account({.name = "anna"}));
  EXPECT_EQ(checked(), std::nullopt);
  must(database_->connect().run("UPDATE schema_version SET version = 1 WHERE part = 'registry'"));
  EXPECT_EQ(checked(), ErrorCode::kConflict);
  write_content(folder_.data() / "secret.key", std::string(32, 'l'));
  EXPECT_EQ(checked(), ErrorCode::kMalformed);
}

TEST_F(RegistryInPostgres, DoesNotOpenWithASecretOfAnotherRow) {
  {
    const auto made = registry();
    must(made->add_account({.name = "anna"}));
    must(made->add_device({.sn = "A", .name = "A", .owner = "anna"}));
    must(made->add_device({.sn = "B", .name = "B", .owner = "anna"}));
  }
  must(
      database_->connect().run("UPDATE devices SET device_key = (SELECT device_key FROM devices "
                               "WHERE sn = 'A') WHERE sn = 'B'"));
  const auto opened = Registry::open(must(open(folder_.data())), folder_.data());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kMalformed) << opened.error().detail;
}

// A row that cannot be read shows what was.
TEST_F(RegistryInPostgres, ReadsOnlyWhatOthersHaveChangedAsLongAsThatIsKnown) {
  const auto made = registry();
  must(made->add_account({.name = "anna"}));
  must(made->add_device({.sn = "A", .name = "A", .owner = "anna"}));
  must(made->add_device({.sn = "B", .name = "B", .owner = "anna"}));
  const auto other = registry();
  postgres::Connection connection = database_->connect();
  must(connection.run("ALTER TABLE devices DISABLE TRIGGER note_changed"));
  must(
      connection.run("UPDATE devices SET device_key = (SELECT device_key FROM devices "
                     "WHERE sn = 'A') WHERE sn = 'B'"));
  must(connection.run("ALTER TABLE devices ENABLE TRIGGER note_changed"));

  must(made->rename_device({.sn = "A", .name = "Kiln"}));
  must(other->purge_devices({}));
  EXPECT_EQ(other->directory()->find_device("A")->name, "Kiln");

  must(made->rename_device({.sn = "A", .name = "Oven"}));
  must(made->rename_device({.sn = "A", .name = "Stove"}));
  must(connection.run("DELETE FROM changes WHERE n < (SELECT max(n) FROM changes)"));
  const Status all = other->purge_devices({});
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code, ErrorCode::kMalformed) << all.error().detail;
  EXPECT_EQ(other->directory()->find_device("A")->name, "Kiln") << "what was known";
}

// An administrator's statement, which no program announces, is read with the next change.
TEST_F(RegistryInPostgres, ReadsRowsThatWereChangedBySql) {
  const auto made = registry();
  must(made->add_account({.name = "anna"}));
  must(made->add_account({.name = "bert"}));
  must(made->add_device({.sn = "A", .name = "A", .owner = "anna"}));
  must(made->share_device({.sn = "A", .account = "bert"}));
  const auto other = registry();
  postgres::Connection connection = database_->connect();
  must(connection.run("UPDATE devices SET name = 'Kiln' WHERE sn = 'A'"));
  must(connection.run("DELETE FROM accounts WHERE name = 'bert'"));
  must(made->add_device({.sn = "B", .name = "B", .owner = "anna"}));
  must(other->purge_devices({}));
  const Device* device = other->directory()->find_device("A");
  EXPECT_EQ(device->name, "Kiln");
  EXPECT_TRUE(device->shares.empty());
  EXPECT_EQ(other->directory()->find_account_by_name("bert"), nullptr);
  EXPECT_NE(other->directory()->find_device("B"), nullptr);
}

TEST_F(RegistryInPostgres, GoesOnOverANewConnectionWhenItsOwnIsLost) {
  const auto made = registry();
  must(made->add_account({.name = "anna"}));
  end_sessions();
  must(made->add_account({.name = "bert"}));
  EXPECT_EQ(registry()->directory()->accounts().size(), 2U);
}

TEST_F(RegistryInPostgres, RefusesAChangeWhoseConnectionIsLostInTheMiddle) {
  const auto store = must(open(folder_.data()));
  {
    const auto transaction = must(store->begin());
    Account account{.id = {},
                    .name = "anna",
                    .certificate_account = "open-anna",
                    .certificate_password = {},
                    .gateway_key = {}};
    must(transaction->insert(account));
    end_sessions();
    const Status lost = transaction->commit();
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::kIo) << lost.error().detail;
  }
  DirectoryDraft draft{Directory()};
  must(must(store->begin())->load(draft));
  EXPECT_TRUE(std::move(draft).finish()->accounts().empty());
}

TEST_F(RegistryInPostgres, SaysThatTheDatabaseIsAwayAndSinceWhen) {
  std::optional<postgres::TestServer> server(std::in_place);
  const auto settings =
      must(postgres::ConnectionSettings::parse({.url = server->url(), .schema = "away"}));
  auto store = must(
      open_postgres_store({.settings = settings, .data_folder = folder_.data(), .clock = clock_}));
  const postgres::Pool& health = *store.pool;
  const auto made = must(Registry::open(std::move(store.store), folder_.data()));
  must(made->add_account({.name = "anna"}));
  EXPECT_FALSE(health.health().away_since);
  server.reset();
  const auto refused = made->add_account({.name = "bert"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_TRUE(refused.error().detail.contains("the database is away")) << refused.error().detail;
  EXPECT_TRUE(health.health().away_since);
  EXPECT_EQ(made->directory()->accounts().size(), 1U) << "what was known is still read";
}

}  // namespace
}  // namespace gridloom::registry
