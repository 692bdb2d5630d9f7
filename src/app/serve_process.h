// The parts of the process of `gridloom serve`: what a process adds to a server, and how it is put
// together.
//
// Thread rule: the functions on one thread, which may block.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "app/cluster_node.h"
#include "app/control/admin.h"
#include "app/malloc_trim_policy.h"
#include "app/operations/context.h"
#include "app/operations/faults.h"
#include "app/operations/kinds.h"
#include "app/option_values.h"
#include "app/options.h"
#include "app/ready_file.h"
#include "app/services.h"
#include "app/virtual_home.h"
#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "catalog/family.h"
#include "net/address.h"
#include "net/tls.h"
#include "server/server.h"
#include "storage/data_lock.h"

namespace gridloom::app {

// The parts that a process adds to a server. The destructor ends everything that uses the server,
// then the server, which uses the clocks.
struct ServeProcess {
  SystemClock wall;
  SteadyClock steady;
  std::optional<VirtualClock> virtual_time;
  // The clock of devices, reports, history and the audit.
  [[nodiscard]] const Clock& clock() const {
    return virtual_time ? static_cast<const Clock&>(*virtual_time) : wall;
  }
  std::atomic<bool> starts_again{false};  // see Server::Options::on_superseded
  std::optional<storage::DataLock> lock;
  MallocTrimPolicy trim;  // policy for the first loop; the slow trimming has its own thread
  std::jthread trimming;
  ServicesMade services;                   // of the server
  std::unique_ptr<ClusterNode> node;       // null: no cluster
  operations::RunningNode cluster;         // of the node
  std::unique_ptr<server::Server> server;  // of a node: its door
  std::unique_ptr<operations::FaultRules> faults;
  std::unique_ptr<AdminSocket> admin;
  std::unique_ptr<VirtualHome> home;  // null: none
  Secret sign_in_link;                // of its account
  operations::Lab lab;
  std::shared_ptr<const catalog::Catalog> catalog;
  std::optional<ReadyFile> ready;

  ~ServeProcess() {
    ready.reset();
    admin.reset();
    if (services.administration) services.administration->close();
    home.reset();
    if (node) node->end();
    server.reset();
  }
};

// Opens the data folder, which it locks, and the server on it.
[[nodiscard]] Status open_server(ServeProcess& process, const ServeOptions& options,
                                 const TimeOptions& time);
// Those of the data folder, which are made if they are missing.
[[nodiscard]] Result<net::TlsFiles> certificates_of(const ServeOptions& options);
// Where the server listens.
[[nodiscard]] const net::Address& bound(const ServeProcess& process, server::Interface interface,
                                        server::Security security);
// The addresses as a client on this machine reaches them.
struct Urls {
  std::string http, https, mqtt, mqtts;
};
[[nodiscard]] Urls urls_of(const ServeProcess& process);
// The context of operations, without the members that a server has once it is ready.
[[nodiscard]] operations::Context admin_context(ServeProcess& process, const ServeOptions& options);
// All of it, until it is ready for clients.
[[nodiscard]] Status put_together(ServeProcess& process, const ServeOptions& options,
                                  const TimeOptions& time);

}  // namespace gridloom::app
