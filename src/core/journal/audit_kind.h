// The kinds of audit entries, their member `what` (docs/user/audit.md). A kind that is not listed
// here cannot be written; one that is retired stays, because old entries have it.
#pragma once

#include <algorithm>
#include <array>
#include <ranges>
#include <string_view>

namespace gridloom::journal {

inline constexpr auto kAuditKinds = std::to_array<std::string_view>({
    "sign-in",       "sign-out",       "session.end",      "password.set",  "certification",
    "set",           "set_reply",      "set_refused",      "link.add",      "account.add",
    "account.keys",  "account.rotate", "account.remove",   "token.add",     "token.remove",
    "device.add",    "device.rename",  "device.share",     "device.rotate", "device.move",
    "device.remove", "device.purge",   "device.simulated", "device.set",    "damage.accept",
    "fault.on",      "fault.off",      "time.pause",       "time.resume",   "time.speed",
    "time.step",     "record",         "backup",           "start",         "stop",
    "damaged",       "bridge.add",     "bridge.change",    "bridge.remove", "cluster.drain",
    "ups.primary",   "ups.shutdown",   "cluster.remove",
});

constexpr bool is_audit_kind(std::string_view name) {
  return std::ranges::find(kAuditKinds, name) != kAuditKinds.end();
}

// `name`; does not compile unless it is listed.
consteval std::string_view audit_kind(std::string_view name) {
  if (!is_audit_kind(name)) throw "the kind is not listed";
  return name;
}

}  // namespace gridloom::journal
