// Restores at a start the state that a server had at its last stop or crash: the devices' last
// values, retained messages and sessions; and collects the twins for it. Losses and damage
// meanwhile are noted (history::DamageNotes), so that /healthz and `gridloom damage` show them.
#pragma once

#include <cstddef>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/archive.h"
#include "hub/hub.h"
#include "mqtt/client_session.h"
#include "mqtt/session_store.h"
#include "registry/registry.h"
#include "server/loops.h"

namespace gridloom::server {

struct SavedState {
  registry::Registry& registry;
  mqtt::SessionStore& store;
  history::Archive& archive;
  hub::Hub& hub;
  const mqtt::ServerContext& mqtt;
  LoopSpan loops;
  const Clock& wall;  // times of the notes
};

// Call once, before the archive starts and the loops turn. Fails where the state cannot be read,
// or the registry not be reconciled with the history (server/reconcile.h).
[[nodiscard]] Status restore(const SavedState& saved);

// The twins that changed since the last call, of all `shards`. Waits for their loops.
[[nodiscard]] std::vector<history::StoredTwin> changed_twins(hub::Hub& hub, std::size_t shards);

}  // namespace gridloom::server
