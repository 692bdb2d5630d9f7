// Administration: accounts, keys, devices, shares, the audit, history. One set of operations, on a
// running server (through DIR/admin.sock, mode 0600: who may open it owns the data folder) and on a
// stopped one (directly).
//
// Each change is written down in the audit, without secrets, before it is answered.
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

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

// What a running server answers to an operation that goes on until somebody ends it: an outcome, as
// of administer(), and lines. One thread.
class AdminStream {
 public:
  // kConflict: no server runs there; otherwise the operation's faults.
  [[nodiscard]] static Result<AdminStream> open(const std::filesystem::path& data_folder,
                                                const wire::JsonObject& request);
  AdminStream(AdminStream&&) noexcept;
  AdminStream& operator=(AdminStream&&) = delete;
  AdminStream(const AdminStream&) = delete;
  AdminStream& operator=(const AdminStream&) = delete;
  ~AdminStream();

  [[nodiscard]] const wire::Json& outcome() const;
  // Readable when more has come, or the server has ended it.
  [[nodiscard]] int fd() const;
  // What has come since, whole lines; waits if nothing has. kIo: the server has ended it.
  [[nodiscard]] Result<std::vector<std::string>> read();
  // Asks the server to end it; what it still has to say can be read.
  void end() const;

 private:
  struct Impl;
  explicit AdminStream(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Asks the running server of a data folder, or does it here if none runs. Waits for a moment while
// another command works on the folder, or a server starts or stops. kIo: the server gave no answer;
// the words say how to find out whether a change was made.
[[nodiscard]] Result<wire::Json> ask_admin(const std::filesystem::path& data_folder,
                                           const wire::JsonObject& request);

// Says on standard error what the answer to a change warns of: that the change is made, but the
// audit could not be written. The exit code of the command.
[[nodiscard]] int report_warning(const wire::Json& answer);

}  // namespace gridloom::app
