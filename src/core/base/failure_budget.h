// Limits the failed authentication attempts of each peer address: wrong signatures and passwords
// cost the server work, and guessing needs many attempts. Beyond the budget, attempts from the
// address are refused unread, until a part of the budget has been refunded.
//
// Many clients may share an address (a router, a reverse proxy). A name (an access key, a user)
// that succeeded from an address within a day has a budget of its own there, so it still gets
// through while another name behind the same address fails. Loopback addresses have kLoopbackTimes
// the budget.
//
// Bounded: kMax addresses and kMax names are counted separately; further addresses share one
// budget.
// Thread rule: any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/string_map.h"

namespace gridloom {

class FailureBudget {
 public:
  static constexpr std::size_t kMax = 4096;
  static constexpr std::size_t kLoopbackTimes = 50;

  // `per_minute` is at least 1: that many failures at once, which are then refunded evenly.
  explicit FailureBudget(std::size_t per_minute) : per_minute_(static_cast<double>(per_minute)) {}

  // Call before an attempt is checked. Nothing: go ahead. Otherwise how long until the next attempt
  // is allowed.
  [[nodiscard]] std::optional<Millis> wait(std::string_view address, std::string_view name,
                                           TimePoint now);
  // Whether the name succeeded from the address within a day.
  [[nodiscard]] bool knows(std::string_view address, std::string_view name, TimePoint now);
  void failed(std::string_view address, std::string_view name, TimePoint now);
  void succeeded(std::string_view address, std::string_view name, TimePoint now);

  [[nodiscard]] std::size_t addresses() const;  // that failed lately

 private:
  struct Bucket {
    double tokens = 0;
    double most = 0;
    TimePoint filled{};
  };
  struct TrustedName {
    Bucket bucket{};
    TimePoint succeeded{};
  };

  static void fill(Bucket& bucket, TimePoint now);
  [[nodiscard]] static Bucket full(double most, TimePoint now);
  [[nodiscard]] Bucket* find(std::string_view group, TimePoint now);
  Bucket& bucket_of(std::string_view group, TimePoint now);
  [[nodiscard]] Bucket* trusted_bucket(std::string_view group, std::string_view name,
                                       TimePoint now);

  const double per_minute_;
  mutable std::mutex mutex_;
  StringMap<Bucket> failing_;       // by address group
  StringMap<TrustedName> trusted_;  // by address group and name
  std::optional<Bucket> others_;
};

// The group of addresses that one internet subscriber has: an IPv6 network of 64 bits, or one IPv4
// address.
[[nodiscard]] std::string address_group(std::string_view address);
[[nodiscard]] bool is_loopback(std::string_view address);

}  // namespace gridloom
