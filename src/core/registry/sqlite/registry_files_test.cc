// Tests the registry's files: their permissions, two processes on one folder, and the errors at
// start for files that are lost, old or damaged.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/test_registry.h"
#include "storage/sqlite.h"
#include "testing/failing_reads.h"
#include "testing/must.h"

namespace gridloom::registry {
namespace {

using storage::Database;

TEST_F(RegistryTest, TwoProcessesSeeEachOthersChangesWithTheirOwnNextOne) {
  Result<std::unique_ptr<Registry>> other = Registry::open(folder_.data());
  ASSERT_TRUE(other);
  account("anna");
  EXPECT_EQ((*other)->directory()->accounts().size(), 0U);
  int heard = 0;
  (*other)->on_change([&heard] { ++heard; });
  // Refused because of a change by the first process, which the second one loads on the way.
  expect_fault((*other)->add_account({.name = "anna"}), ErrorCode::kConflict,
               "account 'anna' exists already");
  EXPECT_EQ(heard, 1);
  ASSERT_TRUE((*other)->add_device({.sn = "A", .name = "A", .owner = "anna"}));
  device("B", "anna");
  EXPECT_EQ(registry_->directory()->devices().size(), 2U);
  ASSERT_TRUE((*other)->add_account({.name = "bert"}));
  account("cleo");
  ASSERT_TRUE((*other)->rename_device({.sn = "A", .name = "same"}));
  ASSERT_TRUE(registry_->rename_device({.sn = "B", .name = "same"}));
  ASSERT_TRUE((*other)->rename_device({.sn = "B", .name = "same"}));
  EXPECT_EQ(describe(*registry_->directory()), describe(*(*other)->directory()));
}

// One damaged bit of a write-ahead log takes all changes behind it.
TEST_F(RegistryTest, NoChangeStaysInTheWriteAheadLog) {
  const std::filesystem::path wal = folder_.data() / "registry.sqlite-wal";
  account("anna");
  EXPECT_EQ(std::filesystem::file_size(wal), 0);
  device("A", "anna");
  EXPECT_EQ(std::filesystem::file_size(wal), 0);
  ASSERT_TRUE(registry_->rename_device({.sn = "A", .name = "another"}));
  EXPECT_EQ(std::filesystem::file_size(wal), 0);
  // As a kill leaves the file, or an earlier version.
  const std::filesystem::path file = folder_.data() / "registry.sqlite";
  {
    Database database = must(Database::open(file));
    must(database.run("CREATE TABLE t (x); DROP TABLE t"));
    EXPECT_GT(std::filesystem::file_size(wal), 0);
    reopen();
  }
  EXPECT_EQ(std::filesystem::file_size(wal), 0);
}

TEST_F(RegistryTest, AReadThatFailsIsNoDamage) {
  account("anna");
  device("A", "anna");
  const std::string before = describe(*registry_->directory());
  registry_.reset();
  for (const std::uint64_t times : {std::uint64_t{1}, FailingReads::kForEver}) {
    bool has_failed = true;
    for (std::uint64_t at = 1; has_failed; ++at) {
      const FailingReads reads({.at = at, .times = times});
      const auto opened = Registry::open(folder_.data());
      if (opened) {
        EXPECT_EQ(describe(*(*opened)->directory()), before) << at;
        EXPECT_EQ((*opened)->setback(), "") << at;
      } else {
        EXPECT_EQ(opened.error().code, ErrorCode::kIo) << at << opened.error().detail;
        EXPECT_FALSE(opened.error().detail.contains("backup")) << opened.error().detail;
      }
      has_failed = reads.has_failed();
      ASSERT_FALSE(HasFailure()) << at;
    }
  }
  reopen();
  EXPECT_EQ(describe(*registry_->directory()), before);
}

TEST_F(RegistryTest, FilesArePrivateWhateverTheUmask) {
  registry_.reset();
  std::filesystem::remove_all(folder_.data());
  const mode_t before = ::umask(0);
  reopen();
  account("anna");
  ::umask(before);
  EXPECT_EQ(mode_of(folder_.data()), 0700U);
  for (const std::string_view name :
       {"registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm", "secret.key"}) {
    EXPECT_EQ(mode_of(folder_.data() / name), 0600U) << name;
  }
  registry_.reset();
  std::filesystem::permissions(folder_.data() / "registry.sqlite", std::filesystem::perms{0644});
  reopen();
  EXPECT_EQ(mode_of(folder_.data() / "registry.sqlite"), 0600U);
}

TEST_F(RegistryTest, NoSecretStandsInTheFilesAsItIs) {
  ASSERT_TRUE(registry_->add_account(
      {.name = "anna", .access_key = "public-access-key", .secret_key = "a-very-secret-key"}));
  ASSERT_TRUE(registry_->add_device(
      {.sn = "SN1", .name = "attic", .owner = "anna", .key = "very-secret-device"}));
  ASSERT_TRUE(registry_->add_bridge({.name = "mirror",
                                     .kind = "mirror",
                                     .account = "anna",
                                     .settings = Secret("{\"key\":\"very-secret-bridge\"}")}));
  ASSERT_TRUE(registry_->rotate_certificate("anna"));
  const auto directory = registry_->directory();
  const Account* anna = directory->find_account_by_name("anna");
  const auto check = [&] {
    std::string bytes;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.data())) {
      bytes += content_of(entry.path());
    }
    EXPECT_TRUE(bytes.contains("public-access-key")) << "or this test looks in the wrong place";
    EXPECT_FALSE(bytes.contains("very-secret"));
    EXPECT_FALSE(bytes.contains(anna->certificate_password.reveal()));
    EXPECT_FALSE(bytes.contains(anna->gateway_key.reveal()));
  };
  check();
  registry_.reset();
  check();
}

TEST_F(RegistryTest, AWrongOrMissingKeyFileIsRefusedWithTheRemedy) {
  account("anna");
  registry_.reset();
  const std::filesystem::path key = folder_.data() / "secret.key";
  const std::string original = content_of(key);
  const auto refused = [this](ErrorCode kind, std::string_view words) {
    const Result<std::unique_ptr<Registry>> opened = Registry::open(folder_.data());
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, kind);
    EXPECT_TRUE(opened.error().detail.contains(words)) << opened.error().detail;
  };
  write_content(key, std::string(32, 'x'));
  refused(ErrorCode::kMalformed, "restore the original key file");
  std::filesystem::permissions(key, std::filesystem::perms{0644});
  refused(ErrorCode::kIo, "chmod 600 " + key.string());
  std::filesystem::remove(key);
  refused(ErrorCode::kNotFound, "secret.key is missing");
  EXPECT_FALSE(std::filesystem::exists(key));
  write_content(key, original);
  std::filesystem::permissions(key, std::filesystem::perms{0600});
  reopen();
  EXPECT_NE(registry_->directory()->find_account_by_name("anna"), nullptr);
}

TEST_F(RegistryTest, AFileThatIsNoDatabaseIsRefusedAndKept) {
  registry_.reset();
  const std::filesystem::path file = folder_.data() / "registry.sqlite";
  const std::string rubbish(5000, 'r');
  write_content(file, rubbish);
  const Result<std::unique_ptr<Registry>> opened = Registry::open(folder_.data());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kDamaged);
  EXPECT_TRUE(opened.error().detail.contains(file.string())) << opened.error().detail;
  EXPECT_TRUE(opened.error().detail.contains("from a backup")) << opened.error().detail;
  EXPECT_EQ(content_of(file), rubbish);
}

// A database without its write-ahead log looks to SQLite like one whose log's first frame is bad.
TEST_F(RegistryTest, ALostRegistryBesideOtherDataIsRefusedWithTheRemedy) {
  account("anna");
  registry_.reset();
  const std::filesystem::path file = folder_.data() / "registry.sqlite";
  const std::string original = content_of(file);
  for (const char* other : {"history.db", "sessions.db", "log"}) {
    write_content(folder_.data() / other, "x");
    Result<Database> empty = [&] {
      write_content(file, "");
      return Database::open(file);
    }();
    ASSERT_TRUE(empty && empty->run("CREATE TABLE t (a); DROP TABLE t;"));
    empty = fail(ErrorCode::kInternal, "closed");
    const std::string no_tables = content_of(file);
    for (const std::optional<std::string>& content :
         {std::optional<std::string>(), std::optional<std::string>(""),
          std::optional<std::string>(no_tables)}) {
      if (content) {
        write_content(file, *content);
      } else {
        std::filesystem::remove(file);
      }
      const Result<std::unique_ptr<Registry>> opened = Registry::open(folder_.data());
      ASSERT_FALSE(opened) << other;
      EXPECT_EQ(opened.error().code, ErrorCode::kNotFound);
      EXPECT_TRUE(opened.error().detail.contains("restore registry.sqlite"))
          << opened.error().detail;
      EXPECT_EQ(std::filesystem::exists(file), content.has_value());
    }
    std::filesystem::remove(folder_.data() / other);
  }
  write_content(file, original);
  write_content(folder_.data() / "history.db", "x");
  reopen();
  EXPECT_NE(registry_->directory()->find_account_by_name("anna"), nullptr);
}

TEST_F(RegistryTest, AFirstStartThatWasCutOffBeginsAgain) {
  registry_.reset();
  std::filesystem::remove(folder_.data() / "registry.sqlite");
  reopen();
  std::filesystem::remove(folder_.data() / "registry.sqlite");
  write_content(folder_.data() / "registry.sqlite", "");
  reopen();
}

TEST_F(RegistryTest, WithoutRegistryAndKeyANewRegistryIsCreated) {
  account("anna");
  registry_.reset();
  write_content(folder_.data() / "history.db", "x");
  std::filesystem::remove(folder_.data() / "registry.sqlite");
  std::filesystem::remove(folder_.data() / "secret.key");
  reopen();
  EXPECT_TRUE(registry_->setback().contains("not the registry that was in this folder"))
      << registry_->setback();
}

TEST_F(RegistryTest, ARemovedDevicesNumberIsRememberedAndNeverGivenAgain) {
  using Numbers = std::vector<std::int64_t>;
  account("anna");
  for (const char* sn : {"R331TEST0000001", "R331TEST0000002", "R331TEST0000003"}) {
    device(sn, "anna");
  }
  EXPECT_EQ(registry_->removed_devices(), Numbers{});
  ASSERT_TRUE(registry_->remove_device("R331TEST0000002"));
  ASSERT_TRUE(registry_->remove_device("R331TEST0000003"));
  reopen();
  EXPECT_EQ(registry_->removed_devices(), (Numbers{2, 3}));
  device("R331TEST0000003", "anna");
  EXPECT_EQ(registry_->directory()->find_device("R331TEST0000003")->number, 4);
  EXPECT_EQ(registry_->purge_devices(Numbers{9, 1}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(registry_->removed_devices(), (Numbers{2, 3})) << "all of them or none";
  ASSERT_TRUE(registry_->purge_devices(Numbers{9, 2}));
  EXPECT_EQ(registry_->removed_devices(), (Numbers{2, 3, 9}));
}

TEST_F(RegistryTest, AMovedDeviceLeavesItsOldNumberUnlessItsHistoryGoesAlong) {
  using Numbers = std::vector<std::int64_t>;
  account("anna");
  account("bert");
  device("A", "anna");
  ASSERT_TRUE(
      registry_->move_device({.sn = "A", .owner = "bert", .history = MovedHistory::kGoesAlong}));
  EXPECT_EQ(registry_->removed_devices(), Numbers{});
  EXPECT_EQ(registry_->directory()->find_device("A")->number, 1);
  ASSERT_TRUE(registry_->move_device({.sn = "A", .owner = "anna"}));
  reopen();
  EXPECT_EQ(registry_->removed_devices(), Numbers{1});
  EXPECT_EQ(registry_->directory()->find_device("A")->number, 2);
}

TEST_F(RegistryTest, NumbersThatAreKnownElsewhereAreNotGiven) {
  account("anna");
  ASSERT_TRUE(registry_->reserve_device_numbers(41));
  device("R331TEST0000001", "anna");
  EXPECT_EQ(registry_->directory()->find_device("R331TEST0000001")->number, 42);
  ASSERT_TRUE(registry_->reserve_device_numbers(7));
  reopen();
  device("R331TEST0000002", "anna");
  EXPECT_EQ(registry_->directory()->find_device("R331TEST0000002")->number, 43);
}

// The effect of a damaged write-ahead log, and of an old copy that was restored.
TEST_F(RegistryTest, AnOlderRegistryIsReportedUntilItIsAcceptedOrReplaced) {
  account("anna");
  registry_.reset();
  const std::filesystem::path file = folder_.data() / "registry.sqlite";
  const std::string old = content_of(file);
  reopen();
  EXPECT_EQ(registry_->setback(), "");
  account("berta");
  account("carla");
  registry_.reset();
  const std::string newest = content_of(file);

  write_content(file, old);
  reopen();
  EXPECT_TRUE(registry_->setback().contains("last 2 changes are missing")) << registry_->setback();
  // Making as many changes as are missing, or more, does not end the setback.
  for (const char* name : {"d1", "d2", "d3"}) account(name);
  reopen();
  EXPECT_NE(registry_->setback(), "");

  registry_.reset();
  const std::string forked = content_of(file);
  write_content(file, newest);
  reopen();
  EXPECT_EQ(registry_->setback(), "");

  registry_.reset();
  write_content(file, forked);
  reopen();
  EXPECT_NE(registry_->setback(), "");
  registry_->accept_setback();
  EXPECT_EQ(registry_->setback(), "");
  reopen();
  EXPECT_EQ(registry_->setback(), "");
}

TEST_F(RegistryTest, ADamagedMemoryOfTheRegistryTellsNothing) {
  account("anna");
  registry_.reset();
  const std::filesystem::path seen = folder_.data() / "registry.seen";
  const std::string whole = content_of(seen);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    for (const std::string& content : {damaged, whole.substr(0, i)}) {
      write_content(seen, content);
      reopen();
      EXPECT_EQ(registry_->setback(), "") << content;
      registry_.reset();
      EXPECT_EQ(content_of(seen), whole);
    }
  }
}

}  // namespace
}  // namespace gridloom::registry
