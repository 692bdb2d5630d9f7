#include "mqtt/stored_session.h"

#include <utility>

#include "history/bytes.h"
#include "mqtt/stored_packets.h"
#include "wire/mqtt/stored_message.h"

namespace gridloom::mqtt {
namespace {

using history::append_text;
using history::append_varint;
using history::Cursor;

void append_time(std::string& bytes, const std::optional<TimePoint>& time) {
  append_varint(bytes, time ? static_cast<std::uint64_t>(unix_ms(*time)) : 0);
}
std::optional<TimePoint> time_in(Cursor& cursor) {
  const auto ms = static_cast<std::int64_t>(cursor.varint());
  return ms == 0 ? std::nullopt : std::optional(TimePoint(Millis(ms)));
}

}  // namespace

std::string row_of(const StoredSession& session) {
  std::string row;
  append_text(row, session.user);
  append_text(row, session.client_id);
  append_varint(row, static_cast<std::uint64_t>(session.signed_in_as));
  append_varint(row, static_cast<std::uint64_t>(session.generation));
  append_varint(row, session.expiry_s);
  append_time(row, session.parked_at);
  append_text(row, packets_of(session.subscriptions));
  if (!session.will) return row;
  const wire::mqtt::Will& will = *session.will;
  append_text(row, packet_of(will.message, {.qos = will.qos, .retain = will.retain}));
  append_time(row, session.will_due);
  // One more, as 0 says that it does not expire.
  append_varint(row, will.expiry_s ? std::uint64_t{*will.expiry_s} + 1 : 0);
  return row;
}

std::optional<StoredSession> session_of(std::int64_t number, std::string_view row) {
  Cursor cursor(row);
  StoredSession session{
      .number = number, .user = std::string(cursor.text()), .client_id = std::string(cursor.text())};
  session.signed_in_as = static_cast<std::int64_t>(cursor.varint());
  session.generation = static_cast<std::int64_t>(cursor.varint());
  session.expiry_s = static_cast<std::uint32_t>(cursor.varint());
  session.parked_at = time_in(cursor);
  auto subscriptions = subscriptions_in(cursor.text());
  if (cursor.failed() || !subscriptions) return std::nullopt;
  session.subscriptions = std::move(*subscriptions);
  if (cursor.at_end()) return session;
  const auto will = wire::mqtt::message_in(cursor.text(), std::nullopt);
  session.will_due = time_in(cursor);
  const std::uint64_t expiry = cursor.varint();
  if (cursor.failed() || !will) return std::nullopt;
  session.will.emplace(wire::mqtt::Will{
      .message = *will->message, .qos = will->flags.qos, .retain = will->flags.retain});
  if (expiry != 0) session.will->expiry_s = static_cast<std::uint32_t>(expiry - 1);
  return session;
}

}  // namespace gridloom::mqtt
