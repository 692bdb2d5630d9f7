// DATA/sessions.seen: up to which record of the log sessions.db was stored last. A file that says
// less was replaced by an old copy, or lost its last commit to damage: SQLite leaves out without a
// word what it cannot read in its write-ahead log.
//
// Written without a sync, so it may be older than sessions.db, and be empty after a loss of power.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace gridloom::mqtt {

// Nothing: it is not there, or damaged.
[[nodiscard]] std::optional<std::uint64_t> sessions_seen(const std::filesystem::path& data_folder);
void remember_sessions(const std::filesystem::path& data_folder, std::uint64_t record);

}  // namespace gridloom::mqtt
