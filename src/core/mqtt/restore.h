// Restores at a start what the session store has kept: retained messages, sessions, and the
// identities of publications.
#pragma once

#include <cstddef>
#include <vector>

#include "base/loop.h"
#include "mqtt/client_session.h"
#include "mqtt/session_store.h"

namespace gridloom::mqtt {

// Puts retained messages into the hub and sessions, round-robin on `loops`, into the table of
// `server`. Before the first connection. Returns how many retained messages were dropped, because
// their publisher no longer exists or may no longer read the device; the journal has that.
[[nodiscard]] std::size_t restore(const ServerContext& server, const std::vector<Loop*>& loops,
                                  SessionStore::Loaded loaded);

}  // namespace gridloom::mqtt
