// The route of /api/v1 about bridges.
#include <utility>

#include "api/bodies/bridges.h"
#include "api/v1/own_api.h"

namespace gridloom::api {

void OwnApi::bridges(Call call) const {
  body::Bridges answer;
  if (options_.bridges != nullptr) {
    for (const bridges::BridgeRow& row : options_.bridges->rows()) {
      if (row.account != call.caller.account) continue;
      const bridges::HealthReport& health = row.health;
      body::Bridge bridge{.name = row.name,
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
      answer.bridges.push_back(std::move(bridge));
    }
  }
  call.done(call.form.success(schema::to_text(answer)));
}

}  // namespace gridloom::api
