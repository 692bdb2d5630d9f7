// What clients' sessions change, as it stands in the log (history::RecordKind::kTurn) beside the
// reports that caused it: by these a repetition is known after a crash, and what waits for a client
// is as safe as what was acknowledged to the sender.
//
// A stream is one client of one user: what it publishes in QoS 1 and 2, over all its connections. A
// session here is one that outlives its connection. Numbers are Platform::new_number()'s.
// docs/internals/formats.md shows the bytes. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "wire/mqtt/stored_message.h"

namespace gridloom::hub {

// A publication of QoS 1 or 2, by the packet id and a digest of topic and payload.
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
  // So many of the stream's oldest receipts are no longer needed.
  std::uint32_t settled = 0;
};
// PUBREL came: the packet id is free again.
struct PublicationReleased {
  std::int64_t stream = 0;
  std::uint16_t packet_id = 0;
};
// The client's session began anew: no PUBREL is owed.
struct StreamCleared {
  std::int64_t stream = 0;
};
struct StreamEnded {
  std::int64_t stream = 0;
};

// A message of QoS 1 or 2 waits for the session's client.
struct MessageKept {
  std::int64_t session = 0;
  std::int64_t message = 0;
  std::int64_t expires_at_ms = 0;  // since 1970; 0: it does not
  wire::mqtt::PacketFlags flags{};
  // wire::mqtt::packet_of(), whose own flags mean nothing here. Empty: that of the MessageKept
  // before it in the same bytes.
  std::string_view packet{};
};
// It is sent with this packet id, now and after a crash.
struct MessageNumbered {
  std::int64_t session = 0;
  std::int64_t message = 0;
  std::uint16_t packet_id = 0;
};
// The client has the message of QoS 2; what is left is its PUBCOMP.
struct MessageReleased {
  std::int64_t session = 0;
  std::int64_t message = 0;
  std::uint16_t packet_id = 0;
};
// It waits no more: it was answered, expired or dropped.
struct MessageDone {
  std::int64_t session = 0;
  std::int64_t message = 0;
};
// The session as it is from now on. Times as above.
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
// Its messages end with it.
struct SessionEnded {
  std::int64_t session = 0;
};
// What is retained at a topic.
struct RetainedKept {
  std::string_view topic{};
  std::int64_t device = 0;         // RetainedChange::device
  std::int64_t expires_at_ms = 0;  // likewise
  std::string_view packet{};       // empty: nothing any more
};
using SessionChange =
    std::variant<StreamBegun, PublicationTaken, PublicationReleased, StreamCleared, StreamEnded,
                 MessageKept, MessageNumbered, MessageReleased, MessageDone, SessionKept,
                 SessionEnded, RetainedKept>;

void append_change(std::string& bytes, const SessionChange& change);

// Calls `on_change` for each, in order; views lead into `bytes`. False: the bytes end in what is no
// change; those before it were told.
bool each_change(std::string_view bytes,
                 const std::function<void(const SessionChange&)>& on_change);

}  // namespace gridloom::hub
