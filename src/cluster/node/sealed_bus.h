// The bus for what nodes tell each other alone: each message is sealed with the key that all nodes
// of a cluster have, secret.key, for its subject. Clients' passwords and sets are in such messages,
// so who reads the bus learns none, and who writes to it speaks as no node. Not hidden: that a
// message was sent, its size, and to whom. Not prevented: that it is held back, or sent again.
//
// Thread rule: any function from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "base/log_throttle.h"
#include "base/result.h"
#include "ownership/bus.h"
#include "registry/seal.h"

namespace gridloom::node {

class SealedBus final : public cluster::Bus {
 public:
  // `bus` outlives it.
  explicit SealedBus(cluster::Bus& bus) : bus_(bus) {}

  // Once. Before it, nothing can be published, and what comes is left out.
  void use(registry::Sealer sealer) {
    sealer_ = std::make_unique<const registry::Sealer>(std::move(sealer));
    is_ready_ = true;
  }
  [[nodiscard]] Status publish(std::string_view subject, std::string_view bytes) override;
  // Leaves out messages that no node of the cluster has sealed for the subject.
  [[nodiscard]] Result<std::unique_ptr<Subscription>> subscribe(std::string_view subject,
                                                                Handler handler) override;
  [[nodiscard]] Link link() const override { return bus_.link(); }

 private:
  void open(std::string_view subject, std::string_view sealed, const Handler& handler);

  cluster::Bus& bus_;
  std::unique_ptr<const registry::Sealer> sealer_;  // does not change once it is ready
  std::atomic<bool> is_ready_{false};
  LogThrottle refusals_{{.times = 1, .within = std::chrono::minutes(1)}};
};

}  // namespace gridloom::node
