// Decides who may connect to the platform, under which client id, and what a client may subscribe
// to. An injected fault may refuse an app what it is allowed.
//
// Thread rule: any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "hub/clients/client.h"
#include "hub/clients/topic_rights.h"
#include "hub/platform/platform.h"

namespace gridloom::hub {

class ClientAccess {
 public:
  explicit ClientAccess(Platform& platform) : platform_(platform) {}

  // The identity of a user name and password. kUnknownKey: no such name, or another password. The
  // user name is an account's certificate account, a device's serial number, or "gateway:<account
  // name>".
  [[nodiscard]] Result<Identity> sign_in(std::string_view user, const Secret& password) const;

  // The identity of a user name, as if it had signed in now: for sessions that outlived the server.
  [[nodiscard]] std::optional<Identity> identity_of(std::string_view user) const;

  // Whether the credential that `who` signed in with is still valid (hub/platform/credentials.h).
  [[nodiscard]] bool still_valid(const Identity& who) const;

  // Whether `who` may sign in under this client id. kNoPermission: the account used too many ids
  // today.
  [[nodiscard]] Status admit(const Identity& who, std::string_view client_id);

  // The user name that a client gave, for the log and the audit: one that nobody has may be a
  // secret in the wrong place.
  [[nodiscard]] std::string shown_user(std::string_view user) const;

  // The topics that a subscription of `who` to the filter gets, and whether it is granted.
  [[nodiscard]] FilterScope grant(const Identity& who, std::string_view filter) const;

 private:
  // The value of a fault that affects apps: nothing for devices and gateways.
  [[nodiscard]] std::optional<double> injected(PlatformFault fault, const Identity& who) const;

  Platform& platform_;
};

}  // namespace gridloom::hub
