// Three nodes of a cluster in one thread, composed as node::Node composes its own: each has a door,
// without partitions, and a slot with a third of them. MQTT connections are relayed from the door
// to the slot of their user name. What is carried passes a bus in memory as bytes.
//
// Beside a node's own it has no registry, archive or sessions of its own: those are the server's
// of the test, whose hub is the door of the first node.
#pragma once

#include <memory>

#include "transcripts/nodes.h"

namespace gridloom::transcripts {

// Connections are at random nodes, the same ones in each run.
[[nodiscard]] std::unique_ptr<Nodes> make_three_nodes(const NodesAround& around);

}  // namespace gridloom::transcripts
