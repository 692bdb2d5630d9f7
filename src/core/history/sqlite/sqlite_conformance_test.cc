// Runs the suites of history's storage over the one in SQLite.
#include "history/sqlite/sqlite_store_factory.h"
#include "history/store/test_store_suite.h"
#include "storage/files.h"

namespace gridloom::history {
namespace {

std::shared_ptr<StoreFactory> make(const std::filesystem::path& data) {
  must(storage::make_data_folder(data));
  return sqlite_store_factory(data);
}

const auto kImplementation = testing::Values(StoreImplementation{.name = "sqlite", .make = make});

INSTANTIATE_TEST_SUITE_P(Sqlite, StoreConformance, kImplementation);
INSTANTIATE_TEST_SUITE_P(Sqlite, RetentionStoreConformance, kImplementation);
INSTANTIATE_TEST_SUITE_P(Sqlite, RetentionTest, kImplementation);
INSTANTIATE_TEST_SUITE_P(Sqlite, WrongClockTest, kImplementation);

}  // namespace
}  // namespace gridloom::history
