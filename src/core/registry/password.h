// Passwords of the dashboard: argon2id hashes (libsodium). Hashing takes tens of milliseconds and
// kPasswordMemory on purpose: never on a loop.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace gridloom::registry {

// One hash takes this memory, in bytes. It is little enough for a home's server; three passes make
// up for it (RFC 9106).
inline constexpr std::size_t kPasswordMemory = std::size_t{19} * 1024 * 1024;

// kBadParams: too short or too long (registry/rules.h), or among the first that a guesser tries:
// few characters, a repetition, a sequence, or a common word with digits. The message says which,
// and does not repeat it.
[[nodiscard]] Status check_password(std::string_view password);

// kIo: no memory.
[[nodiscard]] Result<Secret> hash_password(std::string_view password);

// An empty hash matches nothing and takes the same time: an answer must not tell by its time which
// accounts have a password.
[[nodiscard]] bool password_matches(const Secret& hash, std::string_view password);

}  // namespace gridloom::registry
