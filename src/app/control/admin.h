// Administration: one set of operations for accounts, keys, devices, shares and the audit. They
// work on a running server (through DIR/admin.sock, mode 0600: a user who may open the socket owns
// the data folder) and on a stopped one (directly). Not here: operations whose answers are streams,
// of recordings (app/control/record_stream.h) and of history (app/control/history_stream.h).
//
// Each change is written to the audit, without secrets, before the request is answered.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/virtual_clock.h"
#include "catalog/family.h"
#include "history/archive.h"
#include "history/series/series_request.h"
#include "mqtt/session_store.h"
#include "registry/registry.h"
#include "time/time_zone.h"
#include "wire/json.h"

namespace gridloom::hub {
class Hub;
}

namespace gridloom::api {
class SignIn;
}

namespace gridloom::app {

class FaultRules;

// The objects that administrative operations work on.
struct AdminContext {
  registry::Registry& registry;
  const catalog::Catalog& catalog;
  history::Archive& archive;
  const Clock& clock;
  std::filesystem::path data;
  mqtt::SessionStore* sessions = nullptr;  // set on a running server
  std::stop_token stop{};                  // interrupts long operations
  history::SeriesLimits series{};
  VirtualClock* time = nullptr;    // `clock`, if it is virtual
  FaultRules* faults = nullptr;    // set on a running server
  hub::Hub* hub = nullptr;         // set on a running server
  time::TimeZone zone{};           // of local times in requests and answers
  api::SignIn* sign_in = nullptr;  // set on a running server
  std::string page{};              // "http://127.0.0.1:8080"; set on a running server
};

// Carries out a request such as {"op": "account.add", ...} and returns its outcome. kBadParams:
// unknown operation or missing member; kIo: the disk refused the write, and nothing was changed. If
// a change was made but the disk then refused its audit entry, the answer is the usual one plus a
// member "warning".
[[nodiscard]] Result<wire::Json> administer(const AdminContext& context,
                                            const wire::JsonObject& request);

// An outcome as the admin socket sends it.
[[nodiscard]] std::string outcome_text(const Result<wire::Json>& outcome);

// Serves administer() and the streams on DIR/admin.sock: the operations one at a time on a thread
// of its own, since the registry waits for the disk; backups and streams on one each.
class AdminSocket {
 public:
  // All objects that `context` refers to must outlive the AdminSocket.
  [[nodiscard]] static Result<std::unique_ptr<AdminSocket>> open(const AdminContext& context);
  ~AdminSocket();
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

 private:
  struct Impl;
  explicit AdminSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Whether the operation changes anything; false for an unknown operation.
[[nodiscard]] bool is_change(std::string_view op);

}  // namespace gridloom::app
