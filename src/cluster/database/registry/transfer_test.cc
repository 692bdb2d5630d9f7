// The registry is copied from a file to PostgreSQL and back, and stays the same registry.
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "database/registry/schema.h"
#include "database/registry/test_in_postgres.h"
#include "postgres/table_connection.h"
#include "registry/sqlite/store.h"
#include "tables/side.h"
#include "tables/sqlite_connection.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"
#include "transfer/copy.h"

namespace gridloom::registry {
namespace {

using transfer::Compared;

class RegistryTransfer : public RegistryTest {
 protected:
  void SetUp() override {
    if (postgres::TestServer::programs().empty()) GTEST_SKIP() << postgres::TestServer::kMissing;
    stored_.emplace();
    connection_.emplace(stored_->database().connect());
    const AccountId anna = account("anna");
    account("bert");
    account("gone");
    must(registry_->remove_account("gone"));
    must(registry_->add_keys("anna"));
    must(registry_->add_token({.name = "panel", .account = "bert", .scope = Scope::kControl}));
    must(registry_->add_token({.name = "admin", .account = {}, .scope = Scope::kAdmin}));
    must(registry_->set_password({.account = anna, .hash = Secret("hash")}));
    must(registry_->add_session({.account = anna}));
    must(registry_->add_bridge({.name = "meter", .kind = "meter", .account = "bert"}));
    device("A", "anna");
    device("B", "anna");
    must(registry_->share_device({.sn = "A", .account = "bert", .rights = Rights::kFull}));
    must(registry_->remove_device("B"));
    must(registry_->reserve_device_numbers(40));
  }
  std::vector<Compared> copy_up() {
    tables::Side source(must(tables::open_sqlite_to_read(folder_.data() / kRegistryFile, kSchema)),
                        kSchema);
    tables::Side target = in_database();
    return must(transfer::copy(source, target, {}));
  }
  tables::Side in_database() {
    must(postgres::make_tables(*connection_, kPostgresSchema));
    return {std::make_unique<postgres::PostgresTableConnection>(*connection_), kSchema};
  }
  std::unique_ptr<Registry> open_copy() {
    std::filesystem::copy_file(folder_.data() / "secret.key", stored_->data_folder() / "secret.key",
                               std::filesystem::copy_options::overwrite_existing);
    return stored_->open();
  }

  std::optional<InPostgres> stored_;
  std::optional<postgres::Connection> connection_;
};

TEST_F(RegistryTransfer, IsTheSameRegistryInPostgresAndInAFileAgain) {
  for (const Compared& each : copy_up()) EXPECT_EQ(each.from, each.to) << each.table;
  const std::string expected = describe(*registry_->directory());
  {
    const auto copy = open_copy();
    EXPECT_EQ(describe(*copy->directory()), expected);
    EXPECT_EQ(copy->instance(), registry_->instance());
    EXPECT_EQ(must(stored_->connect()->revision()),
              must(must(open_sqlite_store(folder_.data()))->revision()));
    EXPECT_EQ(must(copy->removed_devices()), must(registry_->removed_devices()));
    // Numbers that were given are not given again.
    must(copy->add_device({.sn = "C", .name = "C", .owner = "bert"}));
    EXPECT_EQ(copy->directory()->find_device("C")->number, 41);
  }
  TemporaryFolder back;
  std::filesystem::create_directory(back.data());
  {
    tables::Side source = in_database();
    tables::Side target(must(tables::open_sqlite_to_write(back.data() / kRegistryFile, kSchema)),
                        kSchema);
    for (const Compared& each : must(transfer::copy(source, target, {}))) {
      EXPECT_EQ(each.from, each.to) << each.table;
    }
    must(target.end());
  }
  std::filesystem::copy_file(folder_.data() / "secret.key", back.data() / "secret.key");
  const auto again = must(Registry::open(back.data()));
  EXPECT_EQ(describe(*again->directory()), describe(*open_copy()->directory()));
  EXPECT_EQ(again->instance(), registry_->instance());
  must(again->add_device({.sn = "D", .name = "D", .owner = "bert"}));
  EXPECT_EQ(again->directory()->find_device("D")->number, 42);
}

TEST_F(RegistryTransfer, ACopyThatIsThereIsReplacedIfItDiffers) {
  copy_up();
  for (const Compared& each : copy_up()) EXPECT_EQ(each.written, 0) << each.table;
  must(registry_->move_device({.sn = "A", .owner = "bert"}));
  must(registry_->remove_account("anna"));
  for (const Compared& each : copy_up()) EXPECT_EQ(each.from, each.to) << each.table;
  EXPECT_EQ(describe(*open_copy()->directory()), describe(*registry_->directory()));
}

}  // namespace
}  // namespace gridloom::registry
