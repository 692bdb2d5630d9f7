#include "bridges/kinds.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "base/printable.h"
#include "bridges/home_assistant/home_assistant.h"
#include "bridges/influx/bridge.h"
#include "bridges/meter/meter.h"
#include "bridges/mirror/bridge.h"
#include "bridges/modbus/modbus_bridge.h"
#include "bridges/mqtt_out/bridge.h"
#include "bridges/nut/bridge.h"
#include "bridges/webhook/bridge.h"

namespace gridloom::bridges {

using parameters::Arguments;
using parameters::Parameter;
using wire::JsonArray;
using wire::JsonObject;

std::span<const BridgeKind> kinds() {
  static const std::vector<BridgeKind> rows = {mqtt_kind(),   influx_kind(), modbus_kind(),
                                               mirror_kind(), meter_kind(),  home_assistant_kind(),
                                               nut_kind(),    webhook_kind()};
  return rows;
}

Result<const BridgeKind*> find_kind(std::string_view name) {
  const auto found = std::ranges::find(kinds(), name, &BridgeKind::name);
  if (found != kinds().end()) return &*found;
  std::vector<std::string_view> known;
  for (const BridgeKind& each : kinds()) known.push_back(each.name);
  return fail(ErrorCode::kBadParams,
              fmt::format("kind is \"{}\": must be {}{}", redacted_extract(name), joined_or(known),
                          did_you_mean(name, known)));
}

Status check_settings(const BridgeKind& kind, const JsonObject& settings) {
  GL_TRY(const auto arguments,
         Arguments::check({.name = kind.name, .declared = kind.settings}, settings));
  return kind.check(arguments);
}

JsonObject shown_settings(const BridgeKind& kind, const JsonObject& settings) {
  JsonObject shown;
  for (const auto& [name, value] : settings) {
    const auto declared =
        std::ranges::find(kind.settings, std::string_view(name), &Parameter::name);
    const bool is_secret =
        declared == kind.settings.end() || declared->type == parameters::Type::kSecret;
    if (!is_secret) shown[name] = value;
  }
  return shown;
}

JsonObject description(const BridgeKind& kind) {
  JsonArray settings;
  for (const Parameter& each : kind.settings) settings.push_back(parameters::description(each));
  return {{"name", kind.name},
          {"text", kind.text},
          {"settings", std::move(settings)},
          {"previews", kind.preview != nullptr}};
}

}  // namespace gridloom::bridges
