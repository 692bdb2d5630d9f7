// The operations on accounts and their keys: account.add, .list, .keys, .rotate and .remove.
#pragma once

#include <span>
#include <string_view>

#include "app/operations/operation.h"
#include "base/result.h"
#include "registry/directory.h"

namespace gridloom::operations {

[[nodiscard]] std::span<const Operation> account_operations();

// The account with the name; with no name, the only one. kNotFound: there is none; kBadParams:
// there are several to choose from.
[[nodiscard]] Result<const registry::Account*> account_named(const registry::Directory& directory,
                                                             std::string_view name);

}  // namespace gridloom::operations
