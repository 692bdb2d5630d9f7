#include "hub/arrivals.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "hub/kept_delivery.h"
#include "hub/session_changes.h"
#include "journal/turn.h"

namespace gridloom::hub {

void Arrivals::restore(const StoredArrivals& stored) {
  nodes_[stored.node] = {.stream = stored.stream, .through = stored.through};
}

std::int64_t Arrivals::through(const std::string& node) const {
  const auto known = nodes_.find(node);
  return known == nodes_.end() ? 0 : known->second.through;
}

void Arrivals::take(const std::string& node, const Client* client,
                    std::vector<Delivery>& deliveries,
                    std::function<void(std::int64_t through)> taken) {
  std::int64_t through = 0;
  for (const Delivery& each : deliveries) through = std::max(through, each.number);
  if (through == 0 || !platform_.sessions) return;
  Arrived& arrived = nodes_[node];
  std::string changes;
  const std::int64_t session = client == nullptr ? 0 : client->stored_number();
  // The packet that the next change may share, and the message that it is of.
  std::string packet;
  const wire::mqtt::Message* packed = nullptr;
  for (Delivery& each : deliveries) {
    if (std::exchange(each.number, 0) == 0 || session == 0) continue;
    if (std::exchange(packed, each.message.get()) != each.message.get()) packet.clear();
    const auto kept = keep_delivery(*platform_.sessions, session, each, packet);
    if (kept) append_change(changes, *kept);
  }
  if (arrived.stream == 0) {
    arrived.stream = platform_.sessions->new_number();
    append_change(changes, StreamBegun{.stream = arrived.stream, .user = {}, .client_id = node});
  }
  arrived.through = std::max(arrived.through, through);
  // A receipt replaces the one with the same packet id.
  append_change(changes, PublicationTaken{
                             .stream = arrived.stream,
                             .receipt = {.digest = static_cast<std::uint64_t>(arrived.through)}});
  Task durable = [taken = std::move(taken), through] { taken(through); };
  if (platform_.journal == nullptr) {
    platform_.sessions->take(changes);
    return durable();
  }
  platform_.journal->append(journal::RecordKind::kTurn,
                            journal::make_turn({.batch = {}, .session_changes = changes}),
                            std::move(durable), 0);
}

}  // namespace gridloom::hub
