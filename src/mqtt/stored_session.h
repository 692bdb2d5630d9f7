// A session that outlives the server: as the log has it (hub::SessionKept), and with what waits for
// its client. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "hub/session_changes.h"
#include "hub/shard.h"
#include "wire/mqtt/session.h"

namespace gridloom::mqtt {

struct StoredSession {
  std::int64_t number = 0;  // hub::SessionKeeper::new_number()
  std::string user;
  // Whose session it is, by hub::number_of, and the generation of what it signed in with. 0: not
  // known, as version 1 kept neither.
  std::int64_t signed_in_as = 0;
  std::int64_t generation = 0;
  std::string client_id;
  std::uint32_t expiry_s = 0;
  std::optional<TimePoint> parked_at{};  // none: it had a connection
  std::vector<hub::Subscription> subscriptions{};
  std::vector<std::uint16_t> received{};  // of a client without a stream
  std::optional<wire::mqtt::Will> will{};
  std::optional<TimePoint> will_due{};
  std::vector<wire::mqtt::Outbox::Kept> messages{};  // of one that was read from the store alone
};
using StoredSessions = std::vector<StoredSession>;

// As a hub::SessionKept, without what was received and the messages.
[[nodiscard]] std::string change_of(const StoredSession& session);
// Nothing: a packet in it is none.
[[nodiscard]] std::optional<StoredSession> session_of(const hub::SessionKept& kept);

}  // namespace gridloom::mqtt
