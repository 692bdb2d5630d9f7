// backup.json: the list of files in a backup and the hash of each, so that a damaged copy is never
// restored as if it were good. Format: docs/internals/formats.md.
//
// backup.json is the last file that a backup writes: a folder without it is not a complete backup.
// Its own last member is the hash of everything before that member, so that a flipped bit in a
// name, a size or a hash is recognized as damage of backup.json itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "time/time_zone.h"

namespace gridloom::operations {

inline constexpr std::string_view kBackupDescription = "backup.json";

struct BackupFile {
  std::filesystem::path name;  // relative to the backup's folder
  std::uintmax_t bytes = 0;
  std::string sha256{};  // empty: the backup has no hashes (version 1 of the format)
};

struct BackupDescription {
  TimePoint at{};  // when the backup ended
  std::string of;  // path of the data folder
  std::vector<BackupFile> files;
};

// The text of backup.json; `zone` is that of the time for people.
[[nodiscard]] std::string write_description(const BackupDescription& description,
                                            const time::TimeZone& zone);
// kMalformed: the text is not a description, or is damaged; the detail says which, phrased to
// follow the name of the file. Names are relative, and none leads out of the folder.
[[nodiscard]] Result<BackupDescription> parse_description(std::string_view text);
// Reads backup.json of the backup in `folder`. kBadParams: the file is missing or damaged; kIo.
[[nodiscard]] Result<BackupDescription> read_description(const std::filesystem::path& folder);

// Reads all of `file`, which is the file `expected` in a backup or a copy of it, and compares.
// kMalformed: the file differs or is missing; the detail says how, and begins with the file's name
// in the backup. kIo: the file cannot be read.
[[nodiscard]] Status verify(const BackupFile& expected, const std::filesystem::path& file);

// Copies files for a backup, durably, and computes their hashes.
// Thread rule: any function from any thread.

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
