// The parts of a server, running or stopped, that operations work on.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/virtual_clock.h"
#include "catalog/family.h"
#include "history/archive.h"
#include "history/history_queries.h"
#include "history/reader.h"
#include "history/series/series_request.h"
#include "mqtt/session_store.h"
#include "registry/registry.h"
#include "time/time_zone.h"

namespace gridloom::hub {
class Hub;
}

namespace gridloom::sign_in {
class SignIn;
}

namespace gridloom::bridges {
class Bridges;
}

namespace gridloom::operations {

class FaultRules;

// The node of a cluster that this server is. Any thread; these may block for seconds.
struct RunningNode {
  std::string name{};
  std::function<wire::JsonObject()> status{};  // the answer of cluster.status
  // Gives all slots up, and takes none any more. False: not all in time; it continues.
  std::function<bool()> drain{};
  // Takes another node out that is gone. kConflict: it is there; kNotFound; kIo.
  std::function<Status(const std::string& node)> remove{};
};

// The functions of a server with `--lab`. Any thread.
struct Lab {
  std::uint64_t run = 1;          // counts the resets
  std::function<void()> reset{};  // begins a reset, and does not wait for it
};

struct Context {
  registry::Registry& registry;
  const catalog::Catalog& catalog;
  history::Archive& archive;
  const Clock& clock;
  std::filesystem::path data;
  mqtt::SessionStore* sessions = nullptr;  // set on a running server
  std::stop_token stop{};                  // interrupts long operations
  history::SeriesLimits series{};
  VirtualClock* time = nullptr;         // `clock`, if it is virtual
  FaultRules* faults = nullptr;         // set on a running server
  hub::Hub* hub = nullptr;              // set on a running server
  time::TimeZone zone{};                // of local times in requests and answers
  sign_in::SignIn* sign_in = nullptr;   // set on a running server
  bridges::Bridges* bridges = nullptr;  // set on a running server
  // Queries of history, where the archive does not have all of it; empty: it has.
  history::Reads reads{};
  std::string page{};  // "http://127.0.0.1:8080"; set on a running server
  // Held during each operation that does not wait for a device; all copies have the same.
  std::shared_ptr<std::mutex> turn = std::make_shared<std::mutex>();
  const RunningNode* cluster = nullptr;  // set on a running node of a cluster
  const Lab* lab = nullptr;              // set on a running server with --lab

  [[nodiscard]] history::Reads history_reads() const {
    return reads ? reads : history::admin_reads(archive);
  }
  // Queries that reach all archives with an audit: where there are others, this server has its own.
  [[nodiscard]] std::vector<history::Reads> audit_reads() const {
    std::vector<history::Reads> all{history_reads()};
    if (reads) all.push_back(history::admin_reads(archive));
    return all;
  }
};

}  // namespace gridloom::operations
