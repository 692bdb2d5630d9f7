// The text of /metrics, in Prometheus's format.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

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
                                       const history::ArchiveHealth& archive);

// The lines before a metric's values. Names and texts of `help` need no escapes.
[[nodiscard]] std::string metric_header(std::string_view name, std::string_view help,
                                        std::string_view type);

}  // namespace gridloom::server
