// The operations by their kinds, each of which is a file of rows: what is in the table of all
// (app/operations/table.h), and what other rooms know of a kind.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "app/operations/operation.h"
#include "base/result.h"
#include "registry/directory.h"
#include "registry/rules.h"
#include "wire/json.h"

namespace gridloom::operations {

struct Context;

[[nodiscard]] std::span<const Operation> account_operations();
// The account with the name; with no name, the only one. kNotFound: there is none; kBadParams:
// there are several to choose from.
[[nodiscard]] Result<const registry::Account*> account_named(const registry::Directory& directory,
                                                             std::string_view name);

[[nodiscard]] std::span<const Operation> token_operations();

// A one-time link with which a browser signs in on the dashboard of the running server
// (sign_in/sign_in.h).
//
// The address to open. The token stands behind the '#', which browsers send to nobody: no log or
// proxy has it.
[[nodiscard]] std::string sign_in_link(std::string_view page, std::string_view token);

// sign-in {"account"}; empty: the only account that there is. Answers {"account","link",
// "expiresAt"}.
[[nodiscard]] std::span<const Operation> sign_in_operations();

[[nodiscard]] std::span<const Operation> bridge_operations();

[[nodiscard]] std::span<const Operation> device_operations();

// The account of devices that exist only in simulation.
inline constexpr std::string_view kSimulatedAccount = "simulated";
// Devices of one request: a larger one would delay other clients.
inline constexpr std::int64_t kMaxSimulatedAtOnce = 5000;

// The operation device.simulated {family, first, count} or {sns}: creates the account and these
// devices where they are missing, and answers with the devices' keys and the account's gateway key.
// kConflict: one of the serial numbers belongs to another account. And device.last-states
// (with_lab/last_states.h).
[[nodiscard]] std::span<const Operation> simulated_operations();

inline constexpr std::string_view kValuesOp = "device.values";
inline constexpr std::string_view kSetOp = "device.set";
inline constexpr std::string_view kEnergyOp = "device.energy";

// device.values: {sn} -> {"online", "quotas": as quota/all answers them, "ageMs": since the last
// report; null: it has not reported}. kConflict: no server runs.
// device.set: {sn, message: as of a set over HTTP} -> {"sn", "answer": of the device}. kOffline: it
// is not connected; kNoAnswer: it gave no answer in time; kBadParams: its family does not allow the
// set.
[[nodiscard]] std::span<const Operation> device_value_operations();
// device.energy: {sn, period, from, to} -> as GET /api/v1/devices/{sn}/energy answers.
[[nodiscard]] std::span<const Operation> energy_operations();

// The device that such an operation is about, by this parameter. kNotFound: there is none.
struct DeviceTarget {
  std::string sn;
  std::int64_t number = 0;
  registry::AccountId owner{};
};
[[nodiscard]] Result<DeviceTarget> target_of(const Context& context, const Arguments& arguments);
inline constexpr Parameter kDeviceParameter{.name = "sn",
                                            .text = "Serial number of the device",
                                            .type = Type::kSerialNumber,
                                            .required = true,
                                            .most_bytes = registry::kSnMaxBytes};

// damage.list answers with a list of texts, damage.accept with {"accepted": N}; device.purge, of
// {"numbers": [3, 4]} or {"unknown": true}, with {"purged": "3 to 4"}. kNotFound: there are none,
// or one of the numbers is not such a device.
[[nodiscard]] std::span<const Operation> damage_operations();

inline constexpr std::string_view kRecordOp = "record";
inline constexpr std::string_view kFollowOp = "device.follow";
inline constexpr std::string_view kHistoryOp = "history";

// record answers {sns: [...]}, or {} for all devices, with the list of devices and the time at
// which the recording begins; device.follow with {"sns": [...]}. kNotFound: a named device does not
// exist; kConflict: no server runs. All of history's answer is a stream.
[[nodiscard]] std::span<const Operation> stream_operations();

// Operations {"op": "time"}, "time.pause", "time.resume", "time.speed" with a "speed", and
// "time.step" with "ms". The answer holds the resulting time in "now" (UTC, ms), "speed", and
// "state": runs, settles (time stands still until the devices have caught up), paused, or real.
// kConflict: the server uses the wall clock.
[[nodiscard]] std::span<const Operation> time_operations();

// kBadParams: a virtual clock cannot have this speed; the detail begins with `name`.
[[nodiscard]] Status check_speed(double speed, std::string_view name);

// The operations on a cluster of nodes: how it is, giving up this node's slots, and taking out a
// node that is gone. User documentation: docs/operate/cluster-status.md.
//
// The beginning of operations that are of a running node alone.
inline constexpr std::string_view kOfRunningNode = "cluster.";
inline constexpr std::string_view kNoNodeRuns =
    "only a running node knows its cluster, and none runs on this data folder";

// Operations {"op": "cluster.status"}, "cluster.drain", whose answer has the name of the "node" and
// whether it is "drained", and "cluster.remove" of a "node". kConflict: the server is no node of a
// cluster.
[[nodiscard]] std::span<const Operation> cluster_operations();

// The operation of a server that is for tests (`gridloom serve --lab`).
//
// {"op": "lab.reset"}: everything is as at the start of the server. The answer has the "run" that
// begins: ready.json has that number once it is there. kConflict: the server has no --lab.
[[nodiscard]] std::span<const Operation> lab_operations();

}  // namespace gridloom::operations
