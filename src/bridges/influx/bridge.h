// The bridge "influx", which writes the history of devices to a database that takes InfluxDB's line
// protocol: its settings, and its row in the table of kinds.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "bridges/core/bridge.h"
#include "bridges/core/patterns.h"
#include "client/http_request.h"
#include "parameters/arguments.h"
#include "parameters/parameter.h"

namespace gridloom::bridges {

struct InfluxSettings {
  std::string server;                       // "http://127.0.0.1:8086"
  std::string target;                       // path and query of writes
  std::vector<client::HttpHeader> headers;  // the credentials
  std::string ca;                           // empty: the system's authorities
  NameTemplate measurement;
  Selection selection{{}, {}};
  std::chrono::seconds every{0};
  std::optional<std::int64_t> since_ms{};  // empty: when the bridge was added
};

[[nodiscard]] std::span<const parameters::Parameter> influx_parameters();
// kBadParams: names the setting, its value, and what would be valid.
[[nodiscard]] Result<InfluxSettings> influx_settings(const parameters::Arguments& arguments);

[[nodiscard]] const BridgeKind& influx_kind();

}  // namespace gridloom::bridges
