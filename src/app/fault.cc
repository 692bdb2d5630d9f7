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
#include "app/when.h"
#include "catalog/loader.h"
#include "hub/misdeeds.h"
#include "sim/troubles.h"

namespace gridloom::app {
namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Status check(const FaultOrder& order, const catalog::Catalog& catalog) {
  if (hub::find_misdeed(order.fault) == nullptr) {
    if (!order.account.empty()) {
      return fail(FaultKind::kBadParams,
                  fmt::format("{} is a fault of devices: it has no account", order.fault));
    }
    if (Status device = sim::check_order(order, catalog); !device) {
      const bool known = sim::check_order({.fault = order.fault}, catalog).has_value();
      if (known || !order.sn.empty()) return device;
      const auto names = hub::misdeeds() | std::views::transform(&hub::MisdeedInfo::name);
      return fail(
          FaultKind::kBadParams,
          fmt::format("{}; and of the platform {}", device.error().detail, fmt::join(names, ", ")));
    }
  }
  if (order.share > 0 && order.share <= 1) return {};
  return fail(FaultKind::kBadParams,
              fmt::format("probability is {}: must be above 0, and 1 at most", order.share));
}

bool same(const FaultOrder& one, const FaultOrder& other) {
  return one.fault == other.fault && one.sn == other.sn && one.account == other.account;
}

}  // namespace

Faults::Faults(const catalog::Catalog& catalog, const Clock& clock, Changed changed)
    : catalog_(catalog), clock_(clock), changed_(std::move(changed)) {}

Status Faults::order(FaultOrder order) {
  if (Status good = check(order, catalog_); !good) return good;
  const std::scoped_lock lock(mutex_);
  forget_old();
  std::erase_if(orders_, [&](const FaultOrder& before) { return same(before, order); });
  orders_.push_back(std::move(order));
  changed_(orders_);
  return {};
}

std::size_t Faults::end(std::string_view fault, std::string_view sn) {
  const std::scoped_lock lock(mutex_);
  forget_old();
  const std::size_t ended = std::erase_if(orders_, [&](const FaultOrder& order) {
    return (fault.empty() || order.fault == fault) && (sn.empty() || order.sn == sn);
  });
  changed_(orders_);
  return ended;
}

std::vector<FaultOrder> Faults::orders() {
  const std::scoped_lock lock(mutex_);
  forget_old();
  return orders_;
}

void Faults::forget_old() {
  const TimePoint now = clock_.now();
  std::erase_if(orders_,
                [&](const FaultOrder& order) { return order.until && *order.until <= now; });
}

Result<FaultOrder> parse_order(std::string_view text, const catalog::Catalog& catalog) {
  FaultOrder order;
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
      (share.empty() || number(share, order.share)) && (value.empty() || number(value, read));
  if (!good) {
    return fail(FaultKind::kBadParams,
                fmt::format("--fault: \"{}\" is not NAME[:VALUE][=PROBABILITY][@SN]", text));
  }
  if (!value.empty()) order.value = read;
  if (Status possible = sim::check_order(order, catalog); !possible) {
    return fail(FaultKind::kBadParams, "--fault: " + possible.error().detail);
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

JsonObject row_of(const FaultOrder& order) {
  JsonObject row{{"fault", order.fault}};
  if (!order.sn.empty()) row["sn"] = order.sn;
  if (!order.account.empty()) row["account"] = order.account;
  if (order.share < 1) row["probability"] = order.share;
  if (order.value) row["value"] = *order.value;
  if (order.until) row["until"] = local_text(*order.until);
  return row;
}

Result<Faults*> faults_of(const Estate& estate) {
  if (estate.faults != nullptr) return estate.faults;
  return fail(FaultKind::kConflict, "faults are those of a running server, and none runs here");
}

}  // namespace

Result<Json> order_fault(const Estate& estate, const JsonObject& request) {
  const auto faults = faults_of(estate);
  if (!faults) return std::unexpected(faults.error());
  FaultOrder order{.fault = text_in(request, "fault"),
                   .sn = text_in(request, "sn"),
                   .account = text_in(request, "account"),
                   .share = number_in(request, "probability").value_or(1),
                   .value = number_in(request, "value"),
                   .until = {}};
  const auto directory = estate.registry.directory();
  if (!order.sn.empty() && directory->find_device(order.sn) == nullptr) {
    return fail(FaultKind::kNotFound,
                fmt::format("there is no device {}", wire::shortened(order.sn)));
  }
  if (!order.account.empty() && directory->find_account_by_name(order.account) == nullptr) {
    return fail(FaultKind::kNotFound,
                fmt::format("there is no account {}", wire::shortened(order.account)));
  }
  if (const auto ms = number_in(request, "for_ms")) {
    if (*ms < 1 || *ms > static_cast<double>(kLongestSpan.count())) {
      return fail(FaultKind::kBadParams, "for_ms must be from 1 to those of a million days");
    }
    order.until = estate.clock.now() + Millis(static_cast<std::int64_t>(*ms));
  }
  JsonObject row = row_of(order);
  if (Status ordered = (*faults)->order(std::move(order)); !ordered) {
    return std::unexpected(std::move(ordered.error()));
  }
  return Json(std::move(row));
}

Result<Json> end_faults(const Estate& estate, const JsonObject& request) {
  const auto faults = faults_of(estate);
  if (!faults) return std::unexpected(faults.error());
  const std::string fault = text_in(request, "fault");
  const std::size_t ended = (*faults)->end(fault, text_in(request, "sn"));
  if (ended == 0 && !fault.empty()) {
    return fail(FaultKind::kNotFound, fmt::format("{} is not on", wire::shortened(fault)));
  }
  return JsonObject{{"ended", ended}};
}

Result<Json> list_faults(const Estate& estate, const JsonObject& request) {
  const auto faults = faults_of(estate);
  if (!faults) return std::unexpected(faults.error());
  JsonArray rows;
  if (!text_in(request, "all").empty()) {
    const auto add = [&rows](std::string_view of, std::string_view name, std::string_view means) {
      rows.push_back(JsonObject{{"of", of}, {"fault", name}, {"means", means}});
    };
    for (const hub::MisdeedInfo& info : hub::misdeeds()) add("platform", info.name, info.means);
    for (const catalog::Trouble& common : sim::common_troubles()) {
      add("any virtual device", common.name, common.means);
    }
    for (const catalog::FamilyPtr& family : estate.catalog.families()) {
      for (const catalog::Trouble& own : family->troubles) add(family->id, own.name, own.means);
    }
    return Json(std::move(rows));
  }
  for (const FaultOrder& order : (*faults)->orders()) rows.emplace_back(row_of(order));
  return Json(std::move(rows));
}

// --- the command line ---

namespace {

struct Arguments {
  std::string data = "data";
  std::string fault, sn, account, span;
  double share = 1;
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
  JsonObject request{{"op", "fault.on"}, {"fault", a.fault}, {"probability", a.share}};
  if (!a.sn.empty()) request["sn"] = a.sn;
  if (!a.account.empty()) request["account"] = a.account;
  if (a.value) request["value"] = *a.value;
  if (!a.span.empty()) {
    const auto span = parse_span(a.span);
    if (!span) {
      fmt::print(stderr, "gridloom: --for: {}\n", span.error().detail);
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
  CLI::App* fault = app.add_subcommand("fault", "Lets things go wrong, on demand");
  fault->require_subcommand(1);
  const auto verb = [&](const std::string& name, const std::string& help,
                        std::function<int()> run) {
    CLI::App* made = fault->add_subcommand(name, help);
    made->add_option("--data", a.data, "The server's data folder")->capture_default_str();
    made->callback([&chosen, run = std::move(run)] { chosen = run; });
    return made;
  };
  CLI::App* on = verb("on", "From now on this goes wrong", [&a] { return switch_on(a); });
  on->add_option("fault", a.fault, "`gridloom fault list --all` names them")->required();
  on->add_option("--device", a.sn, "Serial number; else every one that can have it");
  on->add_option("--account", a.account, "Of the platform's faults: for its apps only");
  on->add_option("--probability", a.share,
                 "Devices: the share of all minutes; the platform: of all cases")
      ->capture_default_str();
  on->add_option("--value", a.value, "What the fault's description calls value");
  on->add_option("--for", a.span, "How long: 30s, 15m, 2h; else until it is switched off");
  CLI::App* off = verb("off", "It goes right again; all of it, without a name", [&a] {
    return ask(a, {{"op", "fault.off"}, {"fault", a.fault}, {"sn", a.sn}});
  });
  off->add_option("fault", a.fault);
  off->add_option("--device", a.sn, "Only what was ordered for this one");
  CLI::App* list = verb("list", "What goes wrong now", [&a] {
    return ask(a, {{"op", "fault.list"}, {"all", a.all ? "yes" : ""}});
  });
  list->add_flag("--all", a.all, "What can go wrong");
  return kept;
}

}  // namespace gridloom::app
