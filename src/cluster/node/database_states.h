// States that a cluster must not forget (storage/states.h), in the registry's database: the node
// that runs a bridge next, or that serves the slot of the battery modes, continues where the one
// before stopped, also if that one has died.
//
// Without a fence a node may save once more after another has begun. So a bridge's state has only
// what is still right if it is older: a position from which something is sent again.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "postgres/connection.h"
#include "postgres/settings.h"
#include "storage/states.h"

namespace gridloom::node {

struct DatabaseStatesOptions {
  postgres::ConnectionSettings database;
  std::filesystem::path folder;  // of files in which a node had states before: they are taken over
  const Clock& clock;
  // The first statement of each transaction that saves: refuses one of an owner of before
  // (ownership/postgres/owner_fence.h). Empty: all may save.
  std::function<Status(postgres::Connection&)> fence{};
};
[[nodiscard]] std::unique_ptr<storage::States> database_states(DatabaseStatesOptions options);

}  // namespace gridloom::node
