// The measurements of history_stores; each prints its figures as one line of JSON.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "history/store/store_factory.h"
#include "stores/data.h"

namespace gridloom::bench {

void fill_gridloom(const Data& data, const std::filesystem::path& folder);
// Into a PostgreSQL server whose socket is in `folder` (stores/database.h).
void fill_postgres(const Data& data, const std::filesystem::path& folder);
void fill_log(const Data& data, const std::filesystem::path& folder);
void fill_sqlite(const Data& data, const std::filesystem::path& folder);
// Writes the past hours of a fleet to a data folder, each as a block of the builder, with one
// report per minute: the state that a starting server finds.
struct Fleet {
  std::uint32_t devices = 0;
  std::int64_t hours = 0;
};
void fill_hours(const Fleet& fleet, const std::filesystem::path& folder);

// Queries a week of kAsked of the first devices, with cold caches, and repeatedly of the first one.
inline constexpr int kWarmRuns = 21;
void read_gridloom(const std::filesystem::path& folder, std::uint32_t devices);
void read_postgres(const std::filesystem::path& folder, std::uint32_t devices);  // warm alone
void read_sqlite(const std::filesystem::path& folder, std::uint32_t devices);

// Writes a year of energies of this many devices to history's store, and reads that of one of them
// repeatedly, as an answer to a year's question does.
void measure_energies(history::StoreFactory& stores, std::uint32_t devices);

struct Readings {
  std::vector<double> cold_series_ms;
  std::vector<double> warm_series_ms;
  std::vector<double> cold_sum_ms;
  std::vector<double> warm_sum_ms;
  double series_sum = 0;  // of the first device
  double sum = 0;
  std::uint64_t count = 0;
};
void print(const Readings& readings);

// One home, for measure_home(), which measures the bytes that it writes to its disk.
struct Home {
  std::uint32_t devices = 5;
  std::int64_t hours = 0;
  std::int64_t group_ms = 0;
};
// The size of a twin of a family with 160 fields.
inline constexpr std::size_t kTwin_bytes = 5000;
void measure_home(const std::filesystem::path& folder, const Home& home);

// Written to standard output, for the script that sends it to a server: rows of COPY, one statement
// per kReportsACommit reports; bodies of Influx lines, each preceded by its length in 8 bytes.
void write_copy(const Data& data);
void write_influx(const Data& data);

}  // namespace gridloom::bench
