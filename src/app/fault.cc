#include "app/fault.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <ranges>
#include <string>
#include <utility>

#include "hub/fault_injector.h"
#include "sim/device_faults.h"
#include "time/grammar.h"
#include "time/iso_text.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Status check(const FaultRule& order, const catalog::Catalog& catalog) {
  if (hub::find_platform_fault(order.fault) == nullptr) {
    if (!order.account.empty()) {
      return fail(
          ErrorCode::kBadParams,
          fmt::format("account is not allowed for {}, which is a fault of devices", order.fault));
    }
    if (Status device = sim::check_order(order, catalog); !device) {
      const bool known = sim::check_order({.fault = order.fault}, catalog).has_value();
      if (known || !order.sn.empty()) return device;
      const auto names =
          hub::platform_faults() | std::views::transform(&hub::PlatformFaultInfo::name);
      return fail(
          ErrorCode::kBadParams,
          fmt::format("{}; and of the platform {}", device.error().detail, fmt::join(names, ", ")));
    }
  }
  if (order.probability > 0 && order.probability <= 1) return {};
  return fail(ErrorCode::kBadParams,
              fmt::format("probability is {}: must be above 0 and at most 1", order.probability));
}

bool same(const FaultRule& one, const FaultRule& other) {
  return one.fault == other.fault && one.sn == other.sn && one.account == other.account;
}

}  // namespace

Faults::Faults(const catalog::Catalog& catalog, const Clock& clock, Changed changed)
    : catalog_(catalog), clock_(clock), changed_(std::move(changed)) {}

Status Faults::order(FaultRule order) {
  if (Status good = check(order, catalog_); !good) return good;
  const std::scoped_lock lock(mutex_);
  forget_old();
  std::erase_if(orders_, [&](const FaultRule& before) { return same(before, order); });
  orders_.push_back(std::move(order));
  changed_(orders_);
  return {};
}

std::size_t Faults::end(std::string_view fault, std::string_view sn) {
  const std::scoped_lock lock(mutex_);
  forget_old();
  const std::size_t ended = std::erase_if(orders_, [&](const FaultRule& order) {
    return (fault.empty() || order.fault == fault) && (sn.empty() || order.sn == sn);
  });
  changed_(orders_);
  return ended;
}

std::vector<FaultRule> Faults::orders() {
  const std::scoped_lock lock(mutex_);
  forget_old();
  return orders_;
}

void Faults::forget_old() {
  const TimePoint now = clock_.now();
  std::erase_if(orders_,
                [&](const FaultRule& order) { return order.until && *order.until <= now; });
}

namespace {

std::string text_in(const JsonObject& request, std::string_view name) {
  const Json* value = request.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
}

std::optional<double> number_in(const JsonObject& request, std::string_view name) {
  const Json* value = request.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  return value->to_number<double>();
}

JsonObject row_of(const FaultRule& order, const time::TimeZone& zone) {
  JsonObject row{{"fault", order.fault}};
  if (!order.sn.empty()) row["sn"] = order.sn;
  if (!order.account.empty()) row["account"] = order.account;
  if (order.probability < 1) row["probability"] = order.probability;
  if (order.value) row["value"] = *order.value;
  if (order.until) row["until"] = time::clock_text(*order.until, zone);
  return row;
}

Result<Faults*> faults_of(const AdminContext& context) {
  if (context.faults != nullptr) return context.faults;
  return fail(
      ErrorCode::kConflict,
      "faults can be injected into a running server only, and none runs on this data folder");
}

}  // namespace

Result<Json> order_fault(const AdminContext& context, const JsonObject& request) {
  const auto faults = faults_of(context);
  if (!faults) return std::unexpected(faults.error());
  FaultRule order{.fault = text_in(request, "fault"),
                  .sn = text_in(request, "sn"),
                  .account = text_in(request, "account"),
                  .probability = number_in(request, "probability").value_or(1),
                  .value = number_in(request, "value"),
                  .until = {}};
  const auto directory = context.registry.directory();
  if (!order.sn.empty() && directory->find_device(order.sn) == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no device {}", wire::shortened(order.sn)));
  }
  if (!order.account.empty() && directory->find_account_by_name(order.account) == nullptr) {
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no account {}", wire::shortened(order.account)));
  }
  if (const auto ms = number_in(request, "for_ms")) {
    if (*ms < 1 || *ms > static_cast<double>(time::kLongestSpan.count())) {
      return fail(ErrorCode::kBadParams,
                  "for_ms must be from 1 to 86400000000000 (a million days)");
    }
    order.until = context.clock.now() + Millis(static_cast<std::int64_t>(*ms));
  }
  JsonObject row = row_of(order, context.zone);
  if (Status ordered = (*faults)->order(std::move(order)); !ordered) {
    return std::unexpected(std::move(ordered.error()));
  }
  return Json(std::move(row));
}

Result<Json> end_faults(const AdminContext& context, const JsonObject& request) {
  const auto faults = faults_of(context);
  if (!faults) return std::unexpected(faults.error());
  const std::string fault = text_in(request, "fault");
  const std::size_t ended = (*faults)->end(fault, text_in(request, "sn"));
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
    const auto add = [&rows](std::string_view of, std::string_view name, std::string_view means) {
      rows.push_back(JsonObject{{"of", of}, {"fault", name}, {"means", means}});
    };
    for (const hub::PlatformFaultInfo& info : hub::platform_faults())
      add("platform", info.name, info.means);
    for (const catalog::DeviceFault& common : sim::common_faults()) {
      add("any virtual device", common.name, common.description);
    }
    for (const catalog::FamilyPtr& family : context.catalog.families()) {
      for (const catalog::DeviceFault& own : family->faults)
        add(family->id, own.name, own.description);
    }
    return Json(std::move(rows));
  }
  for (const FaultRule& order : (*faults)->orders()) rows.emplace_back(row_of(order, context.zone));
  return Json(std::move(rows));
}

}  // namespace gridloom::app
