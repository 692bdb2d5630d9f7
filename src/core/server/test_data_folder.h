// Fixture for tests of what a start finds in a data folder: three devices of an account, each with
// history. Test-only.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "history/archive.h"
#include "journal/batch.h"
#include "registry/registry.h"
#include "server/saved_state.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::server {

using Numbers = std::vector<std::int64_t>;

// A data folder with the accounts and devices of a server, opened as at start.
class DataFolderTest : public testing::Test {
 protected:
  DataFolderTest() {
    open();
    must(registry->add_account({.name = "anna"}));
    for (const char* sn : {"R331TEST0000001", "R331TEST0000002", "R331TEST0000003"}) {
      must(registry->add_device({.sn = sn, .name = sn, .owner = "anna"}));
    }
    for (const std::int64_t number : {1, 2, 3}) report(number);
  }
  void open() {
    registry = must(registry::Registry::open(folder.data()));
    archive = must(history::Archive::open({.data = folder.data(), .clock = &clock}));
    must(reconcile(*registry, *archive, clock));
    archive->start({});
  }
  void close() {
    archive.reset();
    registry.reset();
  }
  void report(std::int64_t number) {
    journal::BatchWriter writer;
    writer.begin(number, unix_ms(clock.now()));
    writer.add("a", "1");
    writer.end();
    archive->append(journal::RecordKind::kReports, writer.take(), {});
  }
  // The devices that still have history after everything is stored and purged.
  Numbers kept() {
    close();
    open();
    close();
    const auto again = must(history::Archive::open({.data = folder.data(), .clock = &clock}));
    return must(again->devices());
  }
  // A removed device's history is purged while the archive runs. An interrupted purge continues
  // after the next start, and there is no event for its end.
  bool comes_to(const Numbers& wanted) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < until) {
      if (kept() == wanted) return true;
      open();
    }
    return false;
  }
  void lose_registry() {
    close();
    std::filesystem::remove(folder.data() / "secret.key");
    for (const std::filesystem::path& file : files_of_registry()) std::filesystem::remove(file);
    open();
  }

  // The files of its store, and not registry.seen, the last revision that a server saw.
  [[nodiscard]] std::vector<std::filesystem::path> files_of_registry() const {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder.data())) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("registry.") && name != "registry.seen") files.push_back(entry.path());
    }
    return files;
  }

  TemporaryFolder folder;
  SystemClock clock;
  std::unique_ptr<registry::Registry> registry;
  std::unique_ptr<history::Archive> archive;
};

}  // namespace gridloom::server
