// Which injected platform faults concern an account or one of its devices now: the one place that
// joins the fault rules with the registry and the clock. Without rules each question costs one
// load.
//
// Any thread; the directory is the caller's, since a shard's may be older than the newest.
#pragma once

#include <optional>
#include <string_view>

#include "hub/platform.h"
#include "registry/directory.h"

namespace gridloom::hub {

class FaultView {
 public:
  explicit FaultView(const Platform& platform) : platform_(platform) {}

  [[nodiscard]] bool any() const { return platform_.fault_injector.any(); }
  // The fault's value if it happens to the account's request for `sn` (empty: for no device in
  // particular). Never happens to an account that the directory does not know.
  [[nodiscard]] std::optional<double> happens(const registry::Directory& directory,
                                              PlatformFault fault, registry::AccountId account,
                                              std::string_view sn = {}) const;
  // Presence as the account sees it: connected, unless a fault hides the device.
  [[nodiscard]] bool online(const registry::Directory& directory, registry::AccountId account,
                            std::string_view sn) const;

 private:
  [[nodiscard]] std::optional<FaultInjector::Case> case_of(const registry::Directory& directory,
                                                           registry::AccountId account,
                                                           std::string_view sn) const;

  const Platform& platform_;
};

}  // namespace gridloom::hub
