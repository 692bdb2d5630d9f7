// Injects faults of the platform itself on demand, such as the vendor's cloud has: an app's author
// can see how the app copes with them. Without a fault rule none of them happens.
//
// Thread rules: any function from any thread. Without rules, a check costs one load.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "base/fault_rule.h"
#include "base/result.h"

namespace gridloom::hub {

enum class PlatformFault : std::uint8_t {
  kFrozenSnapshot,
  kStaleOffline,
  kNullData,
  kFlappingOnline,
  kFewClientIds,
  kNoWildcards,
  kSleepyPush,
  kUnansweredSet,
  kRefusedSign,
  kTooManyRequests,
  kSlowAnswer,
  kDroppedConnection,
  kResetConnection,
  kRefusedCertificate,
  kRefusedValue,
  kModelNotAllowed,
  kTextValues,
};

struct PlatformFaultInfo {
  PlatformFault fault{};
  std::string_view name;
  std::string_view description;
  double value = 0;  // default, replaced by a rule's value, where `description` mentions it
};
[[nodiscard]] const std::array<PlatformFaultInfo, 17>& platform_faults();
// nullptr: no fault has that name.
[[nodiscard]] const PlatformFaultInfo* find_platform_fault(std::string_view name);

class FaultInjector {
 public:
  // Replaces all rules but those of lay(). Rules that name no platform fault are left out.
  void set(const std::vector<FaultRule>& rules);
  // Replaces the rules that `owner` has added: they last until it adds others, or none.
  void lay(const std::string& owner, const std::vector<FaultRule>& rules);

  [[nodiscard]] bool any() const { return any_.load(std::memory_order_relaxed); }

  // A request or message that a fault may affect; an empty account or device: none in particular.
  struct Case {
    std::string_view account;  // the account's name
    std::string_view sn;
    TimePoint now;
  };
  // The rule's value, or the fault's default, if the fault happens in this case: by chance, with
  // the rule's probability.
  [[nodiscard]] std::optional<double> happens(PlatformFault fault, const Case& in) const;
  // Whether the account sees the device offline although it is connected.
  [[nodiscard]] bool hides(const Case& what) const;

 private:
  struct ActiveRule {
    PlatformFault fault{};
    FaultRule rule;
    double value = 0;
  };
  using ActiveRules = std::vector<ActiveRule>;
  struct Rules {
    ActiveRules set;
    std::map<std::string, ActiveRules, std::less<>> laid;  // by owner
    ActiveRules all;
  };

  [[nodiscard]] static ActiveRules active(const std::vector<FaultRule>& rules);
  template <typename Change>
  void change(Change change);
  [[nodiscard]] std::shared_ptr<const Rules> rules() const;

  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<const Rules> rules_;  // null: there were none yet
  mutable std::atomic<std::uint64_t> draws_{0};
};

}  // namespace gridloom::hub
