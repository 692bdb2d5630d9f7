// The operations on a cluster of nodes: how it is, giving up this node's slots, and taking out a
// node that is gone. User documentation: docs/operate/cluster-status.md.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "app/operations/operation.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::operations {

// The beginning of operations that are of a running node alone.
inline constexpr std::string_view kOfRunningNode = "cluster.";
inline constexpr std::string_view kNoNodeRuns =
    "only a running node knows its cluster, and none runs on this data folder";

// The node of a cluster that this server is. Any thread; these may block for seconds.
struct ClusterNode {
  std::string name{};
  std::function<wire::JsonObject()> status{};  // the answer of cluster.status
  // Gives all slots up, and takes none any more. False: not all in time; it continues.
  std::function<bool()> drain{};
  // Takes another node out that is gone. kConflict: it is there; kNotFound; kIo.
  std::function<Status(const std::string& node)> remove{};
};

// Operations {"op": "cluster.status"}, "cluster.drain", whose answer has the name of the "node" and
// whether it is "drained", and "cluster.remove" of a "node". kConflict: the server is no node of a
// cluster.
[[nodiscard]] std::span<const Operation> cluster_operations();

}  // namespace gridloom::operations
