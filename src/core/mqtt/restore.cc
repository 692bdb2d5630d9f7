#include "mqtt/restore.h"

#include <utility>

#include "hub/clients/session_changes.h"
#include "hub/hub.h"
#include "hub/platform/stored_messages.h"
#include "mqtt/session_publications.h"
#include "mqtt/session_table.h"

namespace gridloom::mqtt {
namespace {

// A row of a session that another node keeps (hubs/transit.h).
bool is_of_node(const StoredSession& row) { return row.client_id.starts_with(hub::kOfNode); }

bool restore_transit(hub::Hub& hub, StoredSession& row) {
  const auto identity = hub.access().identity_of(row.user);
  if (!identity || identity->generation != row.generation) return false;
  hub::StoredTransit stored{.number = row.number,
                            .node = row.client_id.substr(1),
                            .session = row.signed_in_as,
                            .identity = *identity,
                            .subscriptions = std::move(row.subscriptions),
                            .messages = {}};
  for (wire::mqtt::Outbox::Kept& kept : row.messages) {
    if (!kept.entry.message) continue;
    stored.messages.push_back({.message = std::move(kept.entry.message),
                               .qos = kept.entry.qos,
                               .retain = kept.entry.retain,
                               .subscription_ids = std::move(kept.entry.subscription_ids),
                               .number = kept.entry.number});
  }
  return hub.saved_state().restore_transit(std::move(stored));
}

// The stream of what has come from another node (hubs/arrivals.h).
bool restore_arrivals(hub::SavedState& state, const StoredStream& row) {
  const auto through = row.receipts.digest_of(0);
  return through && state.restore_arrivals({.stream = row.number,
                                            .node = row.client_id,
                                            .through = static_cast<std::int64_t>(*through)});
}

}  // namespace

std::size_t restore(const ServerContext& server, const std::vector<Loop*>& loops,
                    SessionStore::Loaded loaded) {
  std::size_t dropped = 0;
  for (const hub::RetainedChange& retained : loaded.retained) {
    if (server.hub->saved_state().restore_retained(retained)) continue;
    ++dropped;
    record(*server.hub, hub::RetainedKept{.topic = retained.topic});
  }
  hub::SavedState state = server.hub->saved_state();
  std::erase_if(loaded.sessions, [&](StoredSession& row) {
    if (!is_of_node(row)) return false;
    if (!restore_transit(*server.hub, row)) record(*server.hub, hub::SessionEnded{row.number});
    return true;
  });
  std::erase_if(loaded.streams, [&](const StoredStream& row) {
    return row.user.empty() && restore_arrivals(state, row);
  });
  server.sessions->restore(server, loops, std::move(loaded.sessions), std::move(loaded.streams));
  return dropped;
}

}  // namespace gridloom::mqtt
