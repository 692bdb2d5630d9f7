// Tests that a change of registry.sqlite by anything but this program is detected at opening.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "registry/test_registry.h"
#include "storage/sqlite.h"

namespace gridloom::registry {
namespace {

using storage::Database;

class TableSums : public RegistryTest {
 protected:
  TableSums() {
    for (const char* name : {"anna", "bert", "cleo"}) account(name);
    for (const char* sn : {"A", "B", "C"}) device(sn, "anna");
    EXPECT_TRUE(
        registry_->share_device({.sn = "A", .account = "bert", .rights = Rights::kMonitor}));
    EXPECT_TRUE(registry_->share_device({.sn = "B", .account = "cleo", .rights = Rights::kFull}));
    EXPECT_TRUE(registry_->remove_device("C"));
    EXPECT_TRUE(registry_->add_token({.name = "script", .account = "anna"}));
    EXPECT_TRUE(registry_->add_token(
        {.name = "card", .account = "anna", .scope = Scope::kCard, .device = "A"}));
    EXPECT_TRUE(registry_->set_password({.account = AccountId{1}, .hash = Secret("hash")}));
    EXPECT_TRUE(registry_->add_session({.account = AccountId{1}}));
    EXPECT_TRUE(registry_->add_bridge(
        {.name = "mirror", .kind = "mirror", .account = "anna", .settings = Secret("{}")}));
    registry_.reset();
    std::filesystem::copy(folder_.data(), folder_.path() / "good");
  }
  // Runs SQL on a connection without the checksum triggers.
  void change(const std::string& sql) {
    std::filesystem::remove_all(folder_.data());
    std::filesystem::copy(folder_.path() / "good", folder_.data());
    auto database = Database::open(folder_.data() / "registry.sqlite");
    ASSERT_TRUE(database);
    const Status changed =
        database->run("PRAGMA foreign_keys = off; PRAGMA writable_schema = on; " + sql);
    ASSERT_TRUE(changed) << sql << ": " << changed.error().detail;
  }
};

struct Damage {
  std::string sql;
  std::string_view said;
};

TEST_F(TableSums, EachChangeOfAColumnIsFoundInItsRow) {
  const std::vector<Damage> damages{
      {"UPDATE accounts SET id = 7 WHERE id = 3", "table accounts, id 7: its checksum is wrong"},
      {"UPDATE accounts SET name = 'anta' WHERE id = 1", "table accounts, id 1:"},
      {"UPDATE accounts SET certificate_account = 'open-1' WHERE id = 1", "table accounts, id 1:"},
      {"UPDATE accounts SET certificate_generation = 3 WHERE id = 1", "table accounts, id 1:"},
      {"UPDATE accounts SET gateway_generation = 0",
       "table accounts, id 1: its checksum is wrong, and those of 2 other rows of the table"},
      {"UPDATE access_keys SET account = 2 WHERE id = 1", "table access_keys, id 1:"},
      {"UPDATE access_keys SET access_key = 'x' WHERE id = 1", "table access_keys, id 1:"},
      {"UPDATE tokens SET scope = 2", "table tokens, id 1:"},
      {"UPDATE tokens SET expires_ms = 1", "table tokens, id 1:"},
      {"UPDATE tokens SET account = 2", "table tokens, id 1:"},
      {"UPDATE tokens SET hash = 'x' WHERE id = 1", "table tokens, id 1:"},
      {"UPDATE token_devices SET sn = 'B'", "table token_devices, token 2:"},
      {"UPDATE token_devices SET token = 1", "table token_devices, token 1:"},
      {"UPDATE passwords SET account = 2", "table passwords, account 2:"},
      {"UPDATE passwords SET hash = zeroblob(45)", "table passwords, account 1:"},
      {"UPDATE browser_sessions SET account = 2", "table browser_sessions, id 1:"},
      {"UPDATE browser_sessions SET hash = 'x'", "table browser_sessions, id 1:"},
      {"UPDATE browser_sessions SET signed_in_by = 2", "table browser_sessions, id 1:"},
      {"UPDATE browser_sessions SET client = 'x'", "table browser_sessions, id 1:"},
      {"UPDATE browser_sessions SET made_ms = 1", "table browser_sessions, id 1:"},
      {"UPDATE browser_sessions SET used_ms = 1", "table browser_sessions, id 1:"},
      {"UPDATE bridges SET id = 7", "table bridges, id 7:"},
      {"UPDATE bridges SET name = 'x'", "table bridges, id 1:"},
      {"UPDATE bridges SET kind = 'x'", "table bridges, id 1:"},
      {"UPDATE bridges SET account = 2", "table bridges, id 1:"},
      {"UPDATE bridges SET settings = zeroblob(65)", "table bridges, id 1:"},
      {"UPDATE bridges SET is_on = 0", "table bridges, id 1:"},
      {"UPDATE bridges SET made_ms = 1", "table bridges, id 1:"},
      {"UPDATE devices SET sn = 'Q' WHERE sn = 'A'", "table devices, id 1:"},
      {"UPDATE devices SET name = 'q' WHERE sn = 'A'", "table devices, id 1:"},
      {"UPDATE devices SET owner = 3 WHERE sn = 'A'", "table devices, id 1:"},
      {"UPDATE devices SET device_key = zeroblob(93) WHERE sn = 'A'", "table devices, id 1:"},
      {"UPDATE devices SET key_generation = 2 WHERE sn = 'B'", "table devices, id 2:"},
      {"UPDATE devices SET id = 6 WHERE sn = 'B'", "table devices, id 6:"},
      {"UPDATE shares SET rights = 2 WHERE device = 1", "table shares, device 1, account 2:"},
      {"UPDATE shares SET account = 3 WHERE device = 1", "table shares, device 1, account 3:"},
      {"UPDATE shares SET device = 2 WHERE device = 1", "table shares, device 2, account 2:"},
      {"UPDATE removed_devices SET id = 1", "table removed_devices, id 1:"},
      {"UPDATE revision SET number = number + 16", "table revision, one 1:"},
      {"UPDATE revision SET change = change + 1", "table revision, one 1:"},
      {"UPDATE numbers SET highest = 9 WHERE name = 'bridges'", "table numbers, name bridges:"},
      {"UPDATE seal_check SET sealed = zeroblob(8)", "table seal_check, one 1:"},
      {"UPDATE devices SET checksum = checksum + 1 WHERE sn = 'A'", "table devices, id 1:"},
  };
  for (const Damage& damage : damages) {
    change(damage.sql);
    const auto opened = Registry::open(folder_.data());
    ASSERT_FALSE(opened) << damage.sql;
    EXPECT_TRUE(opened.error().detail.contains(damage.said)) << opened.error().detail;
    EXPECT_TRUE(opened.error().detail.contains("registry.sqlite")) << opened.error().detail;
    EXPECT_TRUE(opened.error().detail.contains("back")) << "how to go on";
  }
}

// Each row by itself has a correct checksum.
TEST_F(TableSums, RowsThatGoOrComeBackAreFoundInTheirTable) {
  const std::vector<Damage> damages{
      {"DELETE FROM shares WHERE device = 2", "table shares has 1 rows instead of 2"},
      {"DELETE FROM access_keys WHERE id = 2", "table access_keys has 2 rows instead of 3"},
      {"DELETE FROM tokens", "table tokens has 0 rows instead of 2"},
      {"DELETE FROM token_devices", "table token_devices has 0 rows instead of 1"},
      {"DELETE FROM passwords", "table passwords has 0 rows instead of 1"},
      {"DELETE FROM browser_sessions", "table browser_sessions has 0 rows instead of 1"},
      {"DELETE FROM bridges", "table bridges has 0 rows instead of 1"},
      {"DELETE FROM removed_devices", "table removed_devices has 0 rows instead of 1"},
      {"DELETE FROM removed_devices; INSERT INTO removed_devices VALUES (2, row_checksum(5, 2))",
       "table removed_devices has rows that differ from what was written"},
      {"INSERT INTO shares VALUES (2, 2, 2, row_checksum(4, 2, 2, 2))",
       "table shares has 3 rows instead of 2"},
      {"DELETE FROM numbers WHERE name = 'accounts'", "table numbers has 5 rows instead of 6"},
      {"UPDATE table_sums SET sum = sum + 1 WHERE name = 'shares'",
       "table shares has rows that differ from what was written"},
      {"DELETE FROM table_sums WHERE name = 'devices'",
       "the expected rows of table devices are not known"},
      {"UPDATE sqlite_schema SET sql = replace(sql, 'scope = 3', 'scope = 2')",
       "the definitions of its tables were changed"},
      {"CREATE TRIGGER t AFTER INSERT ON shares BEGIN DELETE FROM shares; END",
       "the definitions of its tables were changed"},
  };
  for (const Damage& damage : damages) {
    change(damage.sql);
    const auto opened = Registry::open(folder_.data());
    ASSERT_FALSE(opened) << damage.sql;
    EXPECT_EQ(opened.error().code, ErrorCode::kDamaged) << damage.sql;
    EXPECT_TRUE(opened.error().detail.contains(damage.said)) << opened.error().detail;
    EXPECT_TRUE(opened.error().detail.contains("from a backup")) << opened.error().detail;
  }
}

// An index entry points to the wrong row: a lookup by this index would not find the right one.
TEST_F(TableSums, AnIndexThatKnowsOtherRowsIsDamage) {
  change("");
  const std::filesystem::path file = folder_.data() / "registry.sqlite";
  std::int64_t page = 0;
  std::int64_t size = 0;
  {
    auto database = Database::open(file);
    ASSERT_TRUE(database);
    ASSERT_TRUE(database->run("PRAGMA wal_checkpoint(truncate)"));
    page =
        *database->integer("SELECT rootpage FROM sqlite_schema WHERE name = 'shares_by_account'");
    size = *database->integer("PRAGMA page_size");
  }
  std::string bytes = content_of(file);
  bytes[static_cast<std::size_t>(page * size) - 2] ^= 2;  // in the first entry
  write_content(file, bytes);
  const auto opened = Registry::open(folder_.data());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kDamaged);
  EXPECT_TRUE(opened.error().detail.contains("shares_by_account")) << opened.error().detail;
}

TEST_F(TableSums, EachChangeOfOursKeepsThem) {
  const auto good = [this](const Status& done) {
    ASSERT_TRUE(done) << done.error().detail;
    reopen();
  };
  reopen();
  const std::string before = describe(*registry_->directory());
  EXPECT_TRUE(before.contains("owns A"));
  EXPECT_TRUE(registry_->add_keys("anna"));
  const auto keys = registry_->directory()->keys_of(AccountId{1});
  good(registry_->remove_key(keys.back()->access_key));
  EXPECT_TRUE(registry_->add_token({.name = "panel", .account = "bert", .scope = Scope::kControl}));
  good(registry_->remove_token(1));
  EXPECT_TRUE(registry_->add_token({.name = "script", .account = "anna"}));
  const auto set_password = [&](const PasswordChange& change) {
    const auto ended = registry_->set_password(change);
    good(ended ? Status() : std::unexpected(ended.error()));
  };
  set_password({.account = AccountId{1}, .hash = Secret("b"), .keeps_session = 1});
  set_password({.account = AccountId{2}, .hash = Secret("a")});
  EXPECT_TRUE(registry_->add_session({.account = AccountId{2}}));
  const std::string hash = registry_->directory()->sessions_of(AccountId{2}).front()->hash;
  good(registry_->use_session(hash, TimePoint{Millis(7)}));
  good(registry_->end_session(AccountId{1}, 1));
  EXPECT_TRUE(registry_->add_bridge({.name = "meter", .kind = "meter", .account = "bert"}));
  good(registry_->change_bridge({.name = "mirror", .settings = Secret("{ }"), .is_on = false}));
  good(registry_->remove_bridge("meter"));
  EXPECT_TRUE(registry_->rotate_certificate("anna"));
  EXPECT_TRUE(registry_->rotate_gateway("bert"));
  EXPECT_TRUE(registry_->rotate_device("A"));
  good(registry_->rename_device({.sn = "A", .name = "attic"}));
  good(registry_->share_device({.sn = "A", .account = "bert", .rights = Rights::kFull}));
  good(registry_->share_device({.sn = "A", .account = "cleo", .rights = Rights::kMonitor}));
  good(registry_->share_device({.sn = "B", .account = "cleo", .rights = Rights::kNone}));
  // Moving the device also removes its shares.
  EXPECT_TRUE(registry_->move_device({.sn = "A", .owner = "bert"}));
  reopen();
  EXPECT_TRUE(
      registry_->move_device({.sn = "B", .owner = "cleo", .history = MovedHistory::kGoesAlong}));
  good(registry_->share_device({.sn = "B", .account = "anna", .rights = Rights::kFull}));
  // Also removes the account's keys, its token, its bridge and the shares it was given.
  good(registry_->remove_account("anna"));
  good(registry_->remove_device("B"));
  good(registry_->reserve_device_numbers(40));
  good(registry_->purge_devices(std::vector<std::int64_t>{17, 18}));
  good(registry_->purge_devices(std::vector<std::int64_t>{17}));
  device("D", "cleo");
  reopen();
  EXPECT_EQ(registry_->directory()->find_device("D")->number, 41);
}

TEST_F(TableSums, AChangeThatIsRefusedLeavesThem) {
  reopen();
  account("dora");
  EXPECT_FALSE(registry_->add_account({.name = "dora"}));
  EXPECT_FALSE(registry_->add_device({.sn = "A", .name = "again", .owner = "dora"}));
  const std::vector<DeviceSpec> some{{.sn = "E", .name = "E", .owner = "dora"},
                                     {.sn = "A", .name = "A", .owner = "dora"}};
  EXPECT_FALSE(registry_->add_devices(some));
  reopen();
  device("E", "dora");
  reopen();
}

}  // namespace
}  // namespace gridloom::registry
