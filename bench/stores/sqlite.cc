// The simplest store for comparison: one row per sample in SQLite, with the samples of a series
// next to each other.
#include <fmt/format.h>
#include <sqlite3.h>
#include <charconv>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "stores/data.h"
#include "stores/stores.h"
#include "stores/stream.h"

namespace gridloom::bench {
namespace {

constexpr std::int64_t kSeriesADevice = 64;

struct Close {
  void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

void run(const Database& database, const char* sql) {
  if (sqlite3_exec(database.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
    give_up(sqlite3_errmsg(database.get()));
  }
}

Database open(const std::filesystem::path& folder) {
  sqlite3* handle = nullptr;
  const int code = sqlite3_open((folder / "rows.db").c_str(), &handle);
  Database database(handle);
  require(code == SQLITE_OK, "SQLite does not open its file");
  run(database,
      "PRAGMA page_size = 8192; PRAGMA journal_mode = wal; PRAGMA synchronous = full;"
      "PRAGMA cache_size = -262144; PRAGMA wal_autocheckpoint = 4000;"
      "CREATE TABLE IF NOT EXISTS sample (series INTEGER, at INTEGER, value,"
      " PRIMARY KEY (series, at)) WITHOUT ROWID;");
  return database;
}

Statement prepare(const Database& database, const char* sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(database.get(), sql, -1, &statement, nullptr) != SQLITE_OK) {
    give_up(sqlite3_errmsg(database.get()));
  }
  return Statement(statement);
}

}  // namespace

void fill_sqlite(const Data& data, const std::filesystem::path& folder) {
  const double wall_s = wall_time_s();
  const double cpu_s = processor_time_s(Whose::kProcess);
  const std::uint64_t written = written_bytes();
  Database database = open(folder);
  Statement insert = prepare(database, "INSERT OR REPLACE INTO sample VALUES (?, ?, ?)");
  std::size_t in_commit = 0;
  for (const Report& report : data.reports) {
    if (in_commit == 0) run(database, "BEGIN");
    data.each_sample(report, [&](std::uint32_t field, std::string_view json) {
      sqlite3_bind_int64(insert.get(), 1, report.device * kSeriesADevice + field);
      sqlite3_bind_int64(insert.get(), 2, report.at_ms);
      double value = 0;
      std::from_chars(json.data(), json.data() + json.size(), value);
      const auto whole = static_cast<std::int64_t>(value);
      if (static_cast<double>(whole) == value) {
        sqlite3_bind_int64(insert.get(), 3, whole);
      } else {
        sqlite3_bind_double(insert.get(), 3, value);
      }
      require(sqlite3_step(insert.get()) == SQLITE_DONE, "SQLite takes no row");
      sqlite3_reset(insert.get());
    });
    if (++in_commit < kReportsACommit && &report != &data.reports.back()) continue;
    run(database, "COMMIT");
    in_commit = 0;
  }
  run(database, "PRAGMA wal_checkpoint(truncate)");
  const double wall_end_s = wall_time_s();
  const double cpu_end_s = processor_time_s(Whose::kProcess);
  insert.reset();
  database.reset();
  fmt::print(R"({{"samples":{},"wall_s":{:.3f},"cpu_s":{:.3f},"disk_bytes":{},"written_bytes":{}}})"
             "\n",
             data.count, wall_end_s - wall_s, cpu_end_s - cpu_s, size_of(folder),
             written_bytes() - written);
}

void read_sqlite(const std::filesystem::path& folder, std::uint32_t devices) {
  Readings readings;
  const auto ask = [&](sqlite3_stmt* query, std::uint32_t device, bool series) {
    const double begin_s = wall_time_s();
    sqlite3_bind_int64(query, 1, device * kSeriesADevice + kAsked);
    sqlite3_bind_int64(query, 2, DeviceStream::kStart_ms);
    sqlite3_bind_int64(query, 3, DeviceStream::kStart_ms + kWeekHours * kHour_ms);
    std::vector<std::pair<std::int64_t, double>> points;
    double sum = 0;
    while (sqlite3_step(query) == SQLITE_ROW) {
      sum += sqlite3_column_double(query, 0);
      if (series) {
        points.emplace_back(sqlite3_column_int64(query, 1), sqlite3_column_double(query, 0));
      }
    }
    sqlite3_reset(query);
    if (series) readings.count = points.size();
    (series ? readings.series_sum : readings.sum) = sum;
    return (wall_time_s() - begin_s) * 1e3;
  };
  for (const bool series : {true, false}) {
    const char* sql = series
                          ? "SELECT value, at FROM sample WHERE series = ? AND at >= ? AND at < ?"
                          : "SELECT sum(value) FROM sample "
                            "WHERE series = ? AND at >= ? AND at < ?";
    for (std::uint32_t device = 0; device < devices; ++device) {
      const Database database = open(folder);
      const Statement query = prepare(database, sql);
      drop_cache(folder);
      (series ? readings.cold_series_ms : readings.cold_sum_ms)
          .push_back(ask(query.get(), device, series));
    }
    const Database database = open(folder);
    const Statement query = prepare(database, sql);
    for (int i = 0; i < kWarmRuns; ++i) {
      (series ? readings.warm_series_ms : readings.warm_sum_ms)
          .push_back(ask(query.get(), 0, series));
    }
  }
  print(readings);
}

}  // namespace gridloom::bench
