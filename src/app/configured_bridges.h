// The bridges that the configuration names: `--bridge`.
#pragma once

#include <vector>

#include "app/options.h"
#include "base/result.h"
#include "bridges/configured.h"
#include "registry/directory.h"

namespace gridloom::app {

// kBadParams: a line is not as it should be, or two have one name; errors of the files of secrets.
[[nodiscard]] Result<std::vector<bridges::ConfiguredBridge>> configured_bridges(
    const ServeOptions& options);
// Whether the accounts that they name exist, and their names are free; `directory` is null of a
// data folder that is still to be made. kNotFound, kConflict.
[[nodiscard]] Status check_bridges(const ServeOptions& options,
                                   const registry::Directory* directory);

}  // namespace gridloom::app
