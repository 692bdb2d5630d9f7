// The operations bridge.kinds, bridge.list, bridge.add, bridge.change, bridge.remove and
// bridge.preview: ways in and out of the server (bridges/bridges.h). Settings that are secret are
// in no answer.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/operations/context.h"
#include "app/operations/kinds.h"
#include "app/operations/run.h"
#include "base/nearest.h"
#include "bridges/bridges.h"
#include "bridges/kinds.h"
#include "hub/hub.h"
#include "registry/registry.h"
#include "wire/json.h"

namespace gridloom::operations {
namespace {

using bridges::BridgeKind;
using bridges::BridgeRow;
using registry::Account;
using registry::Directory;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

Result<JsonObject> settings_of(const registry::Bridge& bridge) {
  GL_TRY(auto parsed, wire::parse_json(bridge.settings.reveal()));
  if (!parsed.is_object()) {
    return fail(ErrorCode::kDamaged, fmt::format("the settings of {} are no object", bridge.name));
  }
  return std::move(parsed.get_object());
}

Result<const registry::Bridge*> bridge_named(const registry::Directory& directory,
                                             std::string_view name) {
  const registry::Bridge* found = directory.find_bridge(name);
  if (found != nullptr) return found;
  return fail(ErrorCode::kNotFound,
              fmt::format("there is no bridge \"{}\" that was added; `gridloom bridge list` shows "
                          "all, those of the configuration too",
                          name));
}

JsonObject facts_of(const registry::Bridge& bridge, const BridgeKind& kind,
                    const JsonObject& settings, std::string_view account) {
  return {{"name", bridge.name},
          {"kind", kind.name},
          {"account", account},
          {"on", bridge.is_on},
          {"settings", bridges::shown_settings(kind, settings)}};
}

// A warning of devices that the bridge is to use and the account has not: a name is mistyped, or
// the device is added later.
void warn_of_unknown(JsonObject& answer, const BridgeKind& kind, const JsonObject& settings,
                     const Directory& directory, const Account& account) {
  const Json* wanted = kind.selects_devices ? settings.if_contains("devices") : nullptr;
  if (wanted == nullptr || !wanted->is_array()) return;
  std::vector<std::string_view> known;
  for (const auto& list : {directory.devices_of(account.id), directory.shared_with(account.id)}) {
    for (const registry::Device* each : list) {
      known.emplace_back(each->sn);
      known.emplace_back(each->name);
    }
  }
  for (const Json& each : wanted->get_array()) {
    const std::string_view name = each.get_string();
    if (std::ranges::find(known, name) != known.end()) continue;
    answer[kWarningMember] =
        fmt::format("{} has no device \"{}\" yet{}", account.name, name, did_you_mean(name, known));
    return;
  }
}

bool is_this_machine(std::string_view host) {
  return host == "localhost" || host.starts_with("127.") || host.starts_with("[::1]");
}

// A warning of a peer on another machine to which nothing is encrypted.
void warn_of_clear(JsonObject& answer, const JsonObject& settings) {
  constexpr std::array<std::string_view, 2> kPlain = {"mqtt://", "http://"};
  if (answer.contains(kWarningMember)) return;
  for (const auto& [name, value] : settings) {
    const auto* text = value.if_string();
    for (const std::string_view scheme : kPlain) {
      const std::size_t at = text == nullptr ? std::string_view::npos : text->find(scheme);
      if (at == std::string_view::npos) continue;
      const std::string_view host = std::string_view(*text).substr(at + scheme.size());
      if (is_this_machine(host.substr(0, host.find_first_of(host.starts_with('[') ? "/" : ":/")))) {
        continue;
      }
      answer[kWarningMember] = fmt::format(
          "{} is not encrypted: whoever is on the way reads what is sent there, passwords too; {} "
          "is",
          std::string_view(name), scheme == kPlain[0] ? "mqtts://" : "https://");
    }
  }
}

Result<Json> list_kinds(const Context& /*context*/, const Arguments& /*arguments*/) {
  JsonArray rows;
  for (const BridgeKind& kind : bridges::kinds()) rows.push_back(bridges::description(kind));
  return Json(std::move(rows));
}

// The rows of a stopped server, whose bridges do not run.
std::vector<BridgeRow> stopped_rows(const registry::Directory& directory) {
  std::vector<BridgeRow> rows;
  for (const registry::Bridge* each : directory.bridges()) {
    BridgeRow row{
        .name = each->name, .kind = each->kind, .account = each->account, .is_on = each->is_on};
    const auto kind = bridges::find_kind(each->kind);
    const auto settings = settings_of(*each);
    if (kind && settings) row.settings = bridges::shown_settings(**kind, *settings);
    rows.push_back(std::move(row));
  }
  std::ranges::sort(rows, {}, &BridgeRow::name);
  return rows;
}

Result<Json> list_bridges(const Context& context, const Arguments& arguments) {
  const auto directory = context.registry.directory();
  const std::string wanted = arguments.text("account");
  JsonArray rows;
  for (const BridgeRow& row :
       context.bridges != nullptr ? context.bridges->rows() : stopped_rows(*directory)) {
    const Account* account = directory->find_account(row.account);
    const std::string_view name = account == nullptr ? std::string_view() : account->name;
    if (!wanted.empty() && name != wanted) continue;
    JsonObject object = bridges::row_json(row, context.zone);
    object["account"] = name;
    rows.push_back(std::move(object));
  }
  return Json(std::move(rows));
}

Result<Json> add_bridge(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto kind, bridges::find_kind(arguments.text("kind")));
  const auto directory = context.registry.directory();
  GL_TRY(const auto account, account_named(*directory, arguments.text("account")));
  const JsonObject* given = arguments.object("settings");
  const JsonObject settings = given == nullptr ? JsonObject() : *given;
  GL_TRY(bridges::check_settings(*kind, settings));
  std::string name = arguments.text("name");
  if (name.empty()) name = kind->name;
  if (context.bridges != nullptr && context.bridges->is_configured(name)) {
    return fail(ErrorCode::kConflict,
                fmt::format("the configuration has a bridge \"{}\" already", name));
  }
  GL_TRY(const auto added, context.registry.add_bridge({.name = name,
                                                        .kind = kind->name,
                                                        .account = account->name,
                                                        .settings = Secret(wire::to_text(settings)),
                                                        .now = SystemClock().now()}));
  JsonObject answer = facts_of(added, *kind, settings, account->name);
  warn_of_unknown(answer, *kind, settings, *directory, *account);
  warn_of_clear(answer, settings);
  return answer;
}

// Settings that are given replace those of before; an empty one removes it.
Result<Json> change_bridge(const Context& context, const Arguments& arguments) {
  const std::string name = arguments.text("name");
  if (context.bridges != nullptr && arguments.flag("on")) {
    context.bridges->forgive(name);
    if (context.bridges->is_configured(name)) return JsonObject{{"name", name}, {"on", true}};
  }
  const auto directory = context.registry.directory();
  GL_TRY(const auto bridge, bridge_named(*directory, name));
  GL_TRY(const auto kind, bridges::find_kind(bridge->kind));
  GL_TRY(auto settings, settings_of(*bridge));
  registry::BridgeChange change{.name = name};
  if (const JsonObject* given = arguments.object("settings")) {
    for (const auto& [setting, value] : *given) {
      if (value == "" || value.is_null()) {
        settings.erase(setting);
      } else {
        settings[setting] = value;
      }
    }
    GL_TRY(bridges::check_settings(*kind, settings));
    change.settings = Secret(wire::to_text(settings));
  }
  if (arguments.given().contains("on")) change.is_on = arguments.flag("on");
  if (!change.settings && !change.is_on) {
    return fail(ErrorCode::kBadParams, "nothing is to be changed: must have settings, or on");
  }
  GL_TRY(context.registry.change_bridge(change));
  registry::Bridge now = *bridge;
  now.is_on = change.is_on.value_or(now.is_on);
  const Account* account = directory->find_account(now.account);
  JsonObject answer = facts_of(now, *kind, settings, account == nullptr ? "" : account->name);
  if (account != nullptr && change.settings) {
    warn_of_unknown(answer, *kind, settings, *directory, *account);
    warn_of_clear(answer, settings);
  }
  return answer;
}

Result<Json> remove_bridge(const Context& context, const Arguments& arguments) {
  const std::string name = arguments.text("name");
  const auto directory = context.registry.directory();
  GL_TRY(const auto bridge, bridge_named(*directory, name));
  GL_TRY(context.registry.remove_bridge(name));
  return JsonObject{{"removed", name}, {"kind", bridge->kind}};
}

Result<Json> preview_bridge(const Context& context, const Arguments& arguments) {
  GL_TRY(const auto kind, bridges::find_kind(arguments.text("kind")));
  const auto directory = context.registry.directory();
  GL_TRY(const auto account, account_named(*directory, arguments.text("account")));
  if (context.bridges == nullptr) {
    return fail(ErrorCode::kConflict, "no server runs on this data folder: start it first");
  }
  const JsonObject* given = arguments.object("settings");
  const JsonObject settings = given == nullptr ? JsonObject() : *given;
  return context.bridges->preview(*kind, account->id, settings);
}

constexpr Parameter kKind{.name = "kind", .text = "Kind of the bridge", .required = true};
constexpr Parameter kAccount{
    .name = "account",
    .text = "Account whose devices it uses; the only one if it is left out",
    .type = Type::kAccount};
constexpr Parameter kSettings{
    .name = "settings", .text = "Its settings, by name", .type = Type::kObject};
constexpr Parameter kName{.name = "name", .text = "Name of the bridge", .required = true};

constexpr std::array kListParameters = {
    Parameter{.name = "account", .text = "Only those of this account", .type = Type::kAccount},
};
constexpr std::array kAddParameters = {
    kKind,
    Parameter{.name = "name", .text = "Name of the bridge; its kind if it is left out"},
    kAccount,
    kSettings,
};
constexpr std::array kChangeParameters = {
    kName,
    kSettings,
    Parameter{.name = "on", .text = "Whether it runs", .type = Type::kFlag},
};
constexpr std::array kRemoveParameters = {kName};
constexpr std::array kPreviewParameters = {kKind, kAccount, kSettings};

constexpr std::array kBridgeOperations = {
    Operation{.name = "bridge.kinds",
              .text = "Lists the kinds of bridges and their settings",
              .audit = kChangesNothing,
              .function = list_kinds},
    Operation{.name = "bridge.list",
              .text = "Lists the bridges and how they are",
              .parameters = kListParameters,
              .audit = kChangesNothing,
              .function = list_bridges},
    Operation{.name = "bridge.add",
              .text = "Adds a bridge, which begins at once",
              .parameters = kAddParameters,
              .audit = {Recorded::kBeforeAnswer, "bridge.add", {"name", "kind", "account"}},
              .function = add_bridge},
    Operation{.name = "bridge.change",
              .text = "Changes settings of a bridge, or switches it on or off",
              .parameters = kChangeParameters,
              .audit = {Recorded::kBeforeAnswer, "bridge.change", {"name", "kind", "on"}},
              .function = change_bridge},
    Operation{.name = "bridge.remove",
              .text = "Removes a bridge; it ends at once",
              .parameters = kRemoveParameters,
              .audit = {Recorded::kBeforeAnswer, "bridge.remove", {"removed", "kind"}},
              .function = remove_bridge},
    Operation{.name = "bridge.preview",
              .text = "Shows what a bridge would send, without adding it",
              .parameters = kPreviewParameters,
              .audit = kChangesNothing,
              .function = preview_bridge,
              .timing = Timing::kWaits},
};
static_assert(are_complete(kBridgeOperations));

}  // namespace

std::span<const Operation> bridge_operations() { return kBridgeOperations; }

}  // namespace gridloom::operations
