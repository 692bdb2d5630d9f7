#include "bridges/meter/meter.h"

#include <memory>
#include <utility>

#include "bridges/meter/eco_tracker.h"
#include "bridges/meter/meter_bridge.h"
#include "bridges/meter/meter_settings.h"
#include "bridges/meter/shelly.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

using parameters::Arguments;
using wire::Json;
using wire::JsonObject;

Status check(const Arguments& given) {
  const auto settings = meter::parse_settings(given);
  return settings ? Status() : std::unexpected(settings.error());
}

std::unique_ptr<Bridge> make(const Parts& parts, Identity identity, const Arguments& given) {
  auto settings = meter::parse_settings(given);
  if (!settings) return nullptr;  // they have passed the check
  return std::make_unique<meter::MeterBridge>(parts, std::move(identity), *std::move(settings));
}

// The answers at a moment in which the house imports 230 W.
Result<Json> preview(const Parts& /*parts*/, registry::AccountId /*account*/,
                     const Arguments& given) {
  GL_TRY(const auto settings, meter::parse_settings(given));
  const meter::Reading reading{.power_w = 230, .average_w = 215, .in_wh = 1500, .out_wh = 250};
  JsonObject answers;
  if (settings.model == meter::Model::kEcoTracker) {
    answers["GET /v1/json"] = meter::eco_tracker_document(reading);
  } else {
    const meter::Shelly shelly(settings.serial.empty() ? "000000000000" : settings.serial);
    answers["GET /shelly"] = shelly.device_info();
    for (const auto* const method : {"EM.GetStatus", "EMData.GetStatus"}) {
      const auto result = shelly.call(method, 0, reading);
      if (result) answers["GET /rpc/" + std::string(method) + "?id=0"] = *result;
    }
  }
  return JsonObject{{"listen", settings.listen.text()}, {"answers", std::move(answers)}};
}

}  // namespace

const Kind& meter_kind() {
  static const Kind kind{
      .name = "meter",
      .example = "--as ecotracker --source home --listen 192.168.1.5:80",
      .text = "Stands in for a meter (EcoTracker, Shelly Pro 3EM) that batteries regulate by",
      .settings = meter::setting_rows(),
      .check = check,
      .make = make,
      .preview = preview};
  return kind;
}

}  // namespace gridloom::bridges
