// Checks what a client is entitled to, according to the current registry. Pure.
//
// A session may outlive its sign-in by days, and even the server: code that stores something for a
// session checks here before handing it over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "hub/clients/client.h"
#include "registry/directory.h"

namespace gridloom::hub {

struct RetainedChange;

// The identity that a user name has now, and the password that it signs in with.
struct Credential {
  Identity identity;
  const Secret* password = nullptr;  // lives as long as the directory
};
[[nodiscard]] std::optional<Credential> find_credential(const registry::Directory& directory,
                                                        std::string_view user);

// Whether the credential that `who` signed in with is still valid: the account or device is the
// same one, and its password or key has not been replaced.
[[nodiscard]] bool still_valid(const registry::Directory& directory, const Identity& who);

// The number, never used again, of the device or account that `who` signed in as.
[[nodiscard]] std::int64_t number_of(const Identity& who);

// The device, if the account has at least these rights to it. kNoPermission: it has fewer, or there
// is no such device; the two look alike to the account.
[[nodiscard]] Result<const registry::Device*> permitted_device(const registry::Directory& directory,
                                                               registry::AccountId account,
                                                               std::string_view sn,
                                                               registry::Rights least);

// Whether a message that waits under this topic may still be handed to `who`: the topic's device is
// one that the account may read, that the gateway's account owns, or the device itself.
[[nodiscard]] bool may_receive(const registry::Directory& directory, const Identity& who,
                               std::string_view topic);

// Whether a retained message still has its publisher: a device is still registered under the number
// that published the message; an app's account exists and may still read the device.
[[nodiscard]] bool still_retained(const registry::Directory& directory,
                                  const RetainedChange& retained);

}  // namespace gridloom::hub
