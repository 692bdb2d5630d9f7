#include "database/history/postgres_store_factory.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <array>
#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "database/history/months.h"
#include "database/history/postgres_companion.h"
#include "database/history/schema.h"
#include "database/history/sql_views.h"
#include "database/history/store_connection.h"
#include "history/store/damaged_rows.h"
#include "history/store/row_retention.h"
#include "history/store/rows_check.h"
#include "postgres/pool.h"

namespace gridloom::history {
namespace {

using postgres::Connection;
using postgres::Pool;

// A check reads everything.
constexpr Millis kCheckTimeout = std::chrono::hours(6);
constexpr std::array<std::string_view, 2> kCounted{"reading_quarter", "energy_quarter"};
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
    return open_postgres_store(readers_);
  }
  Result<std::unique_ptr<RetentionStore>> open_retention() override {
    auto connection = std::make_shared<StoreConnection>(removers_);
    auto companion = std::make_unique<PostgresCompanion>(*connection, options_.fence);
    return std::make_unique<RowRetention>(std::move(connection), std::move(companion), damaged_);
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
  const std::shared_ptr<DamagedRows> damaged_ = std::make_shared<DamagedRows>();  // of no rows
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
    GL_TRY(make_history_tables(*connection));
    GL_TRY(make_sql_views(*connection));
    GL_TRY(make_months_ahead(*connection));
    warn_of_settings(*connection);
  }
  return Opened{.store = open_postgres_store(writers_, options_.fence)};
}

Result<StoreCheck> PostgresStoreFactory::check(Writers /*writers*/) {
  Connection::Options options = options_.connection;
  options.call_timeout = kCheckTimeout;
  GL_TRY(auto connection, Connection::open(settings_, options));
  postgres::PostgresTableConnection tables(connection);
  return check_rows(tables, kCounted);
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

std::unique_ptr<RowStore> open_postgres_store(std::shared_ptr<Pool> pool,
                                              std::shared_ptr<const cluster::OwnerFence> fence) {
  auto connection = std::make_shared<StoreConnection>(std::move(pool));
  auto companion = std::make_unique<PostgresCompanion>(*connection, std::move(fence));
  return std::make_unique<RowStore>(std::move(connection), std::move(companion),
                                    std::make_shared<DamagedRows>());
}

std::shared_ptr<StoreFactory> postgres_store_factory(postgres::ConnectionSettings settings,
                                                     const PostgresStoreOptions& options) {
  return std::make_shared<PostgresStoreFactory>(std::move(settings), options);
}

}  // namespace gridloom::history
