// Usage: history_stores WHAT FOLDER DEVICES HOURS WEEK_DEVICES
//        history_stores home FOLDER DEVICES HOURS GROUP_MS
//
// One store, measured; bench/history calls it and puts the figures side by side. WHAT: gridloom,
// log or sqlite fill a folder; hours fills one with what is no report any more; read-gridloom and
// read-sqlite ask what is in one; gridloom-postgres, read-gridloom-postgres and energies-postgres
// do so over a PostgreSQL server whose socket is in FOLDER; energies is about a year; copy and
// influx write the same reports as texts for a server; home tells what a small home writes to its
// disk; version is SQLite's.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sqlite3.h>

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "history/sqlite/sqlite_store_factory.h"
#include "stores/data.h"
#include "stores/database.h"
#include "stores/stores.h"
#include "stores/stream.h"

namespace gridloom::bench {

void print(const Readings& readings) {
  fmt::print(R"({{"cold_series_ms":[{:.3f}],"warm_series_ms":[{:.3f}],"cold_sum_ms":[{:.3f}],)"
             R"("warm_sum_ms":[{:.3f}],"series_sum":{:.1f},"sum":{:.1f},"count":{}}})"
             "\n",
             fmt::join(readings.cold_series_ms, ","), fmt::join(readings.warm_series_ms, ","),
             fmt::join(readings.cold_sum_ms, ","), fmt::join(readings.warm_sum_ms, ","),
             readings.series_sum, readings.sum, readings.count);
}

namespace {

void write(std::string_view bytes) {
  require(std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size(), "nobody reads");
}

}  // namespace

void write_copy(const Data& data) {
  std::string text;
  std::string values;
  std::size_t in_commit = 0;
  for (const Report& report : data.reports) {
    if (in_commit == 0) text = "COPY report FROM stdin;\n";
    text += fmt::format("{}\t{}\t{{", report.device, report.at_ms);
    values = "\t{";
    data.each_sample(report, [&](std::uint32_t field, std::string_view json) {
      fmt::format_to(std::back_inserter(text), "{},", field);
      values += json;
      values += ',';
    });
    text.back() = '}';
    values.back() = '}';
    text += values;
    text += '\n';
    if (++in_commit < kReportsACommit && &report != &data.reports.back()) continue;
    text += "\\.\n";
    write(text);
    in_commit = 0;
  }
}

void write_influx(const Data& data) {
  std::string text;
  std::size_t in_body = 0;
  for (const Report& report : data.reports) {
    text += fmt::format("d,dev={} ", report.device);
    data.each_sample(report, [&](std::uint32_t field, std::string_view json) {
      fmt::format_to(std::back_inserter(text), "f{}={},", field, json);
    });
    text.back() = ' ';
    fmt::format_to(std::back_inserter(text), "{}\n", report.at_ms);
    if (++in_body < kReportsACommit && &report != &data.reports.back()) continue;
    const auto size = static_cast<std::uint64_t>(text.size());
    write({std::bit_cast<std::array<char, sizeof(size)>>(size).data(), sizeof(size)});
    write(text);
    text.clear();
    in_body = 0;
  }
}

namespace {

int measure(const std::vector<std::string_view>& arguments) {
  require(arguments.size() == 5, "five arguments, see its source");
  const auto number = [&](std::size_t i) {
    std::uint32_t number = 0;
    const std::string_view text = arguments[i];
    const auto [end, error] = std::from_chars(text.begin(), text.end(), number);
    require(error == std::errc() && end == text.end(), "the last three arguments are numbers");
    return number;
  };
  const std::string_view what = arguments[0];
  const std::filesystem::path folder(arguments[1]);
  if (what == "home") {
    measure_home(folder, {.devices = number(2), .hours = number(3), .group_ms = number(4)});
    return 0;
  }
  if (what == "read-gridloom" || what == "read-sqlite" || what == "read-gridloom-postgres") {
    (what == "read-gridloom" ? read_gridloom
     : what == "read-sqlite" ? read_sqlite
                             : read_postgres)(folder, number(4));
    return 0;
  }
  if (what == "energies") {
    measure_energies(*history::sqlite_store_factory(folder), number(2));
    return 0;
  }
  if (what == "energies-postgres") {
    measure_energies(*Database(folder).stores(), number(2));
    return 0;
  }
  if (what == "hours") {
    fill_hours({.devices = number(2), .hours = number(3)}, folder);
    return 0;
  }
  if (what == "version") {
    fmt::print("{}\n", sqlite3_libversion());
    return 0;
  }
  const Data data({.devices = number(2), .hours = number(3), .week_devices = number(4)});
  if (what == "gridloom")
    fill_gridloom(data, folder);
  else if (what == "gridloom-postgres")
    fill_postgres(data, folder);
  else if (what == "log")
    fill_log(data, folder);
  else if (what == "sqlite")
    fill_sqlite(data, folder);
  else if (what == "copy")
    write_copy(data);
  else if (what == "influx")
    write_influx(data);
  else
    give_up("it does not know this");
  return 0;
}

}  // namespace
}  // namespace gridloom::bench

int main(int argc, char** argv) {
  // Standard output has the figures.
  spdlog::set_default_logger(spdlog::stderr_logger_mt("history_stores"));
  spdlog::set_level(spdlog::level::warn);
  return gridloom::bench::measure({argv + 1, argv + argc});
}
