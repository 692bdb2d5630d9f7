// A node of a cluster as the process has it: what its server, its listeners and the operations of
// administration use of it. app/wings/with_cluster makes it of a node::Node; a build without the
// wing says that it has none.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "app/options.h"
#include "app/services.h"
#include "base/clock.h"
#include "base/result.h"
#include "catalog/family.h"
#include "history/reader.h"
#include "server/limits.h"
#include "server/server.h"

namespace gridloom::app {

inline constexpr Millis kLongestDrain = std::chrono::seconds(30);

class ClusterNode {
 public:
  ClusterNode() = default;
  ClusterNode(const ClusterNode&) = delete;
  ClusterNode& operator=(const ClusterNode&) = delete;
  virtual ~ClusterNode() = default;

  // Those of its door; join() follows, which outlives the door.
  [[nodiscard]] virtual std::unique_ptr<server::Stores> stores_of_door() const = 0;
  // Queries of the history of all slots.
  [[nodiscard]] virtual history::Reads reads() = 0;
  virtual void join(server::Server& door) = 0;
  // Sets the options of the door that differ from those of a server by itself.
  virtual void serve(server::Server::ListenOptions& options) = 0;
  // Takes slots from now on. `address`: for people, where the door is.
  [[nodiscard]] virtual Status start(const std::string& address) = 0;
  // Gives all slots up, for good. False: not within kLongestDrain.
  virtual bool leave() = 0;
  // Ends the slots that are left, at once.
  virtual void end() = 0;
  // The node outlives it.
  [[nodiscard]] virtual operations::RunningNode operations() = 0;
};

struct ClusterNodeParts {
  server::Server::Clocks clocks;
  const server::ServerLimits& limits;
  std::shared_ptr<const catalog::Catalog> catalog;
  const ServicesMade& services;  // of the door
};
// Connects with the cluster; if the node has to end, a signal ends the process. Fails as
// check_cluster() and node::Node::open() do.
[[nodiscard]] Result<std::unique_ptr<ClusterNode>> open_cluster_node(const ServeOptions& options,
                                                                     const ClusterNodeParts& parts);

// The options of a node; connects with nobody. kBadParams: an option is missing or has a bad value;
// the message names it. kIo: a file cannot be read.
[[nodiscard]] Status check_cluster(const ServeOptions& options);

}  // namespace gridloom::app
