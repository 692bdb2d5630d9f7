// The reports that every store gets: generated once (stream.h), in the order of their times, values
// as the JSON texts that devices send. A fleet reports for some hours; a few of its devices
// continue for a week. Also the means of measuring: CPU time, bytes written, the page cache.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace gridloom::bench {

inline constexpr std::int64_t kHour_ms = 3'600'000;
inline constexpr std::int64_t kWeekHours = 7 * 24;
// Queries are about this field, which every report has.
inline constexpr std::uint32_t kAsked = 0;
inline constexpr std::size_t kReportsACommit = 1000;

struct Report {
  std::uint32_t device = 0;
  std::uint32_t count = 0;  // of samples
  std::int64_t at_ms = 0;
  std::size_t begin = 0;  // in Data::samples
};

struct Data {
  struct Size {
    std::uint32_t devices = 0;
    std::int64_t hours = 0;
    std::uint32_t week_devices = 0;  // the first ones
  };
  explicit Data(const Size& size);

  std::vector<Report> reports;
  std::size_t count = 0;  // of samples
  std::string samples;    // each a byte of field, a byte of length, the JSON

  // Calls on_sample(field, json).
  template <typename OnSample>
  void each_sample(const Report& report, const OnSample& on_sample) const {
    const char* at = samples.data() + report.begin;
    for (std::uint32_t i = 0; i < report.count; ++i) {
      const auto field = static_cast<std::uint8_t>(at[0]);
      const auto size = static_cast<std::uint8_t>(at[1]);
      on_sample(field, std::string_view(at + 2, size));
      at += 2 + size;
    }
  }
};

enum class Whose : std::uint8_t { kThread, kProcess };
[[nodiscard]] double processor_time_s(Whose whose);
[[nodiscard]] double wall_time_s();
// Bytes that this process has written or that the kernel will write to disks for it.
[[nodiscard]] std::uint64_t written_bytes();

// The size of all files in the folder.
[[nodiscard]] std::uint64_t size_of(const std::filesystem::path& folder);
// Writes the folder's files to the disk and removes them from the page cache.
void drop_cache(const std::filesystem::path& folder);

[[noreturn]] void give_up(std::string_view why);
inline void require(bool holds, std::string_view what) {
  if (!holds) give_up(what);
}

}  // namespace gridloom::bench
