// The operations device.values, device.set and device.energy: what a person at a terminal asks of
// one device, without a key of an account. They act as the device's owner; a set is recorded in the
// audit as the owner's, and beside it as one of the administrator.
//
// All of them wait, for a shard, a device or the disk: AdminSocket carries them out on threads of
// their own (Timing::kWaits).
#pragma once

#include <span>
#include <string_view>

#include "app/operations/operation.h"

namespace gridloom::operations {

inline constexpr std::string_view kValuesOp = "device.values";
inline constexpr std::string_view kSetOp = "device.set";
inline constexpr std::string_view kEnergyOp = "device.energy";

// device.values: {sn} -> {"online", "quotas": as quota/all answers them, "ageMs": since the last
// report; null: it has not reported}. kConflict: no server runs.
// device.set: {sn, message: as of a set over HTTP} -> {"sn", "answer": of the device}. kOffline: it
// is not connected; kNoAnswer: it gave no answer in time; kBadParams: its family does not allow the
// set.
// device.energy: {sn, period, from, to} -> as GET /api/v1/devices/{sn}/energy answers.
[[nodiscard]] std::span<const Operation> device_value_operations();

}  // namespace gridloom::operations
