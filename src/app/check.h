// The verb `gridloom check`: whether the files of a data folder or of a backup are what was
// written. docs/user/check.md is for people.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// What was found of one file.
struct CheckedFile {
  std::string name;                    // in the folder
  std::vector<std::string> damages{};  // at most some; empty: none was found
  std::string note{};                  // what was looked at
  bool is_checked = true;              // false: nothing in it has to last, or nobody knows it
};

// Reads all of the folder and changes nothing in it, also while a server works on it; ordered by
// name. kNotFound: it is neither a data folder nor a backup.
[[nodiscard]] Result<std::vector<CheckedFile>> check_folder(const std::filesystem::path& folder);

// Adds the verb to the command line; parsing it puts what is to run into `chosen`. The returned
// object holds what was parsed and has to live as long.
[[nodiscard]] std::shared_ptr<void> add_check(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
