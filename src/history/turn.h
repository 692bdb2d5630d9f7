// A record of kind kTurn: what one turn of a shard, or one MQTT session, changed. It is one record
// so that a crash keeps all of it or nothing: a report, the identity by which its repetition is
// known, and the sessions that wait for it.
//
// Bytes: the length of the batch as a varint, the batch (empty: there were no reports), and the
// changes of sessions, which history hands on unread. docs/internals/formats.md shows both.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "history/journal.h"

namespace gridloom::history {

struct Turn {
  std::string_view batch{};
  std::string_view session_changes{};
};
[[nodiscard]] std::string make_turn(const Turn& turn);
// Nothing: the payload is none. Views lead into it.
[[nodiscard]] std::optional<Turn> read_turn(std::string_view payload);

// The reports of a record, empty if it has none.
[[nodiscard]] std::string_view batch_of(RecordKind kind, std::string_view payload);

}  // namespace gridloom::history
