// The operations device.values, device.set and device.energy: what a person at a terminal asks of
// one device, without a key of an account. They act as the device's owner; a set is recorded in the
// audit as the owner's, and beside it as one of the administrator.
//
// All of them wait, for a shard, a device or the disk: AdminSocket carries them out on threads of
// their own (waits()).
#pragma once

#include <string_view>

#include "app/control/admin.h"
#include "base/result.h"
#include "wire/json.h"

namespace gridloom::app {

inline constexpr std::string_view kValuesOp = "device.values";
inline constexpr std::string_view kSetOp = "device.set";
inline constexpr std::string_view kEnergyOp = "device.energy";

// Whether the operation is one of these.
[[nodiscard]] bool waits(std::string_view op);

// {sn} -> {"online", "quotas": as quota/all answers them, "ageMs": since the last report; null: it
// has not reported since the server started}. kConflict: no server runs.
[[nodiscard]] Result<wire::Json> read_device_values(const AdminContext& context,
                                                    const wire::JsonObject& request);
// {sn, message: as of a set over HTTP} -> {"sn", "answer": of the device}. kOffline: it is not
// connected, or gave no answer in time; kBadParams: its family does not allow the set.
[[nodiscard]] Result<wire::Json> set_device(const AdminContext& context,
                                            const wire::JsonObject& request);
// {sn, period, from, to} -> as GET /api/v1/devices/{sn}/energy answers.
[[nodiscard]] Result<wire::Json> read_device_energy(const AdminContext& context,
                                                    const wire::JsonObject& request);

}  // namespace gridloom::app
