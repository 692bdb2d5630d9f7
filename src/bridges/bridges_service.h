// The bridges of a server as a service of it: their life, their metrics, and the list of an
// account.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "bridges/bridges.h"
#include "bridges/configured.h"
#include "home/home_services.h"
#include "own_api/bodies/bridges.h"
#include "server/service.h"

namespace gridloom::bridges {

class BridgesService final : public server::Service {
 public:
  struct Options {
    std::vector<ConfiguredBridge> configured{};  // beside those of the registry
    std::optional<BridgesPlace> place =
        BridgesPlace{};  // nothing: none runs before Bridges::place()
  };
  // The homes outlive it.
  BridgesService(const server::ServiceParts& parts, home::HomeServices& home, Options options);

  void start() override { bridges_.start(); }
  void stop() override { bridges_.stop(); }
  void registry_changed() override { bridges_.registry_changed(); }
  [[nodiscard]] std::string metrics() const override;

  [[nodiscard]] Bridges& bridges() { return bridges_; }

 private:
  Bridges bridges_;
};

// By kind, without names.
[[nodiscard]] std::string metrics_text(std::span<const BridgeRow> rows);

// As /api/v1 lists them.
[[nodiscard]] std::vector<api::body::Bridge> bridges_of(const Bridges& bridges,
                                                        registry::AccountId account);

}  // namespace gridloom::bridges
