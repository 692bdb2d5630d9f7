// The services of a server as `gridloom serve` has them: the homes of its accounts with Gridloom's
// own interface, and bridges.
#pragma once

#include <optional>
#include <vector>

#include "bridges/bridges_service.h"
#include "home/event_log.h"
#include "own_api/own_service.h"
#include "server/service.h"

namespace gridloom::app {

// As long as the server lives; null before it is opened.
struct ServicesMade {
  api::OwnService* own = nullptr;
  bridges::BridgesService* bridges = nullptr;
};

struct ServicesOptions {
  api::OwnService::Options own{};  // its list of bridges is filled in
  bridges::BridgesService::Options bridges{};
};

// `made` outlives the server.
[[nodiscard]] std::vector<server::MakeService> services(ServicesOptions options,
                                                        ServicesMade& made);

// Those of a server without an interface and bridges: of a slot of a cluster.
[[nodiscard]] std::vector<server::MakeService> homes_only(home::EventLog::Writes events);

}  // namespace gridloom::app
