// Nodes of a cluster around a TestServer's server, in the same thread and on the server's registry
// and archive. The server is one of them; who makes the others gives a client any of them.
//
// Used on the thread that turns the server's loops. Outlived by the server and the network.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/fault_rule.h"
#include "net/protocol.h"
#include "server/listeners.h"
#include "server/server.h"

namespace gridloom::transcripts {

class Nodes {
 public:
  Nodes() = default;
  Nodes(const Nodes&) = delete;
  Nodes& operator=(const Nodes&) = delete;
  virtual ~Nodes() = default;

  // One turn of their loops and of the network. False: there was nothing to do.
  virtual bool turn() = 0;
  virtual void sweep() = 0;
  virtual void set_faults(const std::vector<FaultRule>& rules) = 0;
  // The next client's connection, at any of the nodes.
  [[nodiscard]] virtual std::shared_ptr<net::Protocol> connect(server::Interface interface) = 0;
};

struct NodesAround {
  server::Server& server;
  const Clock& clock;
  std::uint16_t mqtt_port = 0;     // in /certification
  std::shared_ptr<void>& network;  // between the nodes; outlives the server
};
using MakeNodes = std::function<std::unique_ptr<Nodes>(const NodesAround& around)>;

}  // namespace gridloom::transcripts
