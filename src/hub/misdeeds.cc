#include "hub/misdeeds.h"

#include <algorithm>
#include <utility>

namespace gridloom::hub {
namespace {

constexpr std::uint64_t kSeed = 1;

// Lasts, and is not drawn anew for each request: a share is one of all devices.
bool lasts(Misdeed misdeed) {
  return misdeed == Misdeed::kFrozenSnapshot || misdeed == Misdeed::kStaleOffline ||
         misdeed == Misdeed::kFlappingOnline || misdeed == Misdeed::kSleepyPush;
}

bool concerns(const FaultOrder& order, const Misdeeds::Case& in) {
  return (order.account.empty() || order.account == in.account) &&
         (order.sn.empty() || order.sn == in.sn) && (!order.until || in.now < *order.until);
}

}  // namespace

const std::array<MisdeedInfo, 14>& misdeeds() {
  static constexpr std::array<MisdeedInfo, 14> kAll = {{
      {Misdeed::kFrozenSnapshot, "frozen_snapshot",
       "Reads over HTTP and latestQuotas answer what was so when the fault began"},
      {Misdeed::kStaleOffline, "stale_offline",
       "Devices look offline, reads answer what was so before, and nothing is pushed"},
      {Misdeed::kNullData, "null_data", "quota/all answers data null"},
      {Misdeed::kFlappingOnline, "flapping_online",
       "Devices look offline and online, value seconds each (30)", 30},
      {Misdeed::kFewClientIds, "few_client_ids",
       "A certificate may use value client ids a day (10)", 10},
      {Misdeed::kNoWildcards, "no_wildcards", "Apps' subscriptions with + or # are refused"},
      {Misdeed::kSleepyPush, "sleepy_push",
       "Reports are pushed for value seconds after quota/all was asked (300), then no more", 300},
      {Misdeed::kUnansweredSet, "unanswered_set",
       "Sets are carried out, and their replies get lost"},
      {Misdeed::kRefusedSign, "refused_sign", "Requests that are signed well are answered 8521"},
      {Misdeed::kTooManyRequests, "too_many_requests",
       "Requests are answered HTTP 429, to be tried again after value seconds (5)", 5},
      {Misdeed::kSlowAnswer, "slow_answer", "Requests are answered after value seconds (5)", 5},
      {Misdeed::kDroppedConnection, "dropped_connection",
       "Requests end with their connection; apps' MQTT connections too, as if the share were one "
       "of "
       "all minutes"},
      {Misdeed::kResetConnection, "reset_connection",
       "Requests end with a reset of the connection"},
      {Misdeed::kRefusedCertificate, "refused_certificate",
       "Apps' sign-ins over MQTT are refused, though their password is right"},
  }};
  return kAll;
}

const MisdeedInfo* find_misdeed(std::string_view name) {
  const auto* const found = std::ranges::find(misdeeds(), name, &MisdeedInfo::name);
  return found == misdeeds().end() ? nullptr : &*found;
}

void Misdeeds::set(const std::vector<FaultOrder>& orders) {
  auto made = std::make_shared<Orders>();
  for (const FaultOrder& order : orders) {
    const MisdeedInfo* info = find_misdeed(order.fault);
    if (info == nullptr) continue;
    made->push_back(
        {.misdeed = info->misdeed, .order = order, .value = order.value.value_or(info->value)});
  }
  const std::scoped_lock lock(mutex_);
  any_.store(!made->empty());
  orders_ = std::move(made);
}

std::shared_ptr<const Misdeeds::Orders> Misdeeds::orders() const {
  const std::scoped_lock lock(mutex_);
  return orders_;
}

std::optional<double> Misdeeds::happens(Misdeed misdeed, const Case& in) const {
  if (!any()) return std::nullopt;
  const auto orders = this->orders();
  for (const Ordered& ordered : *orders) {
    if (ordered.misdeed != misdeed || !concerns(ordered.order, in)) continue;
    const Chance chance = Chance(kSeed).split(ordered.order.fault);
    const double drawn = ordered.order.share >= 1 ? 0
                         : lasts(misdeed)         ? chance.split(in.sn).uniform(0)
                                                  : chance.uniform(draws_.fetch_add(1));
    if (drawn < ordered.order.share) return ordered.value;
  }
  return std::nullopt;
}

bool Misdeeds::hides(const Case& what) const {
  if (!any()) return false;
  if (happens(Misdeed::kStaleOffline, what)) return true;
  const auto period_s = happens(Misdeed::kFlappingOnline, what);
  if (!period_s) return false;
  const auto period_ms = std::max<std::int64_t>(1, static_cast<std::int64_t>(*period_s * 1000));
  return unix_ms(what.now) / period_ms % 2 == 1;
}

}  // namespace gridloom::hub
