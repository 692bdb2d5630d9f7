// Reads a whole file that a person named: on the command line, or in a folder of theirs. It may be
// a folder, be missing or forbidden, or have no end (/dev/zero, a pipe).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace gridloom {

// The limit for a pipe or a device, even if a caller allows more: only reading shows its length.
inline constexpr std::size_t kMaxOfStream = std::size_t{64} * 1024 * 1024;

// Waits until a pipe ends. kIo: "PATH: cannot be read: why", also for a file of more than `most`
// bytes.
[[nodiscard]] Result<std::string> read_file(const std::filesystem::path& path, std::size_t most);

// read_file() for a text file: messages about its lines go to a terminal. kMalformed: the file has
// control characters other than tabs and line ends.
[[nodiscard]] Result<std::string> read_text(const std::filesystem::path& path, std::size_t most);

// Checks the mode of a file with a secret. kIo: other users may read or write it; the message
// says how to change that.
[[nodiscard]] Status only_for_its_owner(const std::filesystem::path& path, unsigned mode);

}  // namespace gridloom
