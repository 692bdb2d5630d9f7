#include "stores/data.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <utility>

#include "stores/stream.h"

namespace gridloom::bench {
namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

}  // namespace

Data::Data(const Size& size) {
  std::string json;
  for (std::uint32_t device = 0; device < size.devices; ++device) {
    const std::int64_t hours = device < size.week_devices ? kWeekHours : size.hours;
    DeviceStream stream(1, device);
    for (;;) {
      const auto readings = stream.next();
      if (stream.at_ms() >= DeviceStream::kStart_ms + hours * kHour_ms) break;
      reports.push_back({.device = device,
                         .count = static_cast<std::uint32_t>(readings.size()),
                         .at_ms = stream.at_ms(),
                         .begin = samples.size()});
      count += readings.size();
      for (const Reading& reading : readings) {
        json.clear();
        append_json(json, reading);
        samples += static_cast<char>(reading.field);
        samples += static_cast<char>(json.size());
        samples += json;
      }
    }
  }
  std::ranges::sort(reports, {},
                    [](const Report& one) { return std::pair(one.at_ms, one.device); });
}

double processor_time_s(Whose whose) {
  return seconds_of(whose == Whose::kThread ? CLOCK_THREAD_CPUTIME_ID : CLOCK_PROCESS_CPUTIME_ID);
}

double wall_time_s() { return seconds_of(CLOCK_MONOTONIC); }

std::uint64_t written_bytes() {
  std::ifstream in("/proc/self/io");
  for (std::string name; in >> name;) {
    std::uint64_t value = 0;
    in >> value;
    if (name == "write_bytes:") return value;
  }
  give_up("/proc/self/io does not say what was written");
}

std::uint64_t size_of(const std::filesystem::path& folder) {
  std::uint64_t bytes = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

void drop_cache(const std::filesystem::path& folder) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    const int file = ::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) continue;  // gone meanwhile
    static_cast<void>(::fsync(file));
    require(::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0, "the page cache stays");
    ::close(file);
  }
}

void give_up(std::string_view why) {
  fmt::print(stderr, "history_stores: {}\n", why);
  std::exit(1);
}

}  // namespace gridloom::bench
