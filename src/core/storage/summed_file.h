// A small private file with its checksum: a line with the SHA-256 of the text, and the text.
//
// Thread rule: any function from any thread; one writer per file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gridloom::storage {

// The text. kNotFound: there is no file. kMalformed: it is damaged. kIo: also if it is longer than
// `limit` bytes.
[[nodiscard]] Result<std::string> read_summed_file(const std::filesystem::path& file,
                                                   std::size_t limit);

// Durable on return; after a crash the file has all of the text, or what it had before.
[[nodiscard]] Status write_summed_file(const std::filesystem::path& file, std::string_view text);

}  // namespace gridloom::storage
