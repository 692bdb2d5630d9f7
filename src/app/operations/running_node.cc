#include <array>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "parameters/arguments.h"

namespace gridloom::operations {
namespace {

using wire::Json;
using wire::JsonObject;

Result<const RunningNode*> node_of(const Context& context) {
  if (context.cluster != nullptr) return context.cluster;
  if (context.hub == nullptr) {
    return fail(ErrorCode::kConflict, std::string(kNoNodeRuns));
  }
  return fail(ErrorCode::kConflict,
              "this server is no node of a cluster; start it with --cluster nats://HOST:PORT and "
              "--database postgres://… to make it one");
}

Result<Json> read_status(const Context& context, const Arguments&) {
  GL_TRY(const auto node, node_of(context));
  return Json(node->status());
}

Result<Json> drain(const Context& context, const Arguments&) {
  GL_TRY(const auto node, node_of(context));
  return JsonObject{{"node", node->name}, {"drained", node->drain()}};
}

Result<Json> remove_node(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto node, node_of(context));
  const std::string name(arguments.text("node"));
  GL_TRY(node->remove(name));
  return JsonObject{{"removed", name}};
}

constexpr std::array kRemoveParameters = {
    Parameter{.name = "node", .text = "Name of a node that is gone for good", .required = true},
};

constexpr std::array kClusterOperations = {
    Operation{.name = "cluster.status",
              .text = "Shows the nodes of the cluster, who serves which slot, and what is wrong",
              .audit = kChangesNothing,
              .function = read_status,
              .timing = Timing::kWaits},
    Operation{.name = "cluster.drain",
              .text = "Gives all slots of this node to the others; it takes none until it is "
                      "started anew",
              .audit = {Recorded::kBeforeAnswer, "cluster.drain", {"node", "drained"}},
              .function = drain,
              .timing = Timing::kWaits},
    Operation{.name = "cluster.remove",
              .text = "Takes a node out of the cluster that is gone for good; one that is stopped "
                      "by plan goes by itself",
              .parameters = kRemoveParameters,
              .audit = {Recorded::kBeforeAnswer, "cluster.remove", {"removed"}},
              .function = remove_node,
              .timing = Timing::kWaits},
};
static_assert(are_complete(kClusterOperations));

}  // namespace

std::span<const Operation> cluster_operations() { return kClusterOperations; }

}  // namespace gridloom::operations
