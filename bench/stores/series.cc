// Usage: history_series [DAYS]
//
// Cost of reads: a week of one field of a device with many fields, from a store as the server
// has it. Warm: the file is in the system's memory. Each figure is the best of ten.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "history/series/series.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "storage/files.h"
#include "stores/stream.h"

namespace {

using gridloom::kDay_ms;
using gridloom::Status;
using gridloom::bench::append_json;
using gridloom::bench::DeviceStream;
using gridloom::bench::Reading;
namespace history = gridloom::history;

constexpr gridloom::DeviceNumber kDevice = 1;

template <typename T>
T must(gridloom::Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "history_series: {}\n", result.error().detail);
  std::exit(1);
}
void must(const Status& status) {
  if (status) return;
  fmt::print(stderr, "history_series: {}\n", status.error().detail);
  std::exit(1);
}

// Devices of hours as blocks; of all fields, or of the first alone.
void fill(history::Store& store, std::int64_t hours, std::size_t most_fields) {
  DeviceStream stream(1, 0);
  history::BlockWriter writer;
  history::Changes changes;
  std::int64_t hour = DeviceStream::kStart_ms / history::kHour_ms;
  const std::int64_t end = hour + hours;
  std::vector<history::Sample> samples;
  std::vector<std::string> texts;
  const auto put = [&] {
    if (!writer.empty()) {
      changes.hours.push_back(
          {.of = {.device = kDevice, .hour = hour}, .chunks = {writer.finish()}, .over = true});
    }
  };
  while (true) {
    const std::span<const Reading> readings = stream.next();
    const std::int64_t now = history::hour_of(stream.at_ms());
    if (now != hour) put();
    hour = now;
    if (now >= end) break;
    samples.clear();
    texts.assign(readings.size(), {});
    for (std::size_t i = 0; i < readings.size(); ++i) {
      if (readings[i].field >= most_fields) continue;
      append_json(texts[i], readings[i]);
      samples.push_back({.field = readings[i].field, .value = gridloom::value_of(texts[i])});
    }
    writer.add(stream.at_ms(), samples);
  }
  must(store.write(changes));
}

void measure(history::Store& store, std::string_view name, const history::SeriesQuery& query) {
  double best_ms = 1e9;
  std::size_t points_seen = 0;
  for (int run = 0; run < 10; ++run) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::vector<history::SeriesPoint>> points(query.fields.size());
    history::Series series(query);
    while (!series.done()) {
      must(series.read(
          [&](std::int64_t from, std::int64_t to,
              const history::OnHourBlock& on_block) -> gridloom::Result<bool> {
            must(store.each_chunk(kDevice, from, to,
                                  [&](std::int64_t hour, std::string_view bytes) -> Status {
                                    return on_block.block(hour, must(history::Block::open(bytes)));
                                  }));
            return true;
          },
          {}, points));
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    best_ms = std::min(best_ms, took.count());
    points_seen = points[0].size();
  }
  fmt::print("{:<40} {:>9.3f} ms {:>8} points\n", name, best_ms, points_seen);
}

}  // namespace

int main(int argc, char** argv) {
  std::int64_t days = 8;
  if (argc > 1) {
    const std::string_view text = argv[1];
    std::from_chars(text.data(), text.data() + text.size(), days);
  }
  std::string folder = (std::filesystem::temp_directory_path() / "gridloom-series-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) return 1;
  for (const std::size_t fields : {std::size_t{1}, std::size_t{DeviceStream::kFields}}) {
    const std::filesystem::path data = std::filesystem::path(folder) / fmt::format("{}", fields);
    must(gridloom::storage::make_data_folder(data));
    const auto stores = history::sqlite_store_factory(data);
    const auto opened = must(stores->open());
    history::Store& store = *opened.store;
    fill(store, days * 24, fields);
    const std::int64_t from_ms = (DeviceStream::kStart_ms / kDay_ms + 1) * kDay_ms;
    history::SeriesQuery query{.fields = {0},
                               .from_ms = from_ms,
                               .to_ms = from_ms + (days - 1) * kDay_ms,
                               .step_ms = 15 * 60'000,
                               .aggregate = history::Aggregate::kMean};
    fmt::print("a device of {} fields, {} days\n", fields, days - 1);
    measure(store, "  mean by 15 minutes", query);
    query.aggregate = history::Aggregate::kIntegral;
    measure(store, "  integral by 15 minutes", query);
    query.step_ms = 3'600'000;
    measure(store, "  integral by hours", query);
    query.step_ms = kDay_ms;
    measure(store, "  integral by days", query);
    query.aggregate = history::Aggregate::kSum;
    measure(store, "  sum by days", query);
    query.step_ms = 0;
    measure(store, "  every value", query);
  }
  std::filesystem::remove_all(folder);
  return 0;
}
