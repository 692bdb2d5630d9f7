// SQLite's write-ahead log (FILE-wal): whether each change that was committed to it can be read.
//
// SQLite takes the first frame that it cannot read for the end, without a word: one flipped bit in
// the middle loses all commits behind it. Behind the true end there may be frames of an earlier use
// of the file, which have other salts, so a frame with the log's own salts behind one that cannot
// be read is the proof of damage. https://www.sqlite.org/fileformat.html#the_write_ahead_log
//
// Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom::registry {

struct WalCheck {
  std::uint64_t frames = 0;             // that can be read
  std::optional<std::string> damage{};  // in words that follow on the file's name
};
// Of all bytes of the file. A frame that was being written when they were read, or when the power
// went away, looks like a damaged one.
[[nodiscard]] WalCheck check_wal(std::string_view bytes);

}  // namespace gridloom::registry
