// How many attempts to show who one is may fail, for each address of a peer: wrong signatures and
// passwords cost the server work, and whoever guesses needs many. Beyond the budget attempts of the
// address are refused unread, until a part of the budget has come back.
//
// Many may share an address (a router, a reverse proxy). A name (an access key, a user) that was
// right from an address within a day has a budget of its own there, so it goes on while another
// one behind the same address fails. Loopback addresses have kLoopbackTimes as much.
//
// Bounded: kMost addresses and kMost names are told apart; further addresses share one budget.
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
  static constexpr std::size_t kMost = 4096;
  static constexpr std::size_t kLoopbackTimes = 50;

  // At least one a minute; as many at once, and then as they come back, evenly.
  explicit FailureBudget(std::size_t per_minute) : per_minute_(static_cast<double>(per_minute)) {}

  // Before an attempt is looked at. Nothing: go ahead. Otherwise how long until it may be tried.
  [[nodiscard]] std::optional<Millis> wait(std::string_view address, std::string_view name,
                                           TimePoint now);
  void failed(std::string_view address, std::string_view name, TimePoint now);
  void succeeded(std::string_view address, std::string_view name, TimePoint now);

  [[nodiscard]] std::size_t addresses() const;  // that failed lately

 private:
  struct Bucket {
    double tokens = 0;
    double most = 0;
    TimePoint filled{};
  };
  struct Known {
    Bucket bucket{};
    TimePoint succeeded{};
  };

  static void fill(Bucket& bucket, TimePoint now);
  [[nodiscard]] static Bucket full(double most, TimePoint now);
  [[nodiscard]] Bucket* find(std::string_view group, TimePoint now);
  Bucket& bucket_of(std::string_view group, TimePoint now);
  [[nodiscard]] Bucket* known_bucket(std::string_view group, std::string_view name, TimePoint now);

  const double per_minute_;
  mutable std::mutex mutex_;
  StringMap<Bucket> failing_;  // by group of addresses
  StringMap<Known> known_;     // by group and name
  std::optional<Bucket> others_;
};

// The addresses that one subscriber has: all of an IPv6 network of 64 bits, one of IPv4.
[[nodiscard]] std::string address_group(std::string_view address);
[[nodiscard]] bool is_loopback(std::string_view address);

}  // namespace gridloom
