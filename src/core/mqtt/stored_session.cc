#include "mqtt/stored_session.h"

#include <ranges>
#include <set>
#include <utility>

#include "hub/clients/session_changes.h"
#include "wire/mqtt/message.h"

namespace gridloom::mqtt {

using wire::mqtt::Outbox;
using wire::mqtt::stored_ms;
using wire::mqtt::time_of;

std::string change_of(const StoredSession& session) {
  const std::string subscriptions = hub::packets_of(session.subscriptions);
  hub::SessionKept kept{.session = session.number,
                        .user = session.user,
                        .client_id = session.client_id,
                        .signed_in_as = session.signed_in_as,
                        .generation = session.generation,
                        .expiry_s = session.expiry_s,
                        .parked_at_ms = stored_ms(session.parked_at),
                        .subscriptions = subscriptions};
  std::string packet;
  if (session.will) {
    const wire::mqtt::Will& will = *session.will;
    packet = packet_of(will.message, {.qos = will.qos, .retain = will.retain});
    kept.will.emplace(hub::SessionKept::Will{
        .packet = packet, .due_ms = stored_ms(session.will_due), .expiry_s = will.expiry_s});
  }
  std::string change;
  hub::append_change(change, kept);
  return change;
}

// A message before one that was sent has been sent too: it is sent again in its place, with the
// packet id that it had. Whether the session's last connection sent one of the others is unknown.
void infer_sent(StoredSession& session) {
  std::set<std::uint16_t> taken;
  for (Outbox::Kept& kept : session.messages) {
    taken.insert(kept.packet_id);
    kept.entry.maybe_sent = !session.parked_at && kept.stage == Outbox::DeliveryState::kWaiting &&
                            kept.entry.qos == wire::mqtt::Qos::kAtLeastOnce;
  }
  bool later_was_sent = false;
  std::uint16_t free_id = 0;
  for (Outbox::Kept& kept : std::views::reverse(session.messages)) {
    if (kept.stage != Outbox::DeliveryState::kWaiting) {
      later_was_sent = true;
    } else if (later_was_sent && kept.entry.qos == wire::mqtt::Qos::kAtLeastOnce) {
      std::uint16_t packet_id = wire::mqtt::packet_id_of(kept.entry.number);
      while (!taken.insert(packet_id).second) packet_id = ++free_id;
      kept.stage = Outbox::DeliveryState::kSent;
      kept.packet_id = packet_id;
    }
  }
}

std::optional<StoredSession> session_of(const hub::SessionKept& kept) {
  auto subscriptions = hub::subscriptions_in(kept.subscriptions);
  if (!subscriptions) return std::nullopt;
  StoredSession session{.number = kept.session,
                        .user = std::string(kept.user),
                        .signed_in_as = kept.signed_in_as,
                        .generation = kept.generation,
                        .client_id = std::string(kept.client_id),
                        .expiry_s = kept.expiry_s,
                        .parked_at = time_of(kept.parked_at_ms),
                        .subscriptions = std::move(*subscriptions)};
  if (!kept.will) return session;
  const auto will = wire::mqtt::message_in(kept.will->packet, std::nullopt);
  if (!will) return std::nullopt;
  session.will.emplace(wire::mqtt::Will{.message = *will->message,
                                        .qos = will->flags.qos,
                                        .retain = will->flags.retain,
                                        .expiry_s = kept.will->expiry_s});
  session.will_due = time_of(kept.will->due_ms);
  return session;
}

}  // namespace gridloom::mqtt
