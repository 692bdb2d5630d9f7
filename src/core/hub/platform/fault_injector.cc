#include "hub/platform/fault_injector.h"

#include <algorithm>
#include <utility>

namespace gridloom::hub {
namespace {

constexpr std::uint64_t kSeed = 1;

// Whether a fault is a lasting state that is not drawn for each request: its probability is then a
// fraction of all devices.
bool lasts(PlatformFault fault) {
  return fault == PlatformFault::kFrozenSnapshot || fault == PlatformFault::kStaleOffline ||
         fault == PlatformFault::kFlappingOnline || fault == PlatformFault::kSleepyPush ||
         fault == PlatformFault::kModelNotAllowed || fault == PlatformFault::kTextValues;
}

bool concerns(const FaultRule& rule, const FaultInjector::Case& in) {
  return (rule.account.empty() || rule.account == in.account) &&
         (rule.sn.empty() || rule.sn == in.sn) && (!rule.until || in.now < *rule.until);
}

}  // namespace

const std::array<PlatformFaultInfo, 17>& platform_faults() {
  static constexpr std::array<PlatformFaultInfo, 17> kAll = {{
      {PlatformFault::kFrozenSnapshot, "frozen_snapshot",
       "Reads over HTTP and latestQuotas return the state from when the fault began"},
      {PlatformFault::kStaleOffline, "stale_offline",
       "Devices appear offline, reads return an earlier state, and nothing is pushed"},
      {PlatformFault::kNullData, "null_data", "quota/all answers with data null"},
      {PlatformFault::kFlappingOnline, "flapping_online",
       "Devices appear offline and online in turn, for value seconds each (30)", 30},
      {PlatformFault::kFewClientIds, "few_client_ids",
       "A certificate may use value client ids a day (10)", 10},
      {PlatformFault::kNoWildcards, "no_wildcards", "Apps' subscriptions with + or # are refused"},
      {PlatformFault::kSleepyPush, "sleepy_push",
       "Reports are pushed only for value seconds after each quota/all (300)", 300},
      {PlatformFault::kUnansweredSet, "unanswered_set",
       "Sets are carried out, and their replies are lost"},
      {PlatformFault::kRefusedSign, "refused_sign",
       "Requests with a correct signature are answered 8521"},
      {PlatformFault::kTooManyRequests, "too_many_requests",
       "Requests are answered HTTP 429, with Retry-After value seconds (5)", 5},
      {PlatformFault::kSlowAnswer, "slow_answer", "Requests are answered after value seconds (5)",
       5},
      {PlatformFault::kDroppedConnection, "dropped_connection",
       "The connection is closed instead of an answer; apps' MQTT connections are closed too, with "
       "the probability applied to each minute"},
      {PlatformFault::kResetConnection, "reset_connection",
       "The connection is reset instead of an answer"},
      {PlatformFault::kRefusedCertificate, "refused_certificate",
       "Apps' sign-ins over MQTT are refused, although the password is correct"},
      {PlatformFault::kRefusedValue, "refused_value",
       "Sets over HTTP are answered 8524, by /api/v1 with status 400, although they are valid"},
      {PlatformFault::kModelNotAllowed, "model_not_allowed",
       "Devices are listed, and requests for their quotas are answered 1006"},
      {PlatformFault::kTextValues, "text_values",
       "Reads over the signed interface return numbers as texts: \"100\" for 100"},
  }};
  return kAll;
}

const PlatformFaultInfo* find_platform_fault(std::string_view name) {
  const auto* const found = std::ranges::find(platform_faults(), name, &PlatformFaultInfo::name);
  return found == platform_faults().end() ? nullptr : &*found;
}

FaultInjector::ActiveRules FaultInjector::active(const std::vector<FaultRule>& rules) {
  ActiveRules made;
  for (const FaultRule& rule : rules) {
    const PlatformFaultInfo* info = find_platform_fault(rule.fault);
    if (info == nullptr) continue;
    made.push_back({.fault = info->fault, .rule = rule, .value = rule.value.value_or(info->value)});
  }
  return made;
}

template <typename Change>
void FaultInjector::change(Change change) {
  const std::scoped_lock lock(mutex_);
  auto made = rules_ ? std::make_shared<Rules>(*rules_) : std::make_shared<Rules>();
  change(*made);
  made->all = made->set;
  for (const auto& [owner, laid] : made->laid) {
    made->all.insert(made->all.end(), laid.begin(), laid.end());
  }
  any_.store(!made->all.empty());
  rules_ = std::move(made);
}

void FaultInjector::set(const std::vector<FaultRule>& rules) {
  change([&](Rules& made) { made.set = active(rules); });
}

void FaultInjector::lay(const std::string& owner, const std::vector<FaultRule>& rules) {
  change([&](Rules& made) {
    made.laid.erase(owner);
    if (!rules.empty()) made.laid.emplace(owner, active(rules));
  });
}

std::shared_ptr<const FaultInjector::Rules> FaultInjector::rules() const {
  const std::scoped_lock lock(mutex_);
  return rules_;
}

std::optional<double> FaultInjector::happens(PlatformFault fault, const Case& in) const {
  if (!any()) return std::nullopt;
  const auto rules = this->rules();
  for (const ActiveRule& active : rules->all) {
    if (active.fault != fault || !concerns(active.rule, in)) continue;
    const Chance chance = Chance(kSeed).split(active.rule.fault);
    const double drawn = active.rule.probability >= 1 ? 0
                         : lasts(fault)               ? chance.split(in.sn).uniform(0)
                                                      : chance.uniform(draws_.fetch_add(1));
    if (drawn < active.rule.probability) return active.value;
  }
  return std::nullopt;
}

bool FaultInjector::hides(const Case& what) const {
  if (!any()) return false;
  if (happens(PlatformFault::kStaleOffline, what)) return true;
  const auto period_s = happens(PlatformFault::kFlappingOnline, what);
  if (!period_s) return false;
  const auto period_ms = std::max<std::int64_t>(1, static_cast<std::int64_t>(*period_s * 1000));
  return unix_ms(what.now) / period_ms % 2 == 1;
}

}  // namespace gridloom::hub
