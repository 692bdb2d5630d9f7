// `gridloom scenario`: plays transcript files (their language: tests/transcripts/README.md) on the
// whole platform in this process, without sockets. User documentation: docs/user/scenarios.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gridloom::app {

struct Scenarios {
  std::vector<std::string> paths;       // files, or folders of files
  std::optional<std::uint64_t> seed{};  // overrides the seeds in the files
  std::string devices{};                // folder with further device files
  bool json = false;
};

// Prints one line per scenario, and each failure with file and line. Returns the exit code: 0 if
// all expectations were met. Call before any other thread exists.
[[nodiscard]] int play_scenarios(const Scenarios& scenarios);

}  // namespace gridloom::app
