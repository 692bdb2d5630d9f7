// The tables of history. docs/internals/formats.md says what is in them.
//
// Texts of devices may have any bytes. Chunks of an hour count from 0; an hour that is over has one
// block, unless one cannot hold it all. FieldNames, which assigns the numbers of names, keeps these
// unique.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "history/store/store.h"
#include "tables/connection.h"
#include "tables/schema.h"
#include "tables/table.h"

namespace gridloom::history {

namespace columns {
using enum tables::ColumnType;
using tables::Column;
inline constexpr Column kDevice{.name = "device"};
inline constexpr Column kHour{.name = "hour", .type = kInt};
inline constexpr Column kContent{.name = "bytes", .type = kBytes};
inline constexpr Column kSequence{.name = "sequence"};

// The number of the transactions of the one server that writes: each of them counts it up from the
// number that the server knows, so that none is made on top of another program's. The mark of the
// newest chunk (RetentionStore::next_mark()). The storage that gave the marks, by chance.
inline constexpr std::array kWriter{Column{.name = "one", .type = kSmall}, Column{.name = "number"},
                                    Column{.name = "mark"}, Column{.name = "numbering"}};
// How far the journal was taken, by partition (base/partition.h).
inline constexpr std::array kParts{Column{.name = "p", .type = kInt}, Column{.name = "position"}};
inline constexpr std::array kNames{Column{.name = "id", .type = kInt},
                                   Column{.name = "bytes", .type = kAnyText}};
inline constexpr std::array kChunks{kDevice,
                                    kHour,
                                    Column{.name = "chunk", .type = kInt},
                                    Column{.name = "over", .type = kFlag},
                                    kContent,
                                    Column{.name = "mark"}};
inline constexpr std::array kHours{kDevice, kHour, kContent};
inline constexpr std::array kTwins{kDevice, Column{.name = "sn", .type = kAnyText},
                                   Column{.name = "state", .type = kAnyText}};
// `at_ms`: the time that retention goes by: the entry's; the least number if it has none; the
// greatest if it cannot be read.
inline constexpr std::array kAudit{kSequence, Column{.name = "at_ms"},
                                   Column{.name = "entry", .type = kAnyText}};
// `open`: the beginning of a fault that has not ended.
inline constexpr std::array kEvents{Column{.name = "id"},
                                    kDevice,
                                    Column{.name = "at_ms"},
                                    Column{.name = "kind", .type = kInt},
                                    Column{.name = "since_ms"},
                                    Column{.name = "count"},
                                    Column{.name = "field", .type = kAnyText},
                                    Column{.name = "text", .type = kAnyText},
                                    Column{.name = "open", .type = kFlag}};
// Hours of which more than `part` tells is stored.
inline constexpr std::array kTaken{kDevice, kHour, Column{.name = "record"}};
// Days on which the server ran (store/running_days.h).
inline constexpr std::array kRunningDays{Column{.name = "day"}, Column{.name = "ran_ms"},
                                         Column{.name = "first_mark"}};
}  // namespace columns

namespace indexes {
using tables::Index;
inline constexpr std::array kChunks{Index{"open_hour", "device, hour", "NOT over"}};
inline constexpr std::array kEvents{Index{"event_of_device", "device, at_ms, id"},
                                    Index{"closed_event", "at_ms", "NOT open"},
                                    Index{"open_fault", "device", "open"}};
}  // namespace indexes

// For SQL in PostgreSQL alone.
[[nodiscard]] std::string readable_name(std::span<const tables::Value> row);
[[nodiscard]] std::string is_json(std::span<const tables::Value> row);
namespace derived {
inline constexpr std::array kNames{
    tables::Derived{.name = "name", .type = tables::ColumnType::kText, .value = readable_name}};
inline constexpr std::array kAudit{
    tables::Derived{.name = "is_json", .type = tables::ColumnType::kFlag, .value = is_json}};
}  // namespace derived

// Both have room for their next versions on each page of PostgreSQL's, so that an update changes no
// index.
inline constexpr tables::Table kWriter{.number = 11,
                                       .name = "writer",
                                       .columns = columns::kWriter,
                                       .postgres = " WITH (fillfactor = 10)",
                                       .loss = "all of the log is read again",
                                       .is_copied = false};
inline constexpr tables::Table kParts{.number = 7,
                                      .name = "part",
                                      .columns = columns::kParts,
                                      .postgres = " WITH (fillfactor = 10)",
                                      .title = "positions",
                                      .is_restless = true,
                                      .loss =
                                          "the number of the last stored record is not known; "
                                          "all of the log is read again"};
inline constexpr tables::Table kNames{.number = 1,
                                      .name = "field_name",
                                      .columns = columns::kNames,
                                      .derived = derived::kNames,
                                      .title = "field names",
                                      .loss =
                                          "the stored values of the field are now under "
                                          "damaged.field.N"};
inline constexpr tables::Table kChunks{
    .number = 2,
    .name = "block",
    .columns = columns::kChunks,
    .keys = 3,
    .rowid = "mark",
    .indexes = indexes::kChunks,
    .postgres = " PARTITION BY RANGE (hour)",
    .is_partitioned = true,
    .title = "chunks",
    .group = 2,
    .carried = 1,
    .loss = "the reports in this chunk of the hour are left out"};
inline constexpr tables::Table kEnergies{
    .number = 3,
    .name = "energy_hour",
    .columns = columns::kHours,
    .keys = 2,
    .postgres = " PARTITION BY RANGE (hour)",
    .is_partitioned = true,
    .title = "energies",
    .loss =
        "the energies of the hour are computed from its block if that is still stored, and "
        "missing otherwise"};
inline constexpr tables::Table kRollups{.number = 4,
                                        .name = "rollup_hour",
                                        .columns = columns::kHours,
                                        .keys = 2,
                                        .postgres = " PARTITION BY RANGE (hour)",
                                        .is_partitioned = true,
                                        .title = "rollups",
                                        .loss = "the hour's statistics are left out"};
inline constexpr tables::Table kTwins{
    .number = 5,
    .name = "twin",
    .columns = columns::kTwins,
    .title = "twins",
    .is_restless = true,
    .loss = "the device's values are not known until it reports them again"};
inline constexpr tables::Table kAudit{.number = 6,
                                      .name = "audit_entry",
                                      .columns = columns::kAudit,
                                      .derived = derived::kAudit,
                                      .title = "audit",
                                      .loss = "the entry is shown as damaged"};
inline constexpr tables::Table kEvents{.number = 10,
                                       .name = "event",
                                       .columns = columns::kEvents,
                                       .indexes = indexes::kEvents,
                                       .title = "events",
                                       .loss = "the event is left out"};
inline constexpr tables::Table kTaken{
    .number = 9,
    .name = "taken",
    .columns = columns::kTaken,
    .keys = 2,
    .title = "taken records",
    .is_restless = true,
    .loss = "reports in the log are compared with the stored ones"};
inline constexpr tables::Table kRunningDays{
    .number = 8,
    .name = "running_day",
    .columns = columns::kRunningDays,
    .title = "running days",
    .carried = 1,
    .loss = "the day counts as one on which the server did not run"};

// In the order of a copy: rollups come before chunks, and days before what is carried with a day.
inline constexpr std::array kHistoryTables{&kNames,    &kRunningDays, &kRollups, &kChunks,
                                           &kEnergies, &kTwins,       &kAudit,   &kEvents,
                                           &kTaken,    &kParts,       &kWriter};
[[nodiscard]] Status put_first_history(tables::TableConnection& connection);
inline constexpr tables::Schema kHistorySchema{
    .name = "history", .tables = kHistoryTables, .first_rows = put_first_history};

// The row of `taken` that says that others are missing: no device has this number. It goes when the
// positions move.
inline constexpr DeviceHour kOfNoDevice{};
[[nodiscard]] Status forget_taken(tables::TableConnection& connection);

// The time of an audit entry as columns::kAudit has it.
[[nodiscard]] std::int64_t time_of_entry(std::string_view entry);

}  // namespace gridloom::history
