#include "app/fault.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ranges>
#include <string>
#include <system_error>
#include <utility>

#include "app/admin_client.h"
#include "catalog/loader.h"
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

Result<FaultRule> parse_order(std::string_view text, const catalog::Catalog& catalog) {
  FaultRule order;
  std::string_view rest = text;
  const auto cut = [&rest](char mark) {
    const std::size_t at = rest.rfind(mark);
    if (at == std::string_view::npos) return std::string_view();
    const std::string_view behind = rest.substr(at + 1);
    rest = rest.substr(0, at);
    return behind;
  };
  const auto number = [&](std::string_view from, double& to) {
    const auto [end, error] = std::from_chars(from.data(), from.data() + from.size(), to);
    return error == std::errc() && end == from.data() + from.size();
  };
  order.sn = cut('@');
  const std::string_view share = cut('=');
  const std::string_view value = cut(':');
  order.fault = rest;
  double read = 0;
  const bool good =
      (share.empty() || number(share, order.probability)) && (value.empty() || number(value, read));
  if (!good) {
    return fail(ErrorCode::kBadParams,
                fmt::format("--fault: \"{}\" is not NAME[:VALUE][=PROBABILITY][@SN]", text));
  }
  if (!value.empty()) order.value = read;
  if (Status possible = sim::check_order(order, catalog); !possible) {
    return fail(ErrorCode::kBadParams, "--fault: " + possible.error().detail);
  }
  return order;
}

// --- operations ---

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

// --- the command line ---

namespace {

struct Arguments {
  std::string data = "data";
  std::string fault, sn, account, span;
  double probability = 1;
  std::optional<double> value;
  bool all = false;
};

int ask(const Arguments& arguments, const JsonObject& request) {
  const auto answer = ask_admin(arguments.data, request);
  if (!answer) {
    fmt::print(stderr, "gridloom: {}\n", answer.error().detail);
    return 1;
  }
  const auto print = [](const Json& row) {
    std::string line;
    for (const auto& [name, value] : row.get_object()) {
      if (name == "warning") continue;  // goes to standard error
      const bool head = line.empty();
      const std::string text =
          value.is_string() ? std::string(value.get_string()) : wire::to_text(value);
      line += name == "fault" || name == "means" || name == "of"
                  ? fmt::format("{}{:18}", head ? "" : "  ", text)
                  : fmt::format("  {} {}", std::string_view(name), text);
    }
    line.erase(line.find_last_not_of(' ') + 1);
    fmt::print("{}\n", line);
  };
  if (answer->is_array()) {
    for (const Json& row : answer->get_array()) print(row);
  } else if (answer->get_object().contains("fault")) {
    print(*answer);
  }
  return report_warning(*answer);
}

int switch_on(const Arguments& a) {
  JsonObject request{{"op", "fault.on"}, {"fault", a.fault}, {"probability", a.probability}};
  if (!a.sn.empty()) request["sn"] = a.sn;
  if (!a.account.empty()) request["account"] = a.account;
  if (a.value) request["value"] = *a.value;
  if (!a.span.empty()) {
    const auto span = time::parse_span(a.span, {.name = "--for"});
    if (!span) {
      fmt::print(stderr, "gridloom: {}\n", span.error().detail);
      return 1;
    }
    request["for_ms"] = span->count();
  }
  return ask(a, request);
}

}  // namespace

std::shared_ptr<void> add_fault(CLI::App& app, std::function<int()>& chosen) {
  auto kept = std::make_shared<Arguments>();
  Arguments& a = *kept;
  CLI::App* fault =
      app.add_subcommand("fault", "Injects faults into virtual devices and the platform");
  fault->require_subcommand(1);
  const auto verb = [&](const std::string& name, const std::string& help,
                        std::function<int()> run) {
    CLI::App* made = fault->add_subcommand(name, help);
    made->add_option("--data", a.data, "Data folder of the server")->capture_default_str();
    made->callback([&chosen, run = std::move(run)] { chosen = run; });
    return made;
  };
  CLI::App* on = verb("on", "Switches a fault on", [&a] { return switch_on(a); });
  on->add_option("fault", a.fault, "Name of the fault; `gridloom fault list --all` lists the names")
      ->required();
  on->add_option("--device", a.sn,
                 "Serial number of the device; by default all devices that can have the fault");
  on->add_option("--account", a.account,
                 "Platform faults only: restrict the fault to apps of this account");
  on->add_option("--probability", a.probability,
                 "Probability of the fault: of each minute for devices, of each case for the "
                 "platform")
      ->capture_default_str();
  on->add_option("--value", a.value, "Parameter of the fault; its description explains it");
  on->add_option("--for", a.span, "Duration: 30s, 15m, 2h; by default until it is switched off");
  CLI::App* off = verb("off", "Switches a fault off; without a name, all of them", [&a] {
    return ask(a, {{"op", "fault.off"}, {"fault", a.fault}, {"sn", a.sn}});
  });
  off->add_option("fault", a.fault);
  off->add_option("--device", a.sn, "Only faults of this device");
  CLI::App* list = verb("list", "Lists the faults that are on", [&a] {
    return ask(a, {{"op", "fault.list"}, {"all", a.all ? "yes" : ""}});
  });
  list->add_flag("--all", a.all, "List every fault that can be injected");
  return kept;
}

}  // namespace gridloom::app
