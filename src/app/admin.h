// Administration: accounts, keys, devices, shares, the audit, history. One set of operations, on a
// running server (through DIR/admin.sock, mode 0600: who may open it owns the data folder) and on a
// stopped one (directly).
//
// Each change is written down in the audit, without secrets, before it is answered.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string_view>

#include "base/result.h"
#include "base/virtual_clock.h"
#include "catalog/family.h"
#include "history/archive.h"
#include "history/series_request.h"
#include "mqtt/session_store.h"
#include "registry/registry.h"
#include "wire/json.h"

namespace gridloom::hub {
class Hub;
}

namespace gridloom::app {

class Faults;

inline constexpr std::string_view kBackupOp = "backup";        // the one operation that takes hours
inline constexpr std::string_view kWarningMember = "warning";  // of the answer to a change

// What operations work on.
struct Estate {
  registry::Registry& registry;
  const catalog::Catalog& catalog;
  history::Archive& archive;
  const Clock& clock;
  std::filesystem::path data;
  mqtt::SessionStore* sessions = nullptr;  // of a running server
  std::stop_token stop{};                  // ends what takes long
  history::SeriesLimits series{};
  VirtualClock* time = nullptr;  // `clock`, if it is one
  Faults* faults = nullptr;      // of a running server
  hub::Hub* hub = nullptr;       // likewise
};

// {"op": "account.add", ...} to its outcome. kBadParams for an unknown operation or missing member;
// kIo: the disk refuses, and nothing was changed. A change that is made, but that the disk then did
// not let into the audit, is answered as usual, with a member "warning".
[[nodiscard]] Result<wire::Json> administer(const Estate& estate, const wire::JsonObject& request);

// Serves administer() on DIR/admin.sock from a thread of its own: the registry waits for the disk.
class AdminSocket {
 public:
  // What `estate` refers to outlives it.
  [[nodiscard]] static Result<std::unique_ptr<AdminSocket>> open(const Estate& estate);
  ~AdminSocket();
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

 private:
  struct Impl;
  explicit AdminSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Whether the operation changes anything; false for one that is unknown.
[[nodiscard]] bool is_change(std::string_view op);

}  // namespace gridloom::app
