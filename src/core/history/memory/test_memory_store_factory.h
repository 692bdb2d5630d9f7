// History's storage in the memory of the process, for tests. It is lost when the factory and all
// its connections are gone, and nothing in it is ever damaged.
#pragma once

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/memory/test_memory_retention_store.h"
#include "history/memory/test_memory_store.h"
#include "history/memory/test_memory_tables.h"
#include "history/store/store_factory.h"

namespace gridloom::history {

// Parts of the functions below.
namespace memory {

inline StoreCheck count_rows(MemoryTables& tables) {
  const MemoryTables::View view(tables);
  const MemoryRows& all = *view;
  StoreCheck found;
  for (const auto& [number, device] : all.devices) {
    found.blocks += device->chunks.size();
    found.rows += device->rollups.size() + device->energies.size() + (device->twin ? 1U : 0U);
  }
  found.rows += found.blocks + all.names->size() + all.audit->size() + all.taken->size() +
                all.running_days->size();
  found.applied = all.applied;
  for (const auto& [of, record] : *all.taken) {
    found.some_applied = std::max(found.some_applied, record);
  }
  return found;
}

class MemoryStoreFactory final : public StoreFactory {
 public:
  explicit MemoryStoreFactory(std::function<Status()> on_write) : on_write_(std::move(on_write)) {}

  Result<Opened> open() override {
    return Opened{.store = std::make_unique<MemoryStore>(tables_, on_write_)};
  }
  Result<std::unique_ptr<StoreReader>> open_reader() override {
    return std::make_unique<MemoryStore>(tables_);
  }
  Result<std::unique_ptr<RetentionStore>> open_retention() override {
    return std::make_unique<MemoryRetentionStore>(tables_);
  }
  Result<std::vector<std::filesystem::path>> backup(const std::filesystem::path& /*folder*/,
                                                    const std::stop_token& /*stop*/) override {
    return std::vector<std::filesystem::path>();
  }
  Result<StoreCheck> check(Writers /*writers*/) override { return count_rows(*tables_); }
  Result<std::string> verify(const std::stop_token& /*stop*/) override { return std::string(); }
  [[nodiscard]] std::size_t damaged_rows() const override { return 0; }
  [[nodiscard]] Error with_remedy(Error error) const override { return error; }

 private:
  const std::function<Status()> on_write_;
  const std::shared_ptr<MemoryTables> tables_ = std::make_shared<MemoryTables>();
};

}  // namespace memory

// `on_write` is called before each Store::write(), which returns its error, if it has one: a
// storage that is away for a while. Empty: none ever is.
[[nodiscard]] inline std::shared_ptr<StoreFactory> memory_store_factory(
    std::function<Status()> on_write = {}) {
  return std::make_shared<memory::MemoryStoreFactory>(std::move(on_write));
}

}  // namespace gridloom::history
