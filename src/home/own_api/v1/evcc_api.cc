#include "own_api/v1/evcc_api.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "api/message/params.h"
#include "own_api/home/evcc_json.h"

namespace gridloom::api {
namespace {

using catalog::BatteryMode;

Result<BatteryMode> mode_in(const wire::JsonObject& body) {
  const wire::Json* mode = body.if_contains("mode");
  const bool is_number = mode != nullptr && mode->is_int64();
  if (is_number && mode->get_int64() >= 1 && mode->get_int64() <= 4) {
    return static_cast<BatteryMode>(mode->get_int64());
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("mode is {}: must be 1 (normal), 2 (hold), 3 (charge) or 4 (holdcharge)",
                          mode == nullptr ? "missing" : shown(wire::plain_text(*mode))));
}

Result<std::string> device_in(const wire::JsonObject& body) {
  const wire::Json* device = body.if_contains("device");
  if (device == nullptr) return std::string();
  if (device->is_string() && !device->get_string().empty()) {
    return std::string(device->get_string());
  }
  return fail(ErrorCode::kBadParams, "device must be a serial number");
}

}  // namespace

void EvccApi::get(Call call) const {
  const AccountId account = call.account;
  services_.home.homes().get(
      account,
      {.loop = &loop_,
       .done = [this, call = std::move(call)](const Result<home::HomeFeed::Home>& home) mutable {
         if (!home) return call.done(call.form.failure(home.error()));
         with_modes(std::move(call), *home);
       }});
}

void EvccApi::with_modes(Call call, const home::HomeFeed::Home& home) const {
  const AccountId account = call.account;
  Callback<Result<home::BatteryModes::Leases>> done =
      [this, call = std::move(call),
       home](const Result<home::BatteryModes::Leases>& modes) mutable {
        // They are at another node that may be away: the home is known all the same.
        with_totals(std::move(call), home, modes ? std::optional(*modes) : std::nullopt);
      };
  services_.home.modes().list(account, {.loop = &loop_, .done = std::move(done)});
}

void EvccApi::with_totals(Call call, const home::HomeFeed::Home& home,
                          std::optional<home::BatteryModes::Leases> modes) const {
  const AccountId account = call.account;
  Callback<Result<home::EnergyCounters::Totals>> answer =
      [form = call.form, done = std::move(call.done), state = home.state, picture = home.picture,
       modes = std::move(modes)](const Result<home::EnergyCounters::Totals>& totals) mutable {
        const body::Evcc evcc = evcc_of(*state, *picture, totals ? totals->get() : nullptr, modes);
        done(form.success(schema::to_text(evcc)));
      };
  services_.home.counters().get(account, {.loop = &loop_, .done = std::move(answer)});
}

void EvccApi::set_mode(Call call, const wire::JsonObject& body, hub::RequestOrigin origin) const {
  const auto mode = mode_in(body);
  if (!mode) return call.done(call.form.failure(mode.error()));
  auto device = device_in(body);
  if (!device) return call.done(call.form.failure(device.error()));
  services_.home.modes().set(
      {.account = call.account,
       .sn = std::move(*device),
       .mode = *mode,
       .origin = std::move(origin)},
      {.loop = &loop_,
       .done = [form = call.form, done = std::move(call.done)](
                   const Result<home::BatteryModes::Leases>& leases) mutable {
         if (!leases) return done(form.failure(leases.error()));
         done(form.success(schema::to_text(body::BatteryModes{.modes = modes_of(*leases)})));
       }});
}

}  // namespace gridloom::api
