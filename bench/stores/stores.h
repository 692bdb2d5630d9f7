// What history_stores can do; each prints its figures as one line of JSON.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <vector>

#include "stores/data.h"

namespace gridloom::bench {

void fill_gridloom(const Data& data, const std::filesystem::path& folder);
void fill_log(const Data& data, const std::filesystem::path& folder);
void fill_sqlite(const Data& data, const std::filesystem::path& folder);
// The hours of a fleet before the one that is now, each a block as the builder leaves it, with a
// report a minute: what a server that starts finds in DATA.
struct Fleet {
  std::uint32_t devices = 0;
  std::int64_t hours = 0;
};
void fill_hours(const Fleet& fleet, const std::filesystem::path& folder);

// Asks for a week of kAsked of the first devices, cold, and often of the very first.
inline constexpr int kWarmRuns = 21;
void read_gridloom(const std::filesystem::path& folder, std::uint32_t devices);
void read_sqlite(const std::filesystem::path& folder, std::uint32_t devices);

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

// What a home writes to its disk.
struct Home {
  std::uint32_t devices = 5;
  std::int64_t hours = 0;
  std::int64_t group_ms = 0;
};
// Of a device file with 160 fields.
inline constexpr std::size_t kTwin_bytes = 5000;
void measure_home(const std::filesystem::path& folder, const Home& home);

// To standard output, for who gives it to a server: the rows of COPY, a statement each
// kReportsACommit reports; bodies of Influx lines, each behind its length in 8 bytes.
void write_copy(const Data& data);
void write_influx(const Data& data);

}  // namespace gridloom::bench
