// Verifies that the files of a data folder or of a backup are intact. User documentation:
// docs/user/check.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace gridloom::app {

// The result of checking one file.
struct CheckedFile {
  std::string name;                    // relative to the folder
  std::vector<std::string> damages{};  // the first few; empty: no damage was found
  std::string unread{};                // why it could not be read, which says nothing about it
  std::string note{};                  // what was checked
  bool is_checked = true;              // false: holds nothing durable, or is unknown to Gridloom
};

// How far a check is.
struct CheckProgress {
  std::string file;              // that is read next
  std::uint64_t bytes_done = 0;  // of the files before it
  std::uint64_t bytes = 0;       // of all files when the check began
};
using OnCheckProgress = std::function<void(const CheckProgress&)>;

// Reads the whole folder without changing anything, also while a server uses the folder; ordered by
// name. `on_progress`, if given, is called before each file. kNotFound: the folder is neither a
// data folder nor a backup.
[[nodiscard]] Result<std::vector<CheckedFile>> check_folder(
    const std::filesystem::path& folder, const OnCheckProgress& on_progress = {});

}  // namespace gridloom::app
