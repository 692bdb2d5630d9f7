// The admin socket: serves the operations of administration (app/operations/table.h) on a running
// server through DIR/admin.sock, mode 0600: a user who may open the socket owns the data folder.
// Operations whose answers are streams are sent by app/control/streams.h.
#pragma once

#include <memory>
#include <string>

#include "app/operations/context.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

// An outcome as the admin socket sends it.
[[nodiscard]] std::string outcome_text(const Result<wire::Json>& outcome);

// Runs the operations one at a time on a thread of its own, since the registry waits for the disk;
// backups, streams and operations that wait for a device on one each.
class AdminSocket {
 public:
  // All objects that `context` refers to must outlive the AdminSocket.
  [[nodiscard]] static Result<std::unique_ptr<AdminSocket>> open(
      const operations::Context& context);
  ~AdminSocket();
  AdminSocket(const AdminSocket&) = delete;
  AdminSocket& operator=(const AdminSocket&) = delete;

 private:
  struct Impl;
  explicit AdminSocket(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::app
