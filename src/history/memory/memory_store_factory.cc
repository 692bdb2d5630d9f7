#include "history/memory/memory_store_factory.h"

#include <string>

#include "history/memory/memory_retention_store.h"
#include "history/memory/memory_store.h"
#include "history/memory/memory_tables.h"

namespace gridloom::history {
namespace {

class MemoryStoreFactory final : public StoreFactory {
 public:
  Result<Opened> open() override { return Opened{.store = std::make_unique<MemoryStore>(tables_)}; }
  Result<std::unique_ptr<StoreReader>> open_reader() override {
    return std::make_unique<MemoryStore>(tables_);
  }
  Result<std::unique_ptr<RetentionStore>> open_retention() override {
    return std::make_unique<MemoryRetentionStore>(tables_);
  }
  Result<std::string> verify(const std::stop_token& /*stop*/) override { return std::string(); }
  [[nodiscard]] std::size_t damaged_rows() const override { return 0; }
  [[nodiscard]] Error with_remedy(Error error) const override { return error; }

 private:
  const std::shared_ptr<MemoryTables> tables_ = std::make_shared<MemoryTables>();
};

}  // namespace

std::shared_ptr<StoreFactory> memory_store_factory() {
  return std::make_shared<MemoryStoreFactory>();
}

}  // namespace gridloom::history
