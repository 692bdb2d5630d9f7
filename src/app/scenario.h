// Plays scenarios: transcript files (tests/transcripts/README.md has their lines) on the whole
// platform in this process, without sockets. docs/user/scenarios.md is for people.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gridloom::app {

struct Scenarios {
  std::vector<std::string> paths;       // of files, or folders of them
  std::optional<std::uint64_t> seed{};  // in place of the files' own
  std::string devices{};                // a folder with further device files
};

// Prints a line for each, and what went wrong with file and line. The exit code: 0 if all is as
// expected. Before any other thread exists.
[[nodiscard]] int play_scenarios(const Scenarios& scenarios);

}  // namespace gridloom::app
