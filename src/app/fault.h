// Faults on demand: which are ordered, and who carries them out; the operations and the command
// line. docs/user/faults.md is for people.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <vector>

#include "app/admin.h"
#include "base/clock.h"
#include "base/fault_order.h"
#include "base/result.h"
#include "catalog/family.h"
#include "wire/json.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's name
class App;
}

namespace gridloom::app {

// Any thread.
class Faults {
 public:
  // `changed` is called with all orders after each change, on the thread that made it.
  using Changed = std::function<void(const std::vector<FaultOrder>&)>;
  Faults(const catalog::Catalog& catalog, const Clock& clock, Changed changed);

  // In place of one for the same fault, device and account. kBadParams: nobody can have it; the
  // message says what there is.
  [[nodiscard]] Status order(FaultOrder order);
  // How many it was. An empty fault or device: of any.
  [[nodiscard]] std::size_t end(std::string_view fault, std::string_view sn);
  // Those that have not run out.
  [[nodiscard]] std::vector<FaultOrder> orders();

 private:
  void forget_old();

  const catalog::Catalog& catalog_;
  const Clock& clock_;
  Changed changed_;
  std::mutex mutex_;
  std::vector<FaultOrder> orders_;
};

// "panel_lost", "flapping:10", "disconnect=0.01", "clock_skew:-60@R331TEST": fault, value, share,
// device. kBadParams: none of these, or check_order() refuses it.
[[nodiscard]] Result<FaultOrder> parse_order(std::string_view text,
                                             const catalog::Catalog& catalog);

// The operations fault.on, fault.off, fault.list.
[[nodiscard]] Result<wire::Json> order_fault(const Estate& estate, const wire::JsonObject& request);
[[nodiscard]] Result<wire::Json> end_faults(const Estate& estate, const wire::JsonObject& request);
[[nodiscard]] Result<wire::Json> list_faults(const Estate& estate, const wire::JsonObject& request);

// Adds it to the command line; as add_backup() does.
[[nodiscard]] std::shared_ptr<void> add_fault(CLI::App& app, std::function<int()>& chosen);

}  // namespace gridloom::app
