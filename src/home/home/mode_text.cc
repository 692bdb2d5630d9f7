#include "home/mode_text.h"

#include <fmt/format.h>

#include <string_view>
#include <utility>

namespace gridloom::home {

using catalog::BatteryMode;
using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

std::string_view name_of(ModeState state) {
  switch (state) {
    case ModeState::kSent:
      return "sent";
    case ModeState::kApplied:
      return "applied";
    case ModeState::kNotApplied:
      return "not_applied";
    case ModeState::kRestoring:
      break;
  }
  return "restoring";
}

Result<JsonObject> leases_in(const Result<std::string>& text, std::string_view name) {
  if (!text) return std::unexpected(text.error());
  auto json = wire::parse_json(*text, {.bytes = text->size(), .keys = text->size()});
  const Json* version = json ? wire::member(*json, "version") : nullptr;
  const Json* leases = json ? wire::member(*json, "leases") : nullptr;
  if (version == nullptr || *version != kModesVersion || leases == nullptr || !leases->is_array()) {
    return fail(ErrorCode::kMalformed, fmt::format("{} has no leases", name));
  }
  return std::move(json->get_object());
}

std::string text_of(const BatteryModes::Asked& asked) {
  return wire::to_text(JsonObject{{"sn", asked.sn},
                                  {"mode", std::to_underlying(asked.mode)},
                                  {"by", asked.origin.by},
                                  {"from", asked.origin.from}});
}

std::string text_of(const BatteryModes::Leases& leases) {
  JsonArray all;
  for (const BatteryLease& each : leases) {
    all.emplace_back(JsonObject{{"sn", each.sn},
                                {"mode", std::to_underlying(each.mode)},
                                {"state", std::to_underlying(each.state)},
                                {"until", each.until_ms}});
  }
  return wire::to_text(all);
}

std::optional<BatteryMode> mode_in(const Json& json) {
  const auto mode = wire::whole_in(json, "mode");
  const bool is_known = mode && *mode >= std::to_underlying(BatteryMode::kNormal) &&
                        *mode <= std::to_underlying(BatteryMode::kHoldCharge);
  return is_known ? std::optional(static_cast<BatteryMode>(*mode)) : std::nullopt;
}

Result<BatteryModes::Leases> leases_of(const Result<hub::DeviceAnswer>& answer) {
  if (!answer) return std::unexpected(answer.error());
  const std::string_view text = answer->text;
  const auto json = wire::parse_json(text, {.bytes = text.size(), .keys = text.size()});
  const auto malformed = fail(ErrorCode::kMalformed, "not the text of modes");
  if (!json || !json->is_array()) return malformed;
  BatteryModes::Leases leases;
  for (const Json& each : json->get_array()) {
    const auto mode = mode_in(each);
    const auto state = wire::whole_in(each, "state");
    const auto until = wire::whole_in(each, "until");
    const bool is_whole = mode && state && *state >= 0 &&
                          *state <= std::to_underlying(ModeState::kRestoring) && until;
    if (!is_whole) return malformed;
    leases.push_back({.sn = std::string(wire::text_in(each, "sn")),
                      .mode = *mode,
                      .state = static_cast<ModeState>(*state),
                      .until_ms = *until});
  }
  return leases;
}

}  // namespace gridloom::home
