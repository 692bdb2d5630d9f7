// The work that a wing adds to a server: threads or timers, paths of the HTTP interface, lines of
// the metrics. A server makes its services when it is opened, in the order in which it was given
// them.
//
// Thread rule: on the owner's thread, unless a function says otherwise.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "api/gate/gate.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/failure_budget.h"
#include "base/loop.h"
#include "base/result.h"
#include "history/archive.h"
#include "history/reader.h"
#include "hub/hub.h"
#include "registry/registry.h"
#include "server/limits.h"
#include "server/stores.h"
#include "sign_in/sign_in.h"

namespace gridloom::server {

struct Clocks {
  const Clock& devices;  // time of devices, history and the audit; may be virtual
  const Clock& wall;     // clients' timestamps and stored times
  const Clock& steady;   // deadlines and rates
};

// Parts of the server, which outlive its services, but for `failures`: after stop() it is not used.
struct ServiceParts {
  hub::Hub& hub;
  registry::Registry& registry;
  history::Archive& archive;
  history::Reads reads;
  Loop& loop;  // of tick()
  const Clocks& clocks;
  const std::filesystem::path& data;  // the data folder
  Stores& stores;
  const ServerLimits& limits;
  sign_in::SignIn& sign_in;
  FailureBudget* failures = nullptr;  // of addresses; null: no limit
};

class Service {
 public:
  Service() = default;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;
  virtual ~Service() = default;

  // Before the archive starts and the loops turn. Fails as reads of the archive do.
  [[nodiscard]] virtual Status restore() { return {}; }
  // The routes that it answers over HTTP, for each loop; null: none. They outlive the loop's
  // requests.
  [[nodiscard]] virtual std::unique_ptr<api::Routes> routes(Loop& /*loop*/, api::Gate& /*gate*/) {
    return nullptr;
  }
  // The server serves from now on.
  virtual void start() {}
  // Nothing is written or sent any more. The loops still turn, in a server that was started. May be
  // called again.
  virtual void stop() {}
  // A few times a second, on the first loop.
  virtual void tick() {}
  // The registry has changed; on the thread of the change.
  virtual void registry_changed() {}
  // The lines that it adds to /metrics, behind those of the server; any thread.
  [[nodiscard]] virtual std::string metrics() const { return {}; }
};

using MakeService = std::move_only_function<std::unique_ptr<Service>(const ServiceParts& parts)>;

}  // namespace gridloom::server
