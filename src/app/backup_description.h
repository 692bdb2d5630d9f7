// backup.json: what a backup has in it, and the hash of each file, so that a copy that was damaged
// is never restored as if it were good. docs/internals/formats.md shows it.
//
// It is the last file that a backup writes: a folder without it is no whole backup. Its own last
// member is the hash of all that stands before it, so that a flipped bit in a name, a size or a
// hash is known as damage of backup.json itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace gridloom::app {

inline constexpr std::string_view kBackupDescription = "backup.json";

struct BackupFile {
  std::filesystem::path name;  // in the backup's folder
  std::uintmax_t bytes = 0;
  std::string sha256{};  // empty: Gridloom wrote none when the backup was made (version 1)
};

struct BackupDescription {
  TimePoint at{};  // when the backup ended
  std::string of;  // the data folder
  std::vector<BackupFile> files;
};

// The text of the file.
[[nodiscard]] std::string write_description(const BackupDescription& description);
// kMalformed: it is no description, or damaged; the detail says which, in words that follow on the
// name of the file. Names are relative, and lead out of no folder.
[[nodiscard]] Result<BackupDescription> parse_description(std::string_view text);
// Reads that of the backup in `folder`. kBadParams: there is none, or it is damaged; kIo.
[[nodiscard]] Result<BackupDescription> read_description(const std::filesystem::path& folder);

// Reads the whole of `file`, which is this file of a backup or a copy of it. kMalformed: it is not
// what it was, or not there; the detail says in what, and begins with the file's name in the
// backup. kIo: it cannot be read.
[[nodiscard]] Status verify(const BackupFile& expected, const std::filesystem::path& file);

}  // namespace gridloom::app
