#include "app/control/fault.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/control/request_members.h"
#include "base/nearest.h"
#include "hub/fault_injector.h"
#include "sim/device_faults.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Status check(const FaultRule& rule, const catalog::Catalog& catalog) {
  if (hub::find_platform_fault(rule.fault) == nullptr) {
    if (!rule.account.empty()) {
      return fail(
          ErrorCode::kBadParams,
          fmt::format("account is not allowed for {}, which is a fault of devices", rule.fault));
    }
    if (Status device = sim::check_fault_rule(rule, catalog); !device) {
      const bool known = sim::check_fault_rule({.fault = rule.fault}, catalog).has_value();
      if (known || !rule.sn.empty()) return device;
      const std::set<std::string> of_devices = sim::fault_names(catalog.families());
      std::vector<std::string_view> of_platform;
      for (const hub::PlatformFaultInfo& info : hub::platform_faults()) {
        of_platform.push_back(info.name);
      }
      std::vector<std::string_view> all(of_devices.begin(), of_devices.end());
      all.insert(all.end(), of_platform.begin(), of_platform.end());
      return fail(ErrorCode::kBadParams,
                  fmt::format("there is no fault \"{}\"; there are those of virtual devices, {}; "
                              "and of the platform, {}{}",
                              wire::shortened(rule.fault), fmt::join(of_devices, ", "),
                              fmt::join(of_platform, ", "), did_you_mean(rule.fault, all)));
    }
  }
  if (rule.probability > 0 && rule.probability <= 1) return {};
  return fail(ErrorCode::kBadParams,
              fmt::format("probability is {}: must be above 0 and at most 1", rule.probability));
}

bool same(const FaultRule& one, const FaultRule& other) {
  return one.fault == other.fault && one.sn == other.sn && one.account == other.account;
}

}  // namespace

FaultRules::FaultRules(const catalog::Catalog& catalog, const Clock& clock, Changed changed)
    : catalog_(catalog), clock_(clock), changed_(std::move(changed)) {}

Status FaultRules::add(FaultRule rule) {
  if (Status good = check(rule, catalog_); !good) return good;
  const std::scoped_lock lock(mutex_);
  remove_expired();
  std::erase_if(rules_, [&](const FaultRule& before) { return same(before, rule); });
  rules_.push_back(std::move(rule));
  changed_(rules_);
  return {};
}

std::size_t FaultRules::remove(std::string_view fault, std::string_view sn) {
  const std::scoped_lock lock(mutex_);
  remove_expired();
  const std::size_t ended = std::erase_if(rules_, [&](const FaultRule& rule) {
    return (fault.empty() || rule.fault == fault) && (sn.empty() || rule.sn == sn);
  });
  changed_(rules_);
  return ended;
}

std::vector<FaultRule> FaultRules::rules() {
  const std::scoped_lock lock(mutex_);
  remove_expired();
  return rules_;
}

void FaultRules::remove_expired() {
  const TimePoint now = clock_.now();
  std::erase_if(rules_, [&](const FaultRule& rule) { return rule.until && *rule.until <= now; });
}

namespace {

std::optional<double> number_in(const JsonObject& request, std::string_view name) {
  const Json* value = request.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

JsonObject row_of(const FaultRule& rule, const time::TimeZone& zone) {
  JsonObject row{{"fault", rule.fault}};
  if (!rule.sn.empty()) row["sn"] = rule.sn;
  if (!rule.account.empty()) row["account"] = rule.account;
  if (rule.probability < 1) row["probability"] = rule.probability;
  if (rule.value) row["value"] = *rule.value;
  if (rule.until) row["until"] = time::clock_text(*rule.until, zone);
  return row;
}

Result<FaultRules*> faults_of(const AdminContext& context) {
  if (context.faults != nullptr) return context.faults;
  return fail(
      ErrorCode::kConflict,
      "faults can be injected into a running server only, and none runs on this data folder");
}

}  // namespace

Result<Json> add_fault_rule(const AdminContext& context, const JsonObject& request) {
  const auto faults = faults_of(context);
  if (!faults) return std::unexpected(faults.error());
  FaultRule rule{.fault = text_in(request, "fault"),
                 .sn = text_in(request, "sn"),
                 .account = text_in(request, "account"),
                 .probability = number_in(request, "probability").value_or(1),
                 .value = number_in(request, "value"),
                 .until = {}};
  const auto directory = context.registry.directory();
  if (!rule.sn.empty() && directory->find_device(rule.sn) == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no device {}", wire::shortened(rule.sn)));
  }
  if (!rule.account.empty() && directory->find_account_by_name(rule.account) == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no account {}", wire::shortened(rule.account)));
  }
  if (const auto ms = number_in(request, "for_ms")) {
    if (*ms < 1 || *ms > static_cast<double>(time::kLongestSpan.count())) {
      return fail(ErrorCode::kBadParams,
                  "for_ms must be from 1 to 86400000000000 (a million days)");
    }
    rule.until = context.clock.now() + Millis(static_cast<std::int64_t>(*ms));
  }
  JsonObject row = row_of(rule, context.zone);
  if (Status ordered = (*faults)->add(std::move(rule)); !ordered) {
    return std::unexpected(std::move(ordered.error()));
  }
  return Json(std::move(row));
}

Result<Json> remove_fault_rules(const AdminContext& context, const JsonObject& request) {
  const auto faults = faults_of(context);
  if (!faults) return std::unexpected(faults.error());
  const std::string fault = text_in(request, "fault");
  const std::size_t ended = (*faults)->remove(fault, text_in(request, "sn"));
  if (ended == 0 && !fault.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("the fault {} is not on", wire::shortened(fault)));
  }
  return JsonObject{{"ended", ended}};
}

Result<Json> list_faults(const AdminContext& context, const JsonObject& request) {
  const auto faults = faults_of(context);
  if (!faults) return std::unexpected(faults.error());
  JsonArray rows;
  if (!text_in(request, "all").empty()) {
    const auto add = [&rows](std::string_view of, std::string_view name,
                             std::string_view description) {
      rows.push_back(JsonObject{{"of", of}, {"fault", name}, {"means", description}});
    };
    for (const hub::PlatformFaultInfo& info : hub::platform_faults())
      add("platform", info.name, info.description);
    for (const catalog::DeviceFault& common : sim::common_faults()) {
      add("any virtual device", common.name, common.description);
    }
    for (const catalog::FamilyPtr& family : context.catalog.families()) {
      for (const catalog::DeviceFault& own : family->faults)
        add(family->id, own.name, own.description);
    }
    return Json(std::move(rows));
  }
  for (const FaultRule& rule : (*faults)->rules()) rows.emplace_back(row_of(rule, context.zone));
  return Json(std::move(rows));
}

}  // namespace gridloom::app
