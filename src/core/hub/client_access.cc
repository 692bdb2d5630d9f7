#include "hub/client_access.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/printable.h"
#include "hub/faults/fault_overlay.h"
#include "hub/platform/credentials.h"

namespace gridloom::hub {

std::optional<double> ClientAccess::injected(PlatformFault fault, const Identity& who) const {
  if (who.role != Role::kAccount) return std::nullopt;
  return FaultView(platform_).happens(fault, who.account);
}

std::optional<Identity> ClientAccess::identity_of(std::string_view user) const {
  auto found = find_credential(*platform_.registry.directory(), user);
  if (!found) return std::nullopt;
  return std::move(found->identity);
}

bool ClientAccess::still_valid(const Identity& who) const {
  return hub::still_valid(*platform_.registry.directory(), who);
}

Result<Identity> ClientAccess::sign_in(std::string_view user, const Secret& password) const {
  const auto directory = platform_.registry.directory();
  auto found = find_credential(*directory, user);
  if (!found || !found->password->matches(password.reveal()) ||
      injected(PlatformFault::kRefusedCertificate, found->identity)) {
    return fail(ErrorCode::kUnknownKey, "the user name or the password is wrong");
  }
  return std::move(found->identity);
}

std::string ClientAccess::shown_user(std::string_view user) const {
  return identity_of(user) ? std::string(user) : redacted_name(user);
}

Status ClientAccess::admit(const Identity& who, std::string_view client_id) {
  std::size_t most = platform_.config.client_ids_a_day;
  if (const auto fewer = injected(PlatformFault::kFewClientIds, who)) {
    most = static_cast<std::size_t>(std::max(1.0, *fewer));
  }
  if (most == 0 || who.role != Role::kAccount) return {};
  if (platform_.client_ids.admit(who.name, client_id, most, platform_.steady->now())) return {};
  return fail(ErrorCode::kNoPermission,
              fmt::format("a certificate may use {} client ids a day", most));
}

FilterScope ClientAccess::grant(const Identity& who, std::string_view filter) const {
  const bool denied = injected(PlatformFault::kNoWildcards, who).has_value();
  return scope_of(who, filter, denied ? Wildcards::kDenied : platform_.config.wildcards);
}

}  // namespace gridloom::hub
