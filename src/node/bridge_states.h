// What the bridges of a cluster must not forget, in the registry's database: the node that runs
// them next goes on where the one before stopped, also if that one has died.
//
// A node may save once more after another has begun. So a state has only what is still right if it
// is older: a position from which something is sent again.
#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "bridges/core/states.h"
#include "postgres/settings.h"

namespace gridloom::node {

// `folder`: of the files in which a node had its bridges' states before; they are taken over.
[[nodiscard]] std::unique_ptr<bridges::States> bridge_states(postgres::ConnectionSettings database,
                                                             std::filesystem::path folder,
                                                             const Clock& clock);

}  // namespace gridloom::node
