// What a client is still entitled to, by the registry as it is now. Pure.
//
// A session may outlive its sign-in by days, and the server: whoever keeps something for it asks
// here before handing it over.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "hub/client.h"
#include "registry/directory.h"

namespace gridloom::hub {

struct RetainedChange;

// Who a user name is today, and the password that it signs in with.
struct Credential {
  Identity identity;
  const Secret* password = nullptr;  // lives as long as the directory
};
[[nodiscard]] std::optional<Credential> find_credential(const registry::Directory& directory,
                                                        std::string_view user);

// Whether the credential that `who` signed in with is still good: the account or device is the same
// one, and its password or key was not made anew.
[[nodiscard]] bool still_valid(const registry::Directory& directory, const Identity& who);

// The number, never used again, of the device or account that `who` signed in as.
[[nodiscard]] std::int64_t number_of(const Identity& who);

// Whether a message that waits under this topic may still be handed to `who`: its device is one
// that the account may read, that the gateway's account owns, or the device itself.
[[nodiscard]] bool may_receive(const registry::Directory& directory, const Identity& who,
                               std::string_view topic);

// Whether a retained message is still somebody's: of the device or account that published it, by
// its number, and of an app only while its account may read the device.
[[nodiscard]] bool still_retained(const registry::Directory& directory,
                                  const RetainedChange& retained);

}  // namespace gridloom::hub
