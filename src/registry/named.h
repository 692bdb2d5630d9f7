// Lookups by names that people type: the error says which names there are.
#pragma once

#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/directory.h"

namespace gridloom::registry {

inline constexpr std::string_view kAnAccountName = "an account name";

// Names of one kind of thing, to look one of them up.
struct Named {
  std::string_view kind;                // "account"
  std::string_view name;                // the one that was not found
  std::vector<std::string_view> names;  // those that exist
};
// kNotFound: "there is no account 'x'", with the names that are similar, or else the first eight.
[[nodiscard]] std::unexpected<Error> not_found(const Named& missing);

// kBadParams: no account can have this name. kNotFound: none has it.
[[nodiscard]] Result<const Account*> account_named(const Directory& present, std::string_view name);

}  // namespace gridloom::registry
