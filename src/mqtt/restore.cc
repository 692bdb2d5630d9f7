#include "mqtt/restore.h"

#include <utility>

#include "hub/hub.h"
#include "hub/session_changes.h"
#include "mqtt/session_log.h"
#include "mqtt/session_table.h"

namespace gridloom::mqtt {

std::size_t restore(const ServerContext& server, const std::vector<Loop*>& loops,
                    SessionStore::Loaded loaded) {
  std::size_t dropped = 0;
  for (const hub::RetainedChange& retained : loaded.retained) {
    if (server.hub->restore_retained(retained)) continue;
    ++dropped;
    record(*server.hub, hub::RetainedKept{.topic = retained.topic});
  }
  server.sessions->restore(server, loops, std::move(loaded.sessions), std::move(loaded.streams));
  return dropped;
}

}  // namespace gridloom::mqtt
