// The commands that may create the data folder that --data names; the others need an existing one.
//
// Invariant: a command with a wrong --data creates neither a folder nor a file, unless its row says
// kMayCreate. The command line checks this table once, before it runs any command; a test goes
// through all commands and fails for a new command without a row.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

#include "base/result.h"

namespace gridloom::app {

enum class DataFolder : std::uint8_t {
  kNone,       // the command has no --data
  kMustExist,  // the folder, where one is given, must contain Gridloom's data
  kMayLack,    // the command can do without the folder, and does not create it
  kMayCreate,  // the folder is created if it does not exist
};

struct CommandRow {
  std::string_view command;  // the words of the command, as in "account add"
  DataFolder folder;
};

// Every command of the command line.
[[nodiscard]] std::span<const CommandRow> command_rows();  // tidy: allowed, a test reads all

// Whether the folder contains Gridloom's data.
[[nodiscard]] bool has_data(const std::filesystem::path& folder);

// A command without a row is treated as kMustExist. kNotFound: there is no data in the folder;
// kConflict: a restore into the folder has not ended, so that only `restore` may use the folder.
[[nodiscard]] Status check_data_folder(std::string_view command,
                                       const std::filesystem::path& folder);

}  // namespace gridloom::app
