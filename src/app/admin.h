// Administration: accounts, keys, devices, shares. One set of operations, on a running server
// (through DIR/admin.sock, mode 0600: who may open it owns the data folder) and on a stopped one
// (directly).
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.h"
#include "catalog/family.h"
#include "registry/registry.h"
#include "wire/json.h"

namespace gridloom::app {

// {"op": "account.add", ...} to its outcome. kBadParams for an unknown operation or missing member.
[[nodiscard]] Result<wire::Json> administer(registry::Registry& registry,
                                            const catalog::Catalog& catalog,
                                            const wire::JsonObject& request);

// Serves administer() on DIR/admin.sock from a thread of its own: the registry waits for the disk.
class AdminSocket {
 public:
  [[nodiscard]] static Result<std::unique_ptr<AdminSocket>> open(
      const std::filesystem::path& data_folder, registry::Registry& registry,
      std::shared_ptr<const catalog::Catalog> catalog);
  ~AdminSocket();
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

 private:
  struct Impl;
  explicit AdminSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Asks the running server of a data folder, or does it here if none runs.
[[nodiscard]] Result<wire::Json> ask_admin(const std::filesystem::path& data_folder,
                                           const wire::JsonObject& request);

}  // namespace gridloom::app
