// A session that outlives the server: its data in the log (hub::SessionKept), and the messages that
// wait for its client. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "hub/clients/session_changes.h"
#include "hub/shard/shard.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

struct StoredSession {
  std::int64_t number = 0;  // hub::SessionKeeper::new_number()
  std::string user;
  // The owner of the session, by hub::number_of, and the generation of the credential that it
  // signed in with. 0: unknown, as version 1 stored neither.
  std::int64_t signed_in_as = 0;
  std::int64_t generation = 0;
  std::string client_id;
  std::uint32_t expiry_s = 0;
  std::optional<TimePoint> parked_at{};  // none: it had a connection
  std::vector<hub::Subscription> subscriptions{};
  std::vector<std::uint16_t> received{};  // only for a client without a stream
  std::optional<wire::mqtt::Will> will{};
  std::optional<TimePoint> will_due{};
  std::vector<wire::mqtt::Outbox::Kept> messages{};  // only if read from the store
};
using StoredSessions = std::vector<StoredSession>;

// The session as a hub::SessionKept, without `received` and `messages`.
[[nodiscard]] std::string change_of(const StoredSession& session);
// For a store that has read the session and its messages: marks the messages of QoS 1 that were
// sent, or may have been. The log does not record when one is sent.
void infer_sent(StoredSession& session);
// Empty: it contains an invalid packet.
[[nodiscard]] std::optional<StoredSession> session_of(const hub::SessionKept& kept);

}  // namespace gridloom::mqtt
