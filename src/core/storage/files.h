// File system helpers: a private data folder, files that are synced to disk, and
// locks that are released with their descriptor.
//
// Invariant: nothing created here is readable by another user, whatever the umask. No function
// throws.
#pragma once

#include <cstddef>
#include <expected>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/file_descriptor.h"
#include "base/result.h"

namespace gridloom::storage {

using gridloom::FileDescriptor;

// kIo with the path and the system's error text. Reads errno: call right after the failure.
[[nodiscard]] std::unexpected<Error> system_error(std::string_view what,
                                                  const std::filesystem::path& path);

// Creates `folder` with mode 0700, and its parents with the default mode. An existing folder is not
// changed.
[[nodiscard]] Status make_data_folder(const std::filesystem::path& folder);

// Takes the folder's lock; blocks while another holds it. The lock is released with the descriptor.
[[nodiscard]] Result<FileDescriptor> lock_folder(const std::filesystem::path& folder);

// kIo: the file is there, and the disk does not give it.
[[nodiscard]] Status check_readable(const std::filesystem::path& file);

// Reads up to `limit` bytes from the start of the file.
[[nodiscard]] Result<std::string> read_start(const FileDescriptor& file,
                                             const std::filesystem::path& path, std::size_t limit);

// Writes a file of mode 0600 under a temporary name and renames it: after a crash `path` holds all
// of `bytes`, or what it held before, or does not exist. The caller is the only writer of `path`.
[[nodiscard]] Status write_private_file(const std::filesystem::path& path, std::string_view bytes);

// Writes `bytes` as a file of mode 0600 in place of an existing one, without a sync: after a loss
// of power `path` may hold the old content or be empty.
[[nodiscard]] Status replace_private_file(const std::filesystem::path& path,
                                          std::string_view bytes);

// Creates an empty file of mode 0600; removes other users' permissions from an existing file.
[[nodiscard]] Status make_private(const std::filesystem::path& path);

}  // namespace gridloom::storage
