#include "node/relay_messages.h"

#include <utility>

#include "base/bytes.h"

namespace gridloom::node {
namespace {

constexpr std::uint64_t kVersion = 1;

// The kinds of messages, as they are numbered in bytes.
enum class RelayKind : std::uint8_t { kOpen = 0, kBytes = 1, kTaken = 2, kAccount = 3, kEnd = 4 };

struct Writer {
  void begin(RelayKind kind, ConnectionNumber connection) {
    append_varint(bytes, kVersion);
    append_varint(bytes, std::to_underlying(kind));
    append_varint(bytes, connection);
  }
  void operator()(const RelayOpen& open) {
    begin(RelayKind::kOpen, open.connection);
    append_text(bytes, open.peer);
    append_varint(bytes, open.secure ? 1 : 0);
  }
  void operator()(const RelayBytes& some) { begin(RelayKind::kBytes, some.connection); }
  void operator()(const RelayTaken& taken) {
    begin(RelayKind::kTaken, taken.connection);
    append_varint(bytes, taken.bytes);
  }
  void operator()(const RelayAccount& known) {
    begin(RelayKind::kAccount, known.connection);
    append_signed(bytes, known.account);
  }
  void operator()(const RelayEnd& end) {
    begin(RelayKind::kEnd, end.connection);
    append_varint(bytes, std::to_underlying(end.kind));
  }

  std::string bytes{};
};

std::uint64_t number_up_to(Cursor& cursor, std::uint64_t most) {
  const std::uint64_t value = cursor.varint();
  if (value <= most) return value;
  cursor.fail();
  return 0;
}

// Leaves what is behind the message in the cursor.
RelayMessage read(Cursor& cursor) {
  if (cursor.varint() != kVersion) cursor.fail();
  const auto kind =
      static_cast<RelayKind>(number_up_to(cursor, std::to_underlying(RelayKind::kEnd)));
  const ConnectionNumber connection = cursor.varint();
  switch (kind) {
    case RelayKind::kOpen: {
      std::string peer(cursor.text());
      return RelayOpen{.connection = connection,
                       .peer = std::move(peer),
                       .secure = number_up_to(cursor, 1) == 1};
    }
    case RelayKind::kBytes:
      return RelayBytes{.connection = connection, .data = cursor.bytes(cursor.rest().size())};
    case RelayKind::kTaken:
      return RelayTaken{.connection = connection, .bytes = cursor.varint()};
    case RelayKind::kAccount:
      return RelayAccount{.connection = connection, .account = cursor.signed_varint()};
    case RelayKind::kEnd:
      break;
  }
  return RelayEnd{.connection = connection,
                  .kind = static_cast<RelayEnd::Kind>(
                      number_up_to(cursor, std::to_underlying(RelayEnd::Kind::kServerStops)))};
}

}  // namespace

std::string bytes_of(const RelayMessage& message) {
  return head_of(message).append(data_of(message));
}

std::string_view data_of(const RelayMessage& message) {
  const auto* const some = std::get_if<RelayBytes>(&message);
  return some == nullptr ? std::string_view() : some->data;
}

std::string head_of(const RelayMessage& message) {
  Writer writer;
  std::visit(writer, message);
  return std::move(writer.bytes);
}

Result<RelayMessage> relay_message_in(std::string_view bytes) {
  Cursor cursor(bytes);
  RelayMessage message = read(cursor);
  if (!cursor.failed() && cursor.at_end()) return message;
  return fail(ErrorCode::kMalformed, "not the bytes of a message of the relay");
}

}  // namespace gridloom::node
