#include "stores/database.h"

#include <fmt/format.h>

#include <utility>

#include "database/history/postgres_store_factory.h"
#include "postgres/connection.h"
#include "stores/data.h"

namespace gridloom::bench {
namespace {

postgres::ConnectionSettings settings_of(const std::filesystem::path& folder) {
  auto settings = postgres::ConnectionSettings::parse(
      {.url = fmt::format("postgres://bench@/postgres?host={}", folder.string())});
  if (!settings) give_up(settings.error().detail);
  return std::move(*settings);
}

}  // namespace

Database::Database(const std::filesystem::path& folder)
    : folder_(folder), settings_(settings_of(folder)) {
  std::filesystem::create_directories(data());
}

std::shared_ptr<history::StoreFactory> Database::stores() const {
  static const SystemClock kClock;
  return history::postgres_store_factory(settings_, {.clock = &kClock});
}

std::uint64_t Database::table_bytes() const {
  return number(
      "SELECT CAST(sum(pg_total_relation_size(oid)) AS bigint) FROM pg_class "
      "WHERE relkind = 'r' AND relnamespace = 'gridloom'::regnamespace");
}

std::uint64_t Database::log_bytes() const {
  return number("SELECT CAST(pg_current_wal_lsn() - '0/0' AS bigint)");
}

std::uint64_t Database::number(std::string_view sql) const {
  auto connection = postgres::Connection::open(settings_, {});
  if (!connection) give_up(connection.error().detail);
  const auto found = connection->integer(sql);
  if (!found) give_up(found.error().detail);
  return static_cast<std::uint64_t>(*found);
}

}  // namespace gridloom::bench
