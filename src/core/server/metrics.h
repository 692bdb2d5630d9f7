// The text of /metrics, in Prometheus's format.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "bridges/bridges.h"
#include "history/archive.h"
#include "hub/platform/platform.h"
#include "mqtt/session_store.h"

namespace gridloom::server {

struct ListenerCounts {
  std::size_t http = 0;  // open connections
  std::size_t mqtt = 0;
  std::size_t sessions = 0;
  std::size_t sessions_waiting = 0;
  mqtt::SessionStore::Health session_store{};
};

// Any thread.
[[nodiscard]] std::string metrics_text(const hub::Platform& platform,
                                       const ListenerCounts& listeners,
                                       const history::ArchiveHealth& archive,
                                       std::span<const bridges::BridgeRow> bridges = {});

}  // namespace gridloom::server
