#include "app/operations/faults.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/operations/context.h"
#include "base/nearest.h"
#include "catalog/device_faults.h"
#include "hub/platform/fault_injector.h"
#include "parameters/arguments.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::operations {
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
    if (Status device = catalog::check_fault_rule(rule, catalog); !device) {
      const bool known = catalog::check_fault_rule({.fault = rule.fault}, catalog).has_value();
      if (known || !rule.sn.empty()) return device;
      const std::set<std::string> of_devices = catalog::fault_names(catalog.families());
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
  GL_TRY(check(rule, catalog_));
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

JsonObject row_of(const FaultRule& rule, const time::TimeZone& zone) {
  JsonObject row{{"fault", rule.fault}};
  if (!rule.sn.empty()) row["sn"] = rule.sn;
  if (!rule.account.empty()) row["account"] = rule.account;
  if (rule.probability < 1) row["probability"] = rule.probability;
  if (rule.value) row["value"] = *rule.value;
  if (rule.until) row["until"] = time::clock_text(*rule.until, zone);
  return row;
}

Result<FaultRules*> faults_of(const Context& context) {
  if (context.faults != nullptr) return context.faults;
  return fail(
      ErrorCode::kConflict,
      "faults can be injected into a running server only, and none runs on this data folder");
}

Result<Json> add_fault_rule(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto faults, faults_of(context));
  FaultRule rule{.fault = arguments.text("fault"),
                 .sn = arguments.text("sn"),
                 .account = arguments.text("account"),
                 .probability = arguments.number("probability").value_or(1),
                 .value = arguments.number("value"),
                 .until = {}};
  const auto directory = context.registry.directory();
  if (!rule.sn.empty() && directory->find_device(rule.sn) == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no device {}", wire::shortened(rule.sn)));
  }
  if (!rule.account.empty() && directory->find_account_by_name(rule.account) == nullptr) {
    std::vector<std::string_view> names;
    for (const registry::Account* each : directory->accounts()) names.emplace_back(each->name);
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no account {}{}", wire::shortened(rule.account),
                            did_you_mean(rule.account, names)));
  }
  if (const auto ms = arguments.integer("for_ms")) {
    rule.until = context.clock.now() + Millis(*ms);
  }
  JsonObject row = row_of(rule, context.zone);
  GL_TRY(faults->add(std::move(rule)));
  return Json(std::move(row));
}

Result<Json> remove_fault_rules(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto faults, faults_of(context));
  const std::string fault = arguments.text("fault");
  const std::size_t ended = faults->remove(fault, arguments.text("sn"));
  if (ended == 0 && !fault.empty()) {
    return fail(ErrorCode::kNotFound,
                fmt::format("the fault {} is not on", wire::shortened(fault)));
  }
  return JsonObject{{"ended", ended}};
}

Result<Json> list_faults(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto faults, faults_of(context));
  JsonArray rows;
  if (arguments.flag("all")) {
    const auto add = [&rows](std::string_view of, std::string_view name,
                             std::string_view description) {
      rows.push_back(JsonObject{{"of", of}, {"fault", name}, {"means", description}});
    };
    for (const hub::PlatformFaultInfo& info : hub::platform_faults())
      add("platform", info.name, info.description);
    for (const catalog::DeviceFault& common : catalog::common_faults()) {
      add("any virtual device", common.name, common.description);
    }
    for (const catalog::FamilyPtr& family : context.catalog.families()) {
      for (const catalog::DeviceFault& own : family->faults)
        add(family->id, own.name, own.description);
    }
    return Json(std::move(rows));
  }
  for (const FaultRule& rule : faults->rules()) rows.emplace_back(row_of(rule, context.zone));
  return Json(std::move(rows));
}

constexpr std::array kOnParameters = {
    Parameter{.name = "fault",
              .text = "Name of the fault; `gridloom fault list --all` lists the names",
              .required = true},
    Parameter{.name = "sn",
              .text = "Serial number of the device; by default all devices that can have the fault",
              .type = Type::kSerialNumber},
    Parameter{.name = "account",
              .text = "Platform faults only: restrict the fault to apps of this account",
              .type = Type::kAccount},
    Parameter{.name = "probability",
              .text = "Probability of the fault, 0 to 1: of each minute for devices, of each case "
                      "for the platform",
              .type = Type::kNumber,
              .least = 0,
              .most = 1},
    Parameter{.name = "value",
              .text = "Parameter of the fault; its description explains it",
              .type = Type::kNumber,
              .least = -kMostInteger,
              .most = kMostInteger},
    Parameter{.name = "for_ms",
              .text = "Duration in milliseconds; by default until it is switched off",
              .type = Type::kInteger,
              .least = 1,
              .most = static_cast<double>(time::kLongestSpan.count())},
};
constexpr std::array kOffParameters = {
    Parameter{.name = "fault", .text = "Name of the fault"},
    Parameter{.name = "sn", .text = "Only faults of this device", .type = Type::kSerialNumber},
};
constexpr std::array kListParameters = {
    Parameter{.name = "all", .text = "List every fault that can be injected", .type = Type::kFlag},
};

constexpr std::array kFaultOperations = {
    Operation{.name = "fault.on",
              .text = "Switches a fault on",
              .parameters = kOnParameters,
              .audit = {Recorded::kBeforeAnswer,
                        "fault.on",
                        {"fault", "sn", "account", "probability", "value", "until"}},
              .function = add_fault_rule},
    Operation{.name = "fault.off",
              .text = "Switches a fault off; without a name, all of them",
              .parameters = kOffParameters,
              .audit = {Recorded::kBeforeAnswer, "fault.off", {"fault", "sn", "ended"}},
              .function = remove_fault_rules},
    Operation{.name = "fault.list",
              .text = "Lists the faults that are on",
              .parameters = kListParameters,
              .audit = kChangesNothing,
              .function = list_faults},
};
static_assert(are_complete(kFaultOperations));

}  // namespace

std::span<const Operation> fault_operations() { return kFaultOperations; }

}  // namespace gridloom::operations
