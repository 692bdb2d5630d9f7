#include "hub/session_changes.h"

#include <optional>

#include "history/bytes.h"

namespace gridloom::hub {
namespace {

using history::append_fixed64;
using history::append_text;
using history::append_varint;
using history::Cursor;

// Stored numbers.
enum class Type : std::uint8_t {
  kStreamBegun = 1,
  kTaken = 2,
  kTakenExactlyOnce = 3,
  kReleased = 4,
  kStreamCleared = 5,
  kStreamEnded = 6,
};

void begin(std::string& bytes, Type type, std::int64_t stream) {
  append_varint(bytes, static_cast<std::uint64_t>(type));
  append_varint(bytes, static_cast<std::uint64_t>(stream));
}

void append(std::string& bytes, const StreamBegun& change) {
  begin(bytes, Type::kStreamBegun, change.stream);
  append_text(bytes, change.user);
  append_text(bytes, change.client_id);
}
void append(std::string& bytes, const PublicationTaken& change) {
  const Receipt& receipt = change.receipt;
  begin(bytes, receipt.exactly_once ? Type::kTakenExactlyOnce : Type::kTaken, change.stream);
  append_varint(bytes, receipt.packet_id);
  append_fixed64(bytes, receipt.digest);
  append_varint(bytes, change.settled);
}
void append(std::string& bytes, const PublicationReleased& change) {
  begin(bytes, Type::kReleased, change.stream);
  append_varint(bytes, change.packet_id);
}
void append(std::string& bytes, const StreamCleared& change) {
  begin(bytes, Type::kStreamCleared, change.stream);
}
void append(std::string& bytes, const StreamEnded& change) {
  begin(bytes, Type::kStreamEnded, change.stream);
}

std::uint16_t packet_id_in(Cursor& cursor) { return static_cast<std::uint16_t>(cursor.varint()); }

std::optional<SessionChange> next(Cursor& cursor) {
  const auto type = static_cast<Type>(cursor.varint());
  const auto stream = static_cast<std::int64_t>(cursor.varint());
  switch (type) {
    case Type::kStreamBegun: {
      const std::string_view user = cursor.text();
      return StreamBegun{.stream = stream, .user = user, .client_id = cursor.text()};
    }
    case Type::kTaken:
    case Type::kTakenExactlyOnce: {
      PublicationTaken taken{.stream = stream};
      taken.receipt.packet_id = packet_id_in(cursor);
      taken.receipt.exactly_once = type == Type::kTakenExactlyOnce;
      taken.receipt.digest = cursor.fixed64();
      taken.settled = static_cast<std::uint32_t>(cursor.varint());
      return taken;
    }
    case Type::kReleased:
      return PublicationReleased{.stream = stream, .packet_id = packet_id_in(cursor)};
    case Type::kStreamCleared:
      return StreamCleared{.stream = stream};
    case Type::kStreamEnded:
      return StreamEnded{.stream = stream};
  }
  return std::nullopt;
}

}  // namespace

void append_change(std::string& bytes, const SessionChange& change) {
  std::visit([&bytes](const auto& one) { append(bytes, one); }, change);
}

bool each_change(std::string_view bytes,
                 const std::function<void(const SessionChange&)>& on_change) {
  Cursor cursor(bytes);
  while (!cursor.at_end()) {
    const auto change = next(cursor);
    if (!change || cursor.failed()) return false;
    on_change(*change);
  }
  return true;
}

}  // namespace gridloom::hub
