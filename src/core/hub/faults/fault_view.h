// Finds the injected platform faults that concern an account or one of its devices now: the one
// place that joins the fault rules with the registry and the clock. Without rules each question
// costs one load.
//
// A view is as old as its directory, so a caller makes one for each request. Any thread.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "hub/platform/platform.h"
#include "registry/directory.h"

namespace gridloom::hub {

class FaultView {
 public:
  // A view of the newest directory.
  explicit FaultView(const Platform& platform)
      : platform_(platform),
        directory_(platform.fault_injector.any() ? platform.registry.directory() : nullptr) {}

  [[nodiscard]] bool any() const { return platform_.fault_injector.any(); }
  // The fault's value if it happens to the account's request for `sn` (empty: for no device in
  // particular). Never happens to an account that the directory does not know.
  [[nodiscard]] std::optional<double> happens(PlatformFault fault, registry::AccountId account,
                                              std::string_view sn = {}) const;
  // Presence as the account sees it: connected, unless a fault hides the device.
  [[nodiscard]] bool online(registry::AccountId account, std::string_view sn) const;

 protected:
  // The view uses this directory from now on; a shard's may be older than the newest.
  void use(std::shared_ptr<const registry::Directory> directory) {
    directory_ = std::move(directory);
  }
  [[nodiscard]] const Platform& platform() const { return platform_; }

 private:
  [[nodiscard]] std::optional<FaultInjector::Case> case_of(registry::AccountId account,
                                                           std::string_view sn) const;

  const Platform& platform_;
  std::shared_ptr<const registry::Directory> directory_;  // null: there were no rules
};

}  // namespace gridloom::hub
