#include "hub/clients/session_changes.h"

#include <optional>
#include <utility>

#include "base/bytes.h"
#include "wire/mqtt/packet.h"

namespace gridloom::hub {
namespace {

// The numbers as stored in the log.
enum class Type : std::uint8_t {
  kStreamBegun = 1,
  kTaken = 2,
  kTakenExactlyOnce = 3,
  kReleased = 4,
  kStreamCleared = 5,
  kStreamEnded = 6,
  kMessageKept = 7,
  kMessageNumbered = 8,
  kMessageReleased = 9,
  kMessageDone = 10,
  kSessionKept = 11,
  kSessionEnded = 12,
  kRetainedKept = 13,
};

// The stored flags of a message are its QoS plus this bit.
constexpr std::uint64_t kRetain = 4;

void append_number(std::string& bytes, std::int64_t number) {
  append_varint(bytes, static_cast<std::uint64_t>(number));
}

// `of` is the number of the changed stream or session, or of the device that published the retained
// message.
void begin(std::string& bytes, Type type, std::int64_t of) {
  append_varint(bytes, static_cast<std::uint64_t>(type));
  append_number(bytes, of);
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

void append(std::string& bytes, const MessageKept& change) {
  begin(bytes, Type::kMessageKept, change.session);
  append_number(bytes, change.message);
  append_number(bytes, change.expires_at_ms);
  append_varint(bytes,
                static_cast<std::uint64_t>(change.flags.qos) | (change.flags.retain ? kRetain : 0));
  append_varint(bytes, change.flags.subscription_ids.size());
  for (const std::uint32_t id : change.flags.subscription_ids) append_varint(bytes, id);
  append_text(bytes, change.packet);
}
void append(std::string& bytes, const MessageNumbered& change) {
  begin(bytes, Type::kMessageNumbered, change.session);
  append_number(bytes, change.message);
  append_varint(bytes, change.packet_id);
}
void append(std::string& bytes, const MessageReleased& change) {
  begin(bytes, Type::kMessageReleased, change.session);
  append_number(bytes, change.message);
  append_varint(bytes, change.packet_id);
}
void append(std::string& bytes, const MessageDone& change) {
  begin(bytes, Type::kMessageDone, change.session);
  append_number(bytes, change.message);
}
void append(std::string& bytes, const SessionKept& change) {
  begin(bytes, Type::kSessionKept, change.session);
  append_text(bytes, change.user);
  append_text(bytes, change.client_id);
  append_number(bytes, change.signed_in_as);
  append_number(bytes, change.generation);
  append_varint(bytes, change.expiry_s);
  append_number(bytes, change.parked_at_ms);
  append_text(bytes, change.subscriptions);
  append_text(bytes, change.will ? change.will->packet : std::string_view());
  if (!change.will) return;
  append_number(bytes, change.will->due_ms);
  append_varint(bytes, change.will->expiry_s ? std::uint64_t{*change.will->expiry_s} + 1 : 0);
}
void append(std::string& bytes, const SessionEnded& change) {
  begin(bytes, Type::kSessionEnded, change.session);
}
void append(std::string& bytes, const RetainedKept& change) {
  begin(bytes, Type::kRetainedKept, change.device);
  append_text(bytes, change.topic);
  append_number(bytes, change.expires_at_ms);
  append_text(bytes, change.packet);
}

std::int64_t number_in(Cursor& cursor) { return static_cast<std::int64_t>(cursor.varint()); }
std::uint16_t packet_id_in(Cursor& cursor) { return static_cast<std::uint16_t>(cursor.varint()); }

PublicationTaken taken_in(Cursor& cursor, std::int64_t stream, bool exactly_once) {
  PublicationTaken taken{.stream = stream};
  taken.receipt.packet_id = packet_id_in(cursor);
  taken.receipt.exactly_once = exactly_once;
  taken.receipt.digest = cursor.fixed64();
  taken.settled = static_cast<std::uint32_t>(cursor.varint());
  return taken;
}

std::optional<MessageKept> message_kept_in(Cursor& cursor, std::int64_t session) {
  MessageKept kept{.session = session, .message = number_in(cursor)};
  kept.expires_at_ms = number_in(cursor);
  const std::uint64_t flags = cursor.varint();
  kept.flags.retain = (flags & kRetain) != 0;
  const std::uint64_t qos = flags & ~kRetain;
  if (qos > static_cast<std::uint64_t>(wire::mqtt::Qos::kExactlyOnce)) return std::nullopt;
  kept.flags.qos = static_cast<wire::mqtt::Qos>(qos);
  for (std::uint64_t left = cursor.varint(); left > 0 && !cursor.at_end(); --left) {
    kept.flags.subscription_ids.push_back(static_cast<std::uint32_t>(cursor.varint()));
  }
  kept.packet = cursor.text();
  return kept;
}

SessionKept session_in(Cursor& cursor, std::int64_t session) {
  SessionKept kept{.session = session, .user = cursor.text()};
  kept.client_id = cursor.text();
  kept.signed_in_as = number_in(cursor);
  kept.generation = number_in(cursor);
  kept.expiry_s = static_cast<std::uint32_t>(cursor.varint());
  kept.parked_at_ms = number_in(cursor);
  kept.subscriptions = cursor.text();
  const std::string_view will = cursor.text();
  if (will.empty()) return kept;
  kept.will.emplace(SessionKept::Will{.packet = will, .due_ms = number_in(cursor)});
  const std::uint64_t expiry = cursor.varint();
  if (expiry != 0) kept.will->expiry_s = static_cast<std::uint32_t>(expiry - 1);
  return kept;
}

RetainedKept retained_in(Cursor& cursor, std::int64_t device) {
  RetainedKept kept{.topic = cursor.text(), .device = device};
  kept.expires_at_ms = number_in(cursor);
  kept.packet = cursor.text();
  return kept;
}

// Reads the fields that MessageNumbered and MessageReleased have in common.
template <typename Change>
Change sent_in(Cursor& cursor, std::int64_t session) {
  Change change{.session = session, .message = number_in(cursor)};
  change.packet_id = packet_id_in(cursor);
  return change;
}

std::optional<SessionChange> next(Cursor& cursor) {
  const auto type = static_cast<Type>(cursor.varint());
  const std::int64_t of = number_in(cursor);
  switch (type) {
    case Type::kStreamBegun: {
      const std::string_view user = cursor.text();
      return StreamBegun{.stream = of, .user = user, .client_id = cursor.text()};
    }
    case Type::kTaken:
    case Type::kTakenExactlyOnce:
      return taken_in(cursor, of, type == Type::kTakenExactlyOnce);
    case Type::kReleased:
      return PublicationReleased{.stream = of, .packet_id = packet_id_in(cursor)};
    case Type::kStreamCleared:
      return StreamCleared{.stream = of};
    case Type::kStreamEnded:
      return StreamEnded{.stream = of};
    case Type::kMessageKept:
      return message_kept_in(cursor, of);
    case Type::kMessageNumbered:
      return sent_in<MessageNumbered>(cursor, of);
    case Type::kMessageReleased:
      return sent_in<MessageReleased>(cursor, of);
    case Type::kMessageDone:
      return MessageDone{.session = of, .message = number_in(cursor)};
    case Type::kSessionKept:
      return session_in(cursor, of);
    case Type::kSessionEnded:
      return SessionEnded{.session = of};
    case Type::kRetainedKept:
      return retained_in(cursor, of);
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

namespace {

using wire::mqtt::PropertyId;
using wire::mqtt::Subscribe;
using wire::mqtt::Version;

}  // namespace

std::string packets_of(const std::vector<Subscription>& subscriptions) {
  std::string bytes;
  for (const Subscription& subscription : subscriptions) {
    Subscribe packet{.packet_id = 1};
    packet.entries.push_back({.filter = subscription.filter,
                              .qos = subscription.qos,
                              .no_local = subscription.no_local,
                              .retain_as_published = subscription.retain_as_published});
    if (subscription.id != 0) packet.properties.add(PropertyId::kSubscriptionId, subscription.id);
    encode(bytes, packet, Version::k5);
  }
  return bytes;
}

std::optional<std::vector<Subscription>> subscriptions_in(std::string_view packets) {
  std::vector<Subscription> found;
  while (!packets.empty()) {
    const auto header = wire::mqtt::peek_header(packets);
    if (!header || !*header || (*header)->total_bytes() > packets.size()) return std::nullopt;
    const auto decoded =
        wire::mqtt::decode(packets.substr(0, (*header)->total_bytes()), Version::k5);
    const auto* packet = decoded ? std::get_if<Subscribe>(&*decoded) : nullptr;
    if (packet == nullptr) return std::nullopt;
    for (const wire::mqtt::FilterEntry& entry : packet->entries) {
      found.push_back({.filter = std::string(entry.filter),
                       .qos = entry.qos,
                       .id = packet->properties.number(PropertyId::kSubscriptionId).value_or(0),
                       .no_local = entry.no_local,
                       .retain_as_published = entry.retain_as_published,
                       .send_retained = false});
    }
    packets.remove_prefix((*header)->total_bytes());
  }
  return found;
}

}  // namespace gridloom::hub
