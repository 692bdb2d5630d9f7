// Lookups by names that people type: the error says which names there are.
#pragma once

#include <expected>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "registry/directory.h"

namespace gridloom::registry {

inline constexpr std::string_view kAnAccountName = "an account name";

struct MissingName {
  std::string_view kind;                // "account"
  std::string_view name;                // no thing of this kind has it
  std::vector<std::string_view> names;  // those that exist
};
// kNotFound: "there is no account 'x'", with the names that are similar, or else the first eight.
[[nodiscard]] std::unexpected<Error> not_found(const MissingName& missing);

// kBadParams: no account can have this name. kNotFound: none has it.
[[nodiscard]] Result<const Account*> account_named(const Directory& present, std::string_view name);

}  // namespace gridloom::registry
