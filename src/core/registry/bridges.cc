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
  GL_TRY(check_short_name(name, kABridgesName));
  if (const Bridge* bridge = present.find_bridge(name)) return bridge;
  MissingName missing{.kind = "bridge", .name = name, .names = {}};
  for (const Bridge* each : present.bridges()) missing.names.emplace_back(each->name);
  return not_found(missing);
}

}  // namespace

Result<Bridge> Registry::add_bridge(const BridgeSpec& spec) {
  GL_TRY(check_short_name(spec.name, kABridgesName));
  GL_TRY(check_short_name(spec.kind, "a bridge's kind"));
  GL_TRY(check_settings(spec.settings));
  Bridge bridge{.number = 0,
                .name = std::string(spec.name),
                .kind = std::string(spec.kind),
                .account = {},
                .settings = spec.settings,
                .is_on = true,
                .made_ms = unix_ms(spec.now)};
  GL_TRY(committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Account* const account, account_named(edit.present, spec.account));
    bridge.account = account->id;
    if (edit.present.find_bridge(bridge.name) != nullptr) {
      return fail(ErrorCode::kConflict, fmt::format("bridge '{}' exists already", bridge.name));
    }
    if (edit.present.bridges().size() >= kBridgesPerServer) {
      return fail(ErrorCode::kConflict,
                  fmt::format("there are {} bridges already; remove one first", kBridgesPerServer));
    }
    GL_TRY(const std::int64_t number, edit.stored.insert(bridge));
    bridge.number = number;
    edit.next.put(bridge);
    return {};
  }));
  return bridge;
}

Status Registry::change_bridge(const BridgeChange& change) {
  if (change.settings) {
    GL_TRY(check_settings(*change.settings));
  }
  return committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Bridge* const found, bridge_named(edit.present, change.name));
    Bridge bridge = *found;
    bridge.settings = change.settings.value_or(bridge.settings);
    bridge.is_on = change.is_on.value_or(bridge.is_on);
    GL_TRY(edit.stored.update(bridge));
    edit.next.put(std::move(bridge));
    return {};
  });
}

Status Registry::remove_bridge(std::string_view name) {
  return committer_->apply([&](Edit& edit) -> Status {
    GL_TRY(const Bridge* const found, bridge_named(edit.present, name));
    edit.next.erase_bridge(name);
    return edit.stored.remove(*found);
  });
}

}  // namespace gridloom::registry
