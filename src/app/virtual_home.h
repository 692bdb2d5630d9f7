// The virtual devices of a server, `--demo` and `--home`. A build may leave out the wing that has
// them: app/wings/with_lab makes them, no_lab says that they are missing.
#pragma once

#include <csignal>
#include <memory>
#include <vector>

#include "app/options.h"
#include "app/past.h"
#include "base/fault_rule.h"
#include "base/result.h"
#include "catalog/family.h"
#include "net/tls.h"
#include "registry/directory.h"

namespace gridloom::app {

struct ServeProcess;

// The home of the demo's account on a server. Its destructor ends the devices.
class VirtualHome {
 public:
  VirtualHome() = default;
  VirtualHome(const VirtualHome&) = delete;
  VirtualHome& operator=(const VirtualHome&) = delete;
  virtual ~VirtualHome() = default;

  // Makes the devices, in the states in which they were left. Call after the start of the server,
  // whose loops know their last values.
  [[nodiscard]] virtual Status make_devices() = 0;
  // The devices go online.
  virtual void start() = 0;
  // The devices have the faults when it returns.
  virtual void set_faults(const std::vector<FaultRule>& rules) = 0;
  // The key of its account.
  [[nodiscard]] virtual const registry::AccessKey& key() const = 0;
  // Prints what a person may try on standard output, apart from the log on standard error.
  [[nodiscard]] virtual Status greet(const net::TlsFiles& files) const = 0;
};

// Creates the parts of the home that are missing. The process and the options outlive it.
[[nodiscard]] Result<std::unique_ptr<VirtualHome>> make_virtual_home(ServeProcess& process,
                                                                     const ServeOptions& options);
// Whether it can be made. The errors name the option.
[[nodiscard]] Status check_virtual_home(const ServeOptions& options,
                                        const catalog::Catalog& catalog);
// The devices live their past on a server that nobody else can reach. Returns when it is lived (0),
// or the process has to end: then the signal's number.
[[nodiscard]] Result<int> live_past(const ServeOptions& options, const Past& past,
                                    std::shared_ptr<const catalog::Catalog> catalog,
                                    const sigset_t& signals);

// Whether virtual devices of the family can be made: it has what their model needs.
[[nodiscard]] Status check_model(const catalog::FamilyPtr& family);

}  // namespace gridloom::app
