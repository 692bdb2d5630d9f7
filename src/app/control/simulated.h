// The operation that registers devices that exist only in simulation, under an account of their
// own.
#pragma once

#include <cstdint>
#include <string_view>

#include "app/control/admin.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

inline constexpr std::string_view kSimulatedAccount = "simulated";
// Devices of one request: a larger one would delay other clients.
inline constexpr std::int64_t kMaxSimulatedAtOnce = 5000;

// The operation device.simulated {family, first, count} or {sns}: creates the account and these
// devices where they are missing, and answers with the devices' keys and the account's gateway key.
// kConflict: one of the serial numbers belongs to another account.
[[nodiscard]] Result<wire::Json> add_simulated(const AdminContext& context,
                                               const wire::JsonObject& request);

}  // namespace gridloom::app
