// Files of a backup: copies that are on the disk when we say so, and their hashes.
// Thread rule: any function from any thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gridloom::app {

// Copies as much as there is of the file now, with the rights `mode`. `to` must not be there. The
// bytes are on the disk then; its name is not, until its folder is synced. kNotFound: `from` is not
// there; kIo.
[[nodiscard]] Status copy_file(const std::filesystem::path& from, const std::filesystem::path& to,
                               mode_t mode);

// Of a file or a folder.
[[nodiscard]] Status sync_to_disk(const std::filesystem::path& path);

// SHA-256 in small hexadecimal digits, as sha256sum(1) prints it. kIo.
[[nodiscard]] Result<std::string> sha256_of_file(const std::filesystem::path& path);
[[nodiscard]] std::string sha256_of(std::string_view bytes);

}  // namespace gridloom::app
