// What the vendor's cloud does badly, done here on demand, so that an app's author can see what the
// app makes of it: faults of the platform itself. Without an order none of this happens.
//
// Thread rules: any function from any thread. Where nothing is ordered, asking costs one load.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "base/fault_order.h"
#include "base/result.h"

namespace gridloom::hub {

enum class Misdeed : std::uint8_t {
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
};

struct MisdeedInfo {
  Misdeed misdeed{};
  std::string_view name;
  std::string_view means;
  double value = 0;  // what an order's value replaces, where `means` speaks of it
};
[[nodiscard]] const std::array<MisdeedInfo, 14>& misdeeds();
// nullptr: there is none of that name.
[[nodiscard]] const MisdeedInfo* find_misdeed(std::string_view name);

class Misdeeds {
 public:
  // These, in place of those before. Orders that name no misdeed are left out.
  void set(const std::vector<FaultOrder>& orders);

  [[nodiscard]] bool any() const { return any_.load(std::memory_order_relaxed); }

  // What it may concern; an empty account or device: none in particular.
  struct Case {
    std::string_view account;  // by its name
    std::string_view sn;
    TimePoint now;
  };
  // The order's value, or what stands for it, if it happens in this case: by chance where an order
  // has a share.
  [[nodiscard]] std::optional<double> happens(Misdeed misdeed, const Case& in) const;
  // Whether the account sees the device offline though it is not.
  [[nodiscard]] bool hides(const Case& what) const;

 private:
  struct Ordered {
    Misdeed misdeed{};
    FaultOrder order;
    double value = 0;
  };
  using Orders = std::vector<Ordered>;

  [[nodiscard]] std::shared_ptr<const Orders> orders() const;

  std::atomic<bool> any_{false};
  mutable std::mutex mutex_;
  std::shared_ptr<const Orders> orders_;
  mutable std::atomic<std::uint64_t> draws_{0};
};

}  // namespace gridloom::hub
