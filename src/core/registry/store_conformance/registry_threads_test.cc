// Tests readers, writers and a second connection at once: no torn reads, no lost changes. Most
// useful under ThreadSanitizer.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "registry/registry.h"
#include "registry/store_conformance/test_stores.h"

namespace gridloom::registry {
namespace {

constexpr int kRounds = 100;

class RegistryThreads : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override {
    if (!GetParam().missing().empty()) GTEST_SKIP() << GetParam().missing();
    stored_ = GetParam().make();
  }

  std::unique_ptr<StoredRegistry> stored_;
};
INSTANTIATE_TEST_SUITE_P(Stores, RegistryThreads, testing::ValuesIn(store_kinds()), name_of_kind);

// Whether lookups of the directory's entries return the same pointers as its lists.
bool is_consistent(const Directory& directory) {
  for (const Account* account : directory.accounts()) {
    for (const Device* device : directory.devices_of(account->id)) {
      if (directory.find_device(device->sn) != device) return false;
      if (Directory::rights(account->id, *device) != Rights::kOwner) return false;
    }
    for (const Device* device : directory.shared_with(account->id)) {
      if (directory.find_device(device->sn) != device) return false;
      const Rights rights = Directory::rights(account->id, *device);
      if (rights != Rights::kMonitor && rights != Rights::kFull) return false;
    }
    for (const AccessKey* key : directory.keys_of(account->id)) {
      if (directory.find_key(key->access_key) != key) return false;
    }
  }
  return true;
}

TEST_P(RegistryThreads, ReadersSeeWholeDirectoriesWhileAWriterChangesThem) {
  const std::unique_ptr<Registry> registry = stored_->open();
  ASSERT_TRUE(registry->add_account({.name = "anna"}));
  ASSERT_TRUE(registry->add_account({.name = "bert"}));
  std::atomic<bool> finished = false;
  std::atomic<int> broken = 0;
  std::atomic<int> heard = 0;
  registry->on_change([&heard] { ++heard; });
  const auto first = registry->directory();
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!finished) {
        const auto directory = registry->directory();
        if (!is_consistent(*directory) || !is_consistent(*first)) ++broken;
        if (!first->devices().empty()) ++broken;
      }
    });
  }
  for (int i = 0; i < kRounds; ++i) {
    const std::string sn = fmt::format("SN{}", i);
    EXPECT_TRUE(registry->add_device({.sn = sn, .name = sn, .owner = "anna"}));
    EXPECT_TRUE(registry->share_device({.sn = sn, .account = "bert"}));
    if (i % 3 == 0) EXPECT_TRUE(registry->move_device({.sn = sn, .owner = "bert"}));
    if (i % 5 == 0) EXPECT_TRUE(registry->remove_device(sn));
  }
  finished = true;
  readers.clear();
  EXPECT_EQ(broken, 0);
  EXPECT_EQ(heard, 2 * kRounds + (kRounds + 2) / 3 + kRounds / 5);
  EXPECT_EQ(registry->directory()->devices().size(), static_cast<std::size_t>(kRounds * 4 / 5));
}

TEST_P(RegistryThreads, WritersOfTwoConnectionsWaitForEachOther) {
  const std::unique_ptr<Registry> first = stored_->open();
  const std::unique_ptr<Registry> second = stored_->open();
  ASSERT_TRUE(first->add_account({.name = "anna"}));
  std::atomic<int> failed = 0;
  std::atomic<int> won = 0;
  std::vector<std::jthread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      Registry& registry = writer % 2 == 0 ? *first : *second;
      for (int i = 0; i < kRounds / 4; ++i) {
        const std::string own = fmt::format("W{}-{}", writer, i);
        if (!registry.add_device({.sn = own, .name = own, .owner = "anna"})) ++failed;
        const std::string wanted_by_all = fmt::format("ALL-{}", i);
        if (registry.add_device({.sn = wanted_by_all, .name = own, .owner = "anna"})) ++won;
      }
    });
  }
  writers.clear();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(won, kRounds / 4) << "each serial number has one winner";
  const std::unique_ptr<Registry> third = stored_->open();
  EXPECT_EQ(third->directory()->devices().size(), static_cast<std::size_t>(kRounds + kRounds / 4));
  EXPECT_TRUE(is_consistent(*third->directory()));
}

TEST_P(RegistryThreads, FirstStartsAtOnceAgreeOnOneKey) {
  std::atomic<int> failed = 0;
  std::vector<std::jthread> starts;
  for (int i = 0; i < 4; ++i) {
    starts.emplace_back([&, i] {
      const std::unique_ptr<Registry> registry = stored_->open();
      if (!registry->add_account({.name = fmt::format("account {}", i)})) ++failed;
    });
  }
  starts.clear();
  EXPECT_EQ(failed, 0);
  const std::unique_ptr<Registry> registry = stored_->open();
  EXPECT_EQ(registry->directory()->accounts().size(), 4U);
}

}  // namespace
}  // namespace gridloom::registry
