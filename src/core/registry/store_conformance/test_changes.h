// For tests: any history of a registry's changes.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>

#include "registry/registry.h"

namespace gridloom::registry {

// A number below the given one.
using Draw = std::function<std::uint64_t(std::uint64_t below)>;

// Makes a change of tokens, browser sessions or passwords. False: it was refused.
inline bool change_credentials_at_random(Registry& registry, const Draw& draw) {
  const std::string name = fmt::format("account {}", draw(6));
  const auto number = static_cast<std::int64_t>(1 + draw(30));
  const Account* account = registry.directory()->find_account_by_name(name);
  const std::uint64_t what = draw(5);
  if (what == 0) return registry.add_token({.name = "a program", .account = name}).has_value();
  if (what == 1) return registry.remove_token(number).has_value();
  if (account == nullptr) return false;
  if (what == 2) return registry.add_session({.account = account->id}).has_value();
  if (what == 3) return registry.end_session(account->id, number).has_value();
  return registry.set_password({.account = account->id, .hash = Secret(name)}).has_value();
}

// Makes one of the registry's changes, with numbers from `draw`. False: it was refused.
inline bool change_at_random(Registry& registry, const Draw& draw) {
  const std::string name = fmt::format("account {}", draw(6));
  const std::string sn = fmt::format("SN{}", draw(12));
  switch (draw(13)) {
    case 0:
    case 1:
      return registry.add_account({.name = name}).has_value();
    case 2:
      return registry.add_keys(name).has_value();
    case 3:
      for (const AccessKey* key : registry.directory()->keys_of(AccountId{1})) {
        return registry.remove_key(key->access_key).has_value();
      }
      return false;
    case 4:
      return draw(2) == 0 ? registry.rotate_certificate(name).has_value()
                          : registry.rotate_gateway(name).has_value();
    case 5:
      return registry.remove_account(name).has_value();
    case 6:
      return registry.add_device({.sn = sn, .name = name, .owner = name}).has_value();
    case 7:
      return registry.rename_device({.sn = sn, .name = name}).has_value();
    case 8:
      return registry
          .share_device({.sn = sn, .account = name, .rights = static_cast<Rights>(draw(3))})
          .has_value();
    case 9:
      return registry
          .move_device(
              {.sn = sn,
               .owner = name,
               .history = draw(2) == 0 ? MovedHistory::kStaysBehind : MovedHistory::kGoesAlong})
          .has_value();
    case 10:
      if (draw(2) == 0) return registry.remove_bridge(sn).has_value();
      return registry
                 .add_bridge(
                     {.name = sn, .kind = "mqtt", .account = name, .settings = Secret(name)})
                 .has_value() ||
             registry.change_bridge({.name = sn, .settings = Secret(name), .is_on = draw(2) == 0})
                 .has_value();
    case 11:
      return change_credentials_at_random(registry, draw);
    default:
      return draw(3) == 0 ? registry.remove_device(sn).has_value()
                          : registry.rotate_device(sn).has_value();
  }
}

}  // namespace gridloom::registry
