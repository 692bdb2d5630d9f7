#include "bridges/bridges_service.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <map>
#include <string_view>
#include <utility>

#include "server/metrics.h"

namespace gridloom::bridges {

BridgesService::BridgesService(const server::ServiceParts& parts, home::HomeServices& home,
                               Options options)
    : bridges_({.hub = parts.hub,
                .homes = home.homes(),
                .counters = home.counters(),
                .sets = home.sets(),
                .registry = parts.registry,
                .reads = parts.reads,
                .wall = parts.clocks.wall,
                .data = parts.data,
                .configured = std::move(options.configured),
                .states = parts.stores.states("bridges"),
                .failures = parts.failures,
                .place = std::move(options.place),
                .limits = parts.limits.peers}) {}

std::string BridgesService::metrics() const { return metrics_text(bridges_.rows()); }

// Everybody may read the metrics, and names of bridges are their owners'.
std::string metrics_text(std::span<const BridgeRow> rows) {
  struct Sums {
    std::uint64_t connected = 0, failing = 0, in = 0, out = 0, dropped = 0, errors = 0;
  };
  std::map<std::string_view, Sums> kinds;
  for (const BridgeRow& row : rows) {
    Sums& sums = kinds[row.kind];
    sums.connected += row.health.state == State::kConnected ? 1 : 0;
    sums.failing += row.health.state == State::kFailing ? 1 : 0;
    sums.in += row.health.messages_in;
    sums.out += row.health.messages_out;
    sums.dropped += row.health.dropped;
    sums.errors += row.health.errors;
  }
  if (kinds.empty()) return {};
  struct Row {
    std::string_view name;
    std::string_view help;
    std::string_view type;
    std::uint64_t Sums::* sum;
  };
  constexpr auto kRows = std::to_array<Row>({
      {"gridloom_bridges_connected", "Bridges that reach their peer", "gauge", &Sums::connected},
      {"gridloom_bridges_failing", "Bridges that do not reach their peer", "gauge", &Sums::failing},
      {"gridloom_bridge_received_total", "Messages that bridges received", "counter", &Sums::in},
      {"gridloom_bridge_sent_total", "Messages that bridges sent", "counter", &Sums::out},
      {"gridloom_bridge_dropped_total", "Messages that were lost to a bridge's peer", "counter",
       &Sums::dropped},
      {"gridloom_bridge_errors_total", "Errors of bridges", "counter", &Sums::errors},
  });
  std::string text;
  for (const Row& row : kRows) {
    text += server::metric_header(row.name, row.help, row.type);
    for (const auto& [kind, sums] : kinds) {
      text += fmt::format("{}{{kind=\"{}\"}} {}\n", row.name, kind, sums.*row.sum);
    }
  }
  return text;
}

std::vector<api::body::Bridge> bridges_of(const Bridges& bridges, registry::AccountId account) {
  std::vector<api::body::Bridge> list;
  for (const BridgeRow& row : bridges.rows()) {
    if (row.account != account) continue;
    const HealthReport& health = row.health;
    api::body::Bridge bridge{.name = row.name,
                             .kind = row.kind,
                             .on = row.is_on,
                             .state = health.state,
                             .in = health.messages_in,
                             .out = health.messages_out,
                             .dropped = health.dropped,
                             .errors = health.errors};
    if (!row.node.empty()) bridge.node = row.node;
    if (health.since) bridge.since_ms = unix_ms(*health.since);
    if (health.last_message) bridge.last_message_ms = unix_ms(*health.last_message);
    if (!health.last_error.empty()) bridge.last_error = health.last_error;
    for (const auto& [name, value] : health.figures) {
      bridge.figures.push_back({.name = name, .value = value});
    }
    list.push_back(std::move(bridge));
  }
  return list;
}

}  // namespace gridloom::bridges
