// The operations on a cluster of nodes: how it is, and giving up this node's slots. User
// documentation: docs/operate/cluster-status.md.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "base/result.h"
#include "operations/operation.h"
#include "wire/json.h"

namespace gridloom::operations {

// The node of a cluster that this server is. Any thread; these may block for seconds.
struct ClusterNode {
  std::string name{};
  std::function<wire::JsonObject()> status{};  // the answer of cluster.status
  // Gives all slots up, and takes none any more. False: not all in time; it goes on with it.
  std::function<bool()> drain{};
};

// Operations {"op": "cluster.status"} and "cluster.drain", whose answer has the name of the "node"
// and whether it is "drained". kConflict: the server is no node of a cluster.
[[nodiscard]] std::span<const Operation> cluster_operations();

}  // namespace gridloom::operations
