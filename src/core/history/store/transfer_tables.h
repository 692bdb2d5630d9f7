// The tables of history that both kinds of storage have, as they are copied from one to the other.
// The rollups come before the chunks, and the days before what is carried with a day.
#pragma once

#include "transfer/rows.h"

namespace gridloom::history {

using transfer::Table;

inline constexpr Table kNames{.name = "field names", .columns = 2};         // id, name
inline constexpr Table kRunningDays{.name = "running days", .columns = 2};  // day, ran_ms
// device, hour, bytes
inline constexpr Table kRollups{.name = "rollups", .columns = 3, .keys = 2, .group = 2};
// device, hour, chunk, over, bytes, day
inline constexpr Table kChunks{.name = "chunks", .columns = 6, .keys = 3, .group = 2, .carried = 1};
// device, hour, bytes
inline constexpr Table kEnergies{.name = "energies", .columns = 3, .keys = 2, .group = 2};
inline constexpr Table kTwins{
    .name = "twins", .columns = 3, .is_restless = true};       // device, sn, state
inline constexpr Table kAudit{.name = "audit", .columns = 2};  // sequence, entry
// id, device, at_ms, kind, since_ms, count, field, text, open
inline constexpr Table kEvents{.name = "events", .columns = 9};
// device, hour, record
inline constexpr Table kTaken{
    .name = "taken records", .columns = 3, .keys = 2, .group = 2, .is_restless = true};
inline constexpr Table kPositions{
    .name = "positions", .columns = 2, .is_restless = true};  // partition, record

}  // namespace gridloom::history
