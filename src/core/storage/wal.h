// SQLite's write-ahead log: what it has is moved into the database, and checked.
//
// The check is that each change committed to SQLite's write-ahead log (FILE-wal) can be read.
//
// SQLite silently takes the first unreadable frame for the end of the log: one flipped bit in the
// middle loses all later commits. After the true end there may be frames of an earlier use of the
// file, which have other salts; a frame with the log's own salts after an unreadable frame
// therefore proves damage. https://www.sqlite.org/fileformat.html#the_write_ahead_log
//
// Pure, except damage_of_wal().
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "storage/sqlite.h"

namespace gridloom::storage {

// Moves what a database's write-ahead log has into the database file and empties the log. Pages
// that are only in a write-ahead log are lost from its first damaged bit on, silently.
// Waits for readers for a moment only. Best effort: if readers or the disk prevent it, which is
// false, the changes stay in the log, and the next call tries again.
bool empty_wal(Database& database);

struct WalCheck {
  std::uint64_t frames = 0;             // readable frames
  std::optional<std::string> damage{};  // a description that continues "FILE-wal is damaged: "
  // The damage cannot be the rest of a last commit that a loss of power interrupted and that was
  // never acknowledged: another commit was written after it.
  bool is_proven = false;
};
// Checks all bytes of the file. A frame that was being written while the file was read, or when the
// power failed, looks like a damaged frame.
[[nodiscard]] WalCheck check_wal(std::string_view bytes);

// To be called before a database is opened that no process has open. Returns "history.db-wal is
// damaged: ..." if the damage is proven; otherwise empty. SQLite would silently drop everything
// after the damage.
[[nodiscard]] std::string damage_of_wal(const std::filesystem::path& database);

}  // namespace gridloom::storage
