// Modes of batteries as texts: of what is kept of them, and of the calls (hub/platform/requests.h)
// between the server that an account asks and the one that has the leases.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "catalog/battery_modes.h"
#include "home/battery_modes.h"
#include "hub/platform/requests.h"
#include "wire/json.h"

namespace gridloom::home {

// The file has it, and so does its text in other places.
inline constexpr std::int64_t kModesVersion = 1;
// The object with the member "leases". kMalformed: there is none in `text`, of that name; or the
// error of `text`.
[[nodiscard]] Result<wire::JsonObject> leases_in(const Result<std::string>& text,
                                                 std::string_view name);

// Without the account, which the call has.
[[nodiscard]] std::string text_of(const BatteryModes::Asked& asked);
// Nothing: there is no mode.
[[nodiscard]] std::optional<catalog::BatteryMode> mode_in(const wire::Json& json);

[[nodiscard]] std::string text_of(const BatteryModes::Leases& leases);
// The leases in the answer to a call; kMalformed.
[[nodiscard]] Result<BatteryModes::Leases> leases_of(const Result<hub::DeviceAnswer>& answer);

}  // namespace gridloom::home
