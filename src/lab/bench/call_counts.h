// Counts of a process that runs with the library bench/call_counter.cc preloaded: its system calls,
// allocations and copies, from the file that call_counts_file.h describes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "bench/call_counts_file.h"
#include "wire/json.h"

namespace gridloom::bench {

struct CallCounts {
  std::array<std::uint64_t, kCallNames.size()> values{};

  [[nodiscard]] std::uint64_t of(Call call) const { return values[static_cast<std::size_t>(call)]; }
  [[nodiscard]] std::uint64_t system_calls() const;
  // The growth since `earlier`.
  [[nodiscard]] CallCounts since(const CallCounts& earlier) const;
  // Each count divided by `operations`, by its name, and the sum "system_calls". Empty: there were
  // no operations.
  [[nodiscard]] wire::JsonObject per(std::uint64_t operations) const;
};

// The sum over all threads. kIo: the file cannot be read; kMalformed: it is none of this kind.
[[nodiscard]] Result<CallCounts> read_call_counts(const std::filesystem::path& file);

}  // namespace gridloom::bench
