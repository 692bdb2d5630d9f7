// The tables of sessions.db, and the checksums of their rows (storage/summed_table.h): a flipped
// bit costs only the session or message whose row it is in, and is reported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/sqlite.h"
#include "storage/summed_table.h"

namespace gridloom::mqtt {

inline constexpr std::int64_t kSessionsVersion = 3;

// The numbers are part of the checksums and must never change.
inline constexpr storage::SummedTable kSessionTable{
    .number = 1,
    .name = "session",
    .key = "number",
    .columns =
        "number, user, client_id, expiry_s, parked_at, subscriptions, received, will, "
        "will_due, will_expiry_s, signed_in_as, generation"};
inline constexpr storage::SummedTable kMessageTable{
    .number = 2,
    .name = "message",
    .key = "session, sequence",
    .columns = "session, sequence, stage, packet_id, expires_at, packet"};
inline constexpr storage::SummedTable kRetainedTable{
    .number = 3,
    .name = "retained",
    .key = "topic",
    .columns = "topic, expires_at, packet, device"};
inline constexpr storage::SummedTable kLastTable{
    .number = 4, .name = "last", .key = "one", .columns = "one, number"};
inline constexpr storage::SummedTable kStreamTable{
    .number = 5, .name = "stream", .key = "number", .columns = "number, user, client_id, receipts"};
inline constexpr storage::SummedTable kAppliedTable{
    .number = 6, .name = "applied", .key = "one", .columns = "one, record"};

// "INSERT OR REPLACE INTO ..." with a parameter for each column, and with the checksum.
[[nodiscard]] std::string insert_into(const storage::SummedTable& table);

// Creates the file, or upgrades one of an earlier version. Errors are those of
// storage::open_database.
[[nodiscard]] Result<storage::Database> open_sessions(const std::filesystem::path& file);

// Removes the rows whose checksum is wrong; returns the place of each. kDamaged: a page, an index
// or a row that the others depend on is damaged, so that the whole file is unusable.
[[nodiscard]] Result<std::vector<std::string>> remove_damaged_rows(storage::Database& database);

// For `gridloom check`, which changes nothing: the places of all damage, and the number of rows
// with checksums (0 in a file of an earlier version).
struct SessionsCheck {
  std::size_t rows = 0;
  std::vector<std::string> damages;
};
[[nodiscard]] Result<SessionsCheck> check_sessions(storage::Database& database);

}  // namespace gridloom::mqtt
