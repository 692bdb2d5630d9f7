// A node of a cluster, as `gridloom serve --cluster` puts it together: what its server, its
// listeners and the operations of administration have of it.
#pragma once

#include <chrono>
#include <memory>

#include "app/operations/cluster.h"
#include "app/options.h"
#include "app/services.h"
#include "base/clock.h"
#include "base/result.h"
#include "catalog/family.h"
#include "node/node.h"
#include "server/limits.h"
#include "server/server.h"

namespace gridloom::app {

inline constexpr Millis kLongestDrain = std::chrono::seconds(30);

struct ClusterNodeParts {
  server::Server::Clocks clocks;
  const server::Limits& limits;
  std::shared_ptr<const catalog::Catalog> catalog;
  const ServicesMade& services;  // of the door
};
// Connects with the cluster; if the node has to end, the process is told to by a signal. Fails as
// cluster_options() and node::Node::open() do.
[[nodiscard]] Result<std::unique_ptr<node::Node>> open_cluster_node(const ServeOptions& options,
                                                                    const ClusterNodeParts& parts);

// For operations::Context. The node outlives it.
[[nodiscard]] operations::ClusterNode cluster_operations_of(node::Node& node);

// What the node's door serves otherwise than a server by itself. The node outlives the door.
void serve_for_cluster(node::Node& node, server::Server::ListenOptions& options);

}  // namespace gridloom::app
