// The registry's bridges. registry.cc has the rules of all other changes.
#include <fmt/format.h>

#include <string>
#include <utility>

#include "registry/committer.h"
#include "registry/named.h"
#include "registry/registry.h"

namespace gridloom::registry {
namespace {

using Edit = Committer::Edit;

constexpr std::string_view kABridgesName = "a bridge's name";

Status check_settings(const Secret& settings) {
  if (settings.reveal().size() <= kBridgeSettingsMaxBytes) return {};
  return fail(ErrorCode::kBadParams, fmt::format("a bridge's settings must have at most {} bytes",
                                                 kBridgeSettingsMaxBytes));
}

Result<const Bridge*> bridge_named(const Directory& present, std::string_view name) {
  if (Status valid = check_short_name(name, kABridgesName); !valid) {
    return std::unexpected(valid.error());
  }
  if (const Bridge* bridge = present.find_bridge(name)) return bridge;
  MissingName missing{.kind = "bridge", .name = name, .names = {}};
  for (const Bridge* each : present.bridges()) missing.names.emplace_back(each->name);
  return not_found(missing);
}

}  // namespace

Result<Bridge> Registry::add_bridge(const BridgeSpec& spec) {
  if (Status valid = check_short_name(spec.name, kABridgesName); !valid) {
    return std::unexpected(valid.error());
  }
  if (Status valid = check_short_name(spec.kind, "a bridge's kind"); !valid) {
    return std::unexpected(valid.error());
  }
  if (Status valid = check_settings(spec.settings); !valid) return std::unexpected(valid.error());
  Bridge bridge{.number = 0,
                .name = std::string(spec.name),
                .kind = std::string(spec.kind),
                .account = {},
                .settings = spec.settings,
                .is_on = true,
                .made_ms = unix_ms(spec.now)};
  Status done = committer_->apply([&](Edit& edit) -> Status {
    const Result<const Account*> account = account_named(edit.present, spec.account);
    if (!account) return std::unexpected(account.error());
    bridge.account = (*account)->id;
    if (edit.present.find_bridge(bridge.name) != nullptr) {
      return fail(ErrorCode::kConflict, fmt::format("bridge '{}' exists already", bridge.name));
    }
    if (edit.present.bridges().size() >= kBridgesPerServer) {
      return fail(ErrorCode::kConflict,
                  fmt::format("there are {} bridges already; remove one first", kBridgesPerServer));
    }
    const Result<std::int64_t> number = edit.stored.insert(bridge);
    if (!number) return std::unexpected(number.error());
    bridge.number = *number;
    edit.next.put(bridge);
    return {};
  });
  if (!done) return std::unexpected(done.error());
  return bridge;
}

Status Registry::change_bridge(const BridgeChange& change) {
  if (change.settings) {
    if (Status valid = check_settings(*change.settings); !valid) return valid;
  }
  return committer_->apply([&](Edit& edit) -> Status {
    const Result<const Bridge*> found = bridge_named(edit.present, change.name);
    if (!found) return std::unexpected(found.error());
    Bridge bridge = **found;
    bridge.settings = change.settings.value_or(bridge.settings);
    bridge.is_on = change.is_on.value_or(bridge.is_on);
    if (Status stored = edit.stored.update(bridge); !stored) return stored;
    edit.next.put(std::move(bridge));
    return {};
  });
}

Status Registry::remove_bridge(std::string_view name) {
  return committer_->apply([&](Edit& edit) -> Status {
    const Result<const Bridge*> found = bridge_named(edit.present, name);
    if (!found) return std::unexpected(found.error());
    edit.next.erase_bridge(name);
    return edit.stored.remove(**found);
  });
}

}  // namespace gridloom::registry
