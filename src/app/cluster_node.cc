#include "app/cluster_node.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <csignal>
#include <string>
#include <utility>

#include "app/cluster_options.h"
#include "app/process/local_zone.h"
#include "home/event_log.h"
#include "node/node_health.h"

namespace gridloom::app {

Result<std::unique_ptr<node::Node>> open_cluster_node(const ServeOptions& options,
                                                      const ClusterNodeParts& parts) {
  GL_TRY(auto of_node, cluster_options(options, parts.clocks));
  of_node.catalog = parts.catalog;
  of_node.limits = parts.limits;
  of_node.zone = local_zone().zone;
  of_node.zone_name = local_zone().name;
  of_node.strictness = options.strict ? server::Strictness::kStrict : server::Strictness::kRelaxed;
  of_node.services_of_slot = [] { return homes_only(home::EventLog::Writes::kOwn); };
  of_node.on_bridges_placed = [&made = parts.services](const std::string& node, bool is_here) {
    made.bridges->bridges().place({.node = node, .is_here = is_here});
  };
  of_node.on_refused = [](const Error& why) {
    spdlog::error("{}", why.detail);
    ::kill(::getpid(), SIGTERM);
  };
  return node::Node::open(std::move(of_node));
}

operations::ClusterNode cluster_operations_of(node::Node& node) {
  return {.name = node.health().self.name,
          .status =
              [&node] {
                const node::NodeHealth health = node.health();
                return node::status_of(health, node::ask_nats_servers(health.nats_urls));
              },
          .drain = [&node] { return node.drain(kLongestDrain, node::Then::kStays); },
          .remove = [&node](const std::string& other) { return node.remove(other); }};
}

void serve_for_cluster(node::Node& node, server::Server::ListenOptions& options) {
  options.mqtt_protocol = node.mqtt_protocol();
  options.metrics = [&node](const std::string& own) { return node.metrics(own); };
  options.health = [&node](const api::Health& own) {
    return node::health_with_cluster(own, node.health());
  };
}

}  // namespace gridloom::app
