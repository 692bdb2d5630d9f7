// Copies files for a backup, durably, and computes their hashes.
// Thread rule: any function from any thread.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "base/result.h"

namespace gridloom::operations {

// Copies the current contents of a file, with the permissions `mode`. `to` must not exist. On
// return the bytes are on disk; the name is durable only after its folder is synced. kNotFound:
// `from` does not exist; kIo.
[[nodiscard]] Status copy_file(const std::filesystem::path& from, const std::filesystem::path& to,
                               mode_t mode);

// Syncs a file or a folder.
[[nodiscard]] Status sync_to_disk(const std::filesystem::path& path);

// SHA-256 in lower-case hexadecimal digits, as sha256sum(1) prints it. kIo.
[[nodiscard]] Result<std::string> sha256_of_file(const std::filesystem::path& path);

}  // namespace gridloom::operations
