// SQLite's write-ahead log (FILE-wal): whether each change that was committed to it can be read.
//
// SQLite takes the first frame that it cannot read for the end, without a word: one flipped bit in
// the middle loses all commits behind it. Behind the true end there may be frames of an earlier use
// of the file, which have other salts, so a frame with the log's own salts behind one that cannot
// be read is the proof of damage. https://www.sqlite.org/fileformat.html#the_write_ahead_log
//
// Pure, but for damage_of_wal().
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom::registry {

struct WalCheck {
  std::uint64_t frames = 0;             // that can be read
  std::optional<std::string> damage{};  // in words that follow on the file's name
  // The damage cannot be what a loss of power left of the last commit, which nobody was told of:
  // another one was written behind it.
  bool is_proven = false;
};
// Of all bytes of the file. A frame that was being written when they were read, or when the power
// went away, looks like a damaged one.
[[nodiscard]] WalCheck check_wal(std::string_view bytes);

// Before a database is opened that nobody has open: "history.db-wal is damaged: ...", if that is
// proven; else empty. SQLite would leave out what is behind the damage without a word.
[[nodiscard]] std::string damage_of_wal(const std::filesystem::path& database);

}  // namespace gridloom::registry
