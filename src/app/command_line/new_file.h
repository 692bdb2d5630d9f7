// Writes a file that a person asked for and that must not replace one of theirs.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.h"

namespace gridloom::app {

// kIo: the file exists already, or cannot be written.
[[nodiscard]] Status write_new_file(const std::filesystem::path& file, std::string_view text);

}  // namespace gridloom::app
