#include "journal/turn.h"

#include "base/bytes.h"

namespace gridloom::journal {

std::string make_turn(const Turn& turn) {
  std::string bytes;
  bytes.reserve(kLongestVarint + turn.batch.size() + turn.session_changes.size());
  append_text(bytes, turn.batch);
  bytes.append(turn.session_changes);
  return bytes;
}

std::optional<Turn> read_turn(std::string_view payload) {
  Cursor cursor(payload);
  const std::string_view batch = cursor.text();
  if (cursor.failed()) return std::nullopt;
  return Turn{.batch = batch, .session_changes = cursor.rest()};
}

std::string_view batch_of(RecordKind kind, std::string_view payload) {
  if (kind == RecordKind::kReports) return payload;
  if (kind != RecordKind::kTurn) return {};
  const auto turn = read_turn(payload);
  return turn ? turn->batch : std::string_view();
}

}  // namespace gridloom::journal
