// Runs the suites of history's storage over the one in memory.
#include "history/memory/test_memory_store_factory.h"
#include "history/store/test_store_suite.h"

namespace gridloom::history {
namespace {

std::shared_ptr<StoreFactory> make(const std::filesystem::path& /*data*/) {
  return memory_store_factory();
}

const auto kImplementation = testing::Values(StoreImplementation{.name = "memory", .make = make});

INSTANTIATE_TEST_SUITE_P(Memory, StoreConformance, kImplementation);
INSTANTIATE_TEST_SUITE_P(Memory, RetentionStoreConformance, kImplementation);
INSTANTIATE_TEST_SUITE_P(Memory, RetentionTest, kImplementation);
INSTANTIATE_TEST_SUITE_P(Memory, WrongClockTest, kImplementation);

}  // namespace
}  // namespace gridloom::history
