// The payload of a kTurn record: the changes made by one turn of a shard, or by one MQTT session.
// They are one record so that a crash keeps all of them or none: a report, the identity by which a
// repetition of the report is recognized, and the sessions that wait for it.
//
// Bytes: the length of the batch as a varint, the batch (empty: there were no reports), and the
// changes of sessions, which history passes on without reading them. docs/internals/formats.md
// shows both.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "journal/journal.h"

namespace gridloom::journal {

struct Turn {
  std::string_view batch{};
  std::string_view session_changes{};
};
[[nodiscard]] std::string make_turn(const Turn& turn);
// Nothing: the payload is not a turn. The result's views point into the payload.
[[nodiscard]] std::optional<Turn> read_turn(std::string_view payload);

// The batch of reports in a record; empty if it has none.
[[nodiscard]] std::string_view batch_of(RecordKind kind, std::string_view payload);

}  // namespace gridloom::journal
