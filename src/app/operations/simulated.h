// The operation that registers devices that exist only in simulation, under an account of their
// own.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "app/operations/operation.h"

namespace gridloom::operations {

inline constexpr std::string_view kSimulatedAccount = "simulated";
// Devices of one request: a larger one would delay other clients.
inline constexpr std::int64_t kMaxSimulatedAtOnce = 5000;

// The operation device.simulated {family, first, count} or {sns}: creates the account and these
// devices where they are missing, and answers with the devices' keys and the account's gateway key.
// kConflict: one of the serial numbers belongs to another account. And device.last-states
// (app/operations/last_states.h).
[[nodiscard]] std::span<const Operation> simulated_operations();

}  // namespace gridloom::operations
