// The options of `gridloom serve` for a node of a cluster.
#pragma once

#include "app/options.h"
#include "base/result.h"
#include "node/node.h"
#include "server/server.h"

namespace gridloom::app {

// The part of the node's options that the command line has. kBadParams: an option is missing or
// has a bad value; the message names it. kIo: a file cannot be read. Only if `cluster` is given.
[[nodiscard]] Result<node::Node::Options> cluster_options(const ServeOptions& options,
                                                          const server::Server::Clocks& clocks);

// Connects with nobody.
[[nodiscard]] Status check_cluster(const ServeOptions& options);

}  // namespace gridloom::app
