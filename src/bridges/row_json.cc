#include "bridges/row_json.h"

#include <cstdint>
#include <utility>

#include "time/iso_text.h"

namespace gridloom::bridges {

wire::JsonObject row_json(const BridgeRow& row, const time::TimeZone& zone) {
  const HealthReport& health = row.health;
  wire::JsonObject object{{"name", row.name},
                          {"kind", row.kind},
                          {"on", row.is_on},
                          {"origin", name_of(row.origin)},
                          {"state", name_of(health.state)}};
  const auto add_time = [&](std::string_view name, const std::optional<TimePoint>& at) {
    if (at) object[name] = time::iso_text(unix_ms(*at), zone);
  };
  if (!row.node.empty()) object["node"] = row.node;
  add_time("since", health.since);
  add_time("lastMessage", health.last_message);
  object["in"] = health.messages_in;
  object["out"] = health.messages_out;
  object["dropped"] = health.dropped;
  object["errors"] = health.errors;
  if (!health.last_error.empty()) object["lastError"] = health.last_error;
  wire::JsonObject figures;
  for (const auto& [name, value] : health.figures) figures[name] = value;
  object["figures"] = std::move(figures);
  object["settings"] = row.settings;
  return object;
}

}  // namespace gridloom::bridges
