#include "mqtt/restore.h"

#include <string>
#include <utility>

#include "hub/hub.h"
#include "hub/session_changes.h"
#include "mqtt/session_table.h"

namespace gridloom::mqtt {

std::size_t restore(const ServerContext& server, const std::vector<Loop*>& loops,
                    SessionStore::Loaded loaded) {
  std::size_t dropped = 0;
  for (const hub::RetainedChange& retained : loaded.retained) {
    if (server.hub->restore_retained(retained)) continue;
    ++dropped;
    std::string change;
    hub::append_change(change, hub::RetainedKept{.topic = retained.topic});
    server.hub->record_changes(std::move(change), {});
  }
  server.sessions->restore(server, loops, std::move(loaded.sessions), std::move(loaded.streams));
  return dropped;
}

}  // namespace gridloom::mqtt
