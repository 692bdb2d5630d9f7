// Restores at a start the state that a server had at its last stop or crash: the devices' last
// values, retained messages and sessions; and collects the twins for it. Losses and damage
// meanwhile are noted (history::DamageNotes), so that /healthz and `gridloom damage` show them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/family.h"
#include "history/archive.h"
#include "history/energy_query.h"
#include "hub/hub.h"
#include "mqtt/client_session.h"
#include "mqtt/session_store.h"
#include "registry/registry.h"
#include "server/loops.h"

namespace gridloom::server {

// Reconciles the registry and the history at start, as they are separate files that may disagree.
//
// Only the history of devices that were removed on purpose is purged. A device number that is
// merely unknown suggests that the registry is not the right one; its history is kept and reported.
//
// Call before the archive starts and before a device is added: device numbers that occur in the
// history are never given to a new device.
[[nodiscard]] Status reconcile(registry::Registry& registry, history::Archive& archive,
                               const Clock& clock);

// Notes as damage that the registry is not the newest one, if it is so.
void note_setback(const registry::Registry& registry, history::Archive& archive,
                  const Clock& clock);

// Formats numbers for people, as "2 to 4, 7"; of a long list, only the first ranges.
[[nodiscard]] std::string ranges_text(const std::vector<std::int64_t>& ascending);

// The families of devices by their number, as history names devices.
// For one thread. `registry` outlives the result.
[[nodiscard]] history::FamilyOf family_of(const registry::Registry& registry,
                                          std::shared_ptr<const catalog::Catalog> catalog);

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
// or the registry not be reconciled with the history (server/saved_state.h).
[[nodiscard]] Status restore(const SavedState& saved);

// The twins that changed since the last call, of all `shards`. Waits for their loops.
[[nodiscard]] std::vector<history::StoredTwin> changed_twins(hub::Hub& hub, std::size_t shards);

}  // namespace gridloom::server
