// Changes of clients' MQTT sessions as bytes of the log (journal::RecordKind::kTurn), in the same
// record as the reports that caused them. After a crash, repeated publications are recognized by
// these changes, and a message queued for a client is as durable as the publication that was
// acknowledged to its sender.
//
// A stream is what one client of one user publishes in QoS 1 and 2, over all its connections. A
// session here is one that outlives its connection. Numbers come from SessionKeeper::new_number().
// docs/internals/formats.md shows the bytes. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hub/clients/subscription_table.h"
#include "wire/mqtt/message.h"

namespace gridloom::hub {

// Converts subscriptions to and from MQTT 5 packets, their format in the session store and in the
// log: one SUBSCRIBE per subscription, concatenated. Pure. Messages: wire/mqtt/message.h.

[[nodiscard]] std::string packets_of(const std::vector<Subscription>& subscriptions);
[[nodiscard]] std::optional<std::vector<Subscription>> subscriptions_in(std::string_view packets);

// Identifies a publication of QoS 1 or 2 by its packet id and a digest of topic and payload.
struct Receipt {
  std::uint16_t packet_id = 0;
  bool exactly_once = false;
  std::uint64_t digest = 0;

  friend bool operator==(const Receipt&, const Receipt&) = default;
};

struct StreamBegun {
  std::int64_t stream = 0;
  std::string_view user{};
  std::string_view client_id{};
};
struct PublicationTaken {
  std::int64_t stream = 0;
  Receipt receipt{};
  // How many of the stream's oldest receipts are no longer needed.
  std::uint32_t settled = 0;
};
// PUBREL was received: the packet id is free again.
struct PublicationReleased {
  std::int64_t stream = 0;
  std::uint16_t packet_id = 0;
};
// The client began a new session: no PUBREL is owed.
struct StreamCleared {
  std::int64_t stream = 0;
};
struct StreamEnded {
  std::int64_t stream = 0;
};

// A message of QoS 1 or 2 was queued for the session's client.
struct MessageKept {
  std::int64_t session = 0;
  std::int64_t message = 0;
  std::int64_t expires_at_ms = 0;  // since 1970; 0: never
  wire::mqtt::PacketFlags flags{};
  // The bytes of wire::mqtt::packet_of(), whose own flags are not used. Empty: the packet of the
  // preceding MessageKept in the same bytes.
  std::string_view packet{};
};
// The message is sent with this packet id, now and after a crash.
struct MessageNumbered {
  std::int64_t session = 0;
  std::int64_t message = 0;
  std::uint16_t packet_id = 0;
};
// The client has received the message of QoS 2; only its PUBCOMP is missing.
struct MessageReleased {
  std::int64_t session = 0;
  std::int64_t message = 0;
  std::uint16_t packet_id = 0;
};
// The message is no longer queued: it was acknowledged, expired or dropped.
struct MessageDone {
  std::int64_t session = 0;
  std::int64_t message = 0;
};
// The complete state of the session from now on. Times in ms since 1970.
struct SessionKept {
  std::int64_t session = 0;
  std::string_view user{};
  std::string_view client_id{};
  std::int64_t signed_in_as = 0;  // hub::number_of()
  std::int64_t generation = 0;
  std::uint32_t expiry_s = 0;
  std::int64_t parked_at_ms = 0;     // 0: it has a connection
  std::string_view subscriptions{};  // MQTT 5 SUBSCRIBE packets
  struct Will {
    std::string_view packet{};
    std::int64_t due_ms = 0;
    std::optional<std::uint32_t> expiry_s{};
  };
  std::optional<Will> will{};
};
// The session and its queued messages ended.
struct SessionEnded {
  std::int64_t session = 0;
};
// The retained message of a topic changed.
struct RetainedKept {
  std::string_view topic{};
  std::int64_t device = 0;         // RetainedChange::device
  std::int64_t expires_at_ms = 0;  // since 1970; 0: never
  std::string_view packet{};       // empty: it was cleared
};
using SessionChange =
    std::variant<StreamBegun, PublicationTaken, PublicationReleased, StreamCleared, StreamEnded,
                 MessageKept, MessageNumbered, MessageReleased, MessageDone, SessionKept,
                 SessionEnded, RetainedKept>;

void append_change(std::string& bytes, const SessionChange& change);

// Calls `on_change` for each change, in order; its views point into `bytes`. False: the bytes end
// in something that is not a change; `on_change` was called for the changes before it.
bool each_change(std::string_view bytes,
                 const std::function<void(const SessionChange&)>& on_change);

}  // namespace gridloom::hub
