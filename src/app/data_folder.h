// Which commands may make the data folder that --data names, and which need one that is there.
//
// Invariant: a command that is given a wrong --data makes neither a folder nor a file, unless its
// row says kMakes. The command line asks here, once, before it runs any command; a test goes
// through all commands, so that a new one without a row fails.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/result.h"

namespace gridloom::app {

enum class DataFolder : std::uint8_t {
  kNone,     // the command has no --data
  kExpects,  // the folder must have Gridloom's data; where --data is optional, if it is given
  kMakes,    // a folder that is not there is made
};

struct CommandRow {
  std::string_view command;  // its words, as in "account add"
  DataFolder folder;
};

// Every command of the command line.
[[nodiscard]] std::span<const CommandRow> command_rows();

// A command without a row is treated as kExpects. kNotFound: there is no data in the folder;
// kConflict: a restore into the folder has not ended, so `restore` alone may use it.
[[nodiscard]] Status check_data_folder(std::string_view command,
                                       const std::filesystem::path& folder);

}  // namespace gridloom::app
