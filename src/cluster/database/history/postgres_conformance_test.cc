// Runs the suites of history's storage over the one in PostgreSQL.
#include "base/clock.h"
#include "database/history/postgres_store_factory.h"
#include "history/store/test_store_suite.h"
#include "postgres/test_server.h"

namespace gridloom::history {
namespace {

// The schema is dropped when the last of its users is gone.
std::shared_ptr<StoreFactory> make(const std::filesystem::path& /*data*/) {
  struct Both {
    postgres::TestDatabase database;
    std::shared_ptr<StoreFactory> factory;
  };
  static const SystemClock kClock;
  auto both = std::make_shared<Both>();
  both->factory = postgres_store_factory(both->database.settings(), {.clock = &kClock});
  return {both, both->factory.get()};
}

// None if PostgreSQL is not installed.
std::vector<StoreImplementation> implementations() {
  if (postgres::TestServer::programs().empty()) return {};
  return {{.name = "postgres", .make = make}};
}

const auto kImplementation = testing::ValuesIn(implementations());

INSTANTIATE_TEST_SUITE_P(Postgres, StoreConformance, kImplementation);
INSTANTIATE_TEST_SUITE_P(Postgres, RetentionStoreConformance, kImplementation);
INSTANTIATE_TEST_SUITE_P(Postgres, RetentionTest, kImplementation);
INSTANTIATE_TEST_SUITE_P(Postgres, WrongClockTest, kImplementation);

}  // namespace
}  // namespace gridloom::history
