// Administration over HTTP: runs operations of the table (app/operations/table.h) for
// /api/v1/admin, each on a thread of its own, since they wait for the disk or a device.
//
// Thread rule: any function from any thread, close() from none that runs an operation.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "app/operations/context.h"
#include "app/services.h"
#include "own_api/services/services.h"

namespace gridloom::app {

class ServerAdministration final : public api::Administration, public HttpAdministration {
 public:
  ServerAdministration() = default;
  ~ServerAdministration() override;

  void open(const operations::Context& context) override;
  void close() override;

  [[nodiscard]] SharedText operations() const override;
  void run(Request request, hub::ReplyTo<wire::Json> reply) override;

 private:
  struct Running {
    std::shared_ptr<std::atomic<bool>> over;
    std::jthread thread;
  };
  // The reason why the request cannot be carried out.
  [[nodiscard]] Status begin(Request& request, hub::ReplyTo<wire::Json>& reply);

  std::mutex mutex_;
  std::optional<operations::Context> context_;
  std::vector<Running> running_;
};

}  // namespace gridloom::app
