#include "database/history/postgres_store_factory.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <string>
#include <utility>

#include "database/history/months.h"
#include "database/history/postgres_retention_store.h"
#include "database/history/postgres_store.h"
#include "database/history/schema.h"
#include "database/history/sql_views.h"
#include "database/history/table_check.h"
#include "postgres/pool.h"

namespace gridloom::history {
namespace {

using postgres::Connection;
using postgres::Pool;

// A check reads everything.
constexpr Millis kCheckTimeout = std::chrono::hours(6);
// Connections of each kind: one is in use, and another while a store is opened again.
constexpr std::size_t kMostWriters = 2;
constexpr std::size_t kMostReaders = 8;

// A standby that takes over is behind by less than this, or somebody was warned long ago.
constexpr Millis kFailover{10 * 60'000};

class PostgresStoreFactory final : public StoreFactory {
 public:
  PostgresStoreFactory(postgres::ConnectionSettings settings, PostgresStoreOptions options)
      : settings_(std::move(settings)),
        options_(std::move(options)),
        writers_(pool("history writer", kMostWriters)),
        readers_(pool("history reader", kMostReaders)),
        removers_(pool("history retention", kMostWriters)) {}

  Result<Opened> open() override;
  Result<std::unique_ptr<StoreReader>> open_reader() override {
    return std::make_unique<PostgresStore>(readers_);
  }
  Result<std::unique_ptr<RetentionStore>> open_retention() override {
    return std::make_unique<PostgresRetentionStore>(removers_, options_.fence);
  }
  Result<std::vector<std::filesystem::path>> backup(const std::filesystem::path& /*folder*/,
                                                    const std::stop_token& /*stop*/) override {
    return std::vector<std::filesystem::path>();
  }
  Result<StoreCheck> check(Writers writers) override;
  Result<std::string> verify(const std::stop_token& stop) override;
  [[nodiscard]] std::size_t damaged_rows() const override { return 0; }
  [[nodiscard]] Error with_remedy(Error error) const override;
  [[nodiscard]] Millis keeps_records() const override { return kFailover; }

 private:
  [[nodiscard]] std::shared_ptr<Pool> pool(std::string_view job, std::size_t most) const {
    return std::make_shared<Pool>(settings_, Pool::Options{.job = std::string(job),
                                                           .most = most,
                                                           .connection = options_.connection,
                                                           .clock = *options_.clock});
  }
  static void warn_of_settings(Connection& connection);

  const postgres::ConnectionSettings settings_;
  const PostgresStoreOptions options_;
  const std::shared_ptr<Pool> writers_;
  const std::shared_ptr<Pool> readers_;
  const std::shared_ptr<Pool> removers_;
};

// Once: the slots of a node have the same database, and are opened again and again.
void PostgresStoreFactory::warn_of_settings(Connection& connection) {
  static std::atomic<bool> has_warned{false};
  if (has_warned) return;
  const auto rows = connection.query(
      "SELECT current_setting('data_checksums') = 'off', current_setting('fsync') = 'off'");
  if (!rows || rows->empty() || has_warned.exchange(true)) return;
  if ((*rows)[0].boolean(0)) {
    spdlog::warn(
        "the database has no data checksums, so that it does not notice a damaged page; "
        "pg_checksums --enable adds them while it is stopped");
  }
  if ((*rows)[0].boolean(1)) {
    spdlog::warn("the database runs with fsync=off: it loses data when its machine fails");
  }
}

Result<StoreFactory::Opened> PostgresStoreFactory::open() {
  {
    GL_TRY(auto connection, writers_->acquire());
    GL_TRY(migrate_history(*connection));
    GL_TRY(make_sql_views(*connection));
    GL_TRY(make_months_ahead(*connection));
    warn_of_settings(*connection);
  }
  return Opened{.store = std::make_unique<PostgresStore>(writers_, options_.fence)};
}

Result<StoreCheck> PostgresStoreFactory::check(Writers /*writers*/) {
  Connection::Options options = options_.connection;
  options.call_timeout = kCheckTimeout;
  GL_TRY(auto connection, Connection::open(settings_, options));
  return check_tables(connection);
}

Result<std::string> PostgresStoreFactory::verify(const std::stop_token& /*stop*/) {
  GL_TRY(auto connection, readers_->acquire());
  GL_TRY(const auto failures,
         connection->integer("SELECT coalesce(checksum_failures, 0) FROM pg_stat_database "
                             "WHERE datname = current_database()"));
  if (failures == 0) return std::string();
  return fmt::format(
      "the database has met pages with a wrong checksum, {} times: stored data may be missing in "
      "answers",
      failures);
}

Error PostgresStoreFactory::with_remedy(Error error) const {
  if (error.code != ErrorCode::kDamaged) return error;
  error.detail += "; restore the database from a backup";
  return error;
}

}  // namespace

std::shared_ptr<StoreFactory> postgres_store_factory(postgres::ConnectionSettings settings,
                                                     const PostgresStoreOptions& options) {
  return std::make_shared<PostgresStoreFactory>(std::move(settings), options);
}

}  // namespace gridloom::history
