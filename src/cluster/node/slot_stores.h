// The permanent stores of a node's servers (server/stores.h). The registry is the cluster's, in
// PostgreSQL. A slot's sessions are in the slot's schema, behind the fence, and its history is not
// opened here but with its log (slot_history/slot_archive.h). A door has nothing of others: its
// audit and its log are files in the node's data folder.
#pragma once

#include <filesystem>
#include <memory>

#include "base/clock.h"
#include "database/stores.h"
#include "ownership/postgres/owner_fence.h"
#include "postgres/settings.h"

namespace gridloom::node {

struct RegistryPlace {
  postgres::ConnectionSettings database;  // of the cluster's schema
  std::filesystem::path data;             // of the node: has the key
  const Clock& clock;                     // of wall time; outlives the stores
  server::DatabaseChoice choice{};        // the database, as the folder of a door remembers it
};

[[nodiscard]] std::unique_ptr<server::Stores> door_stores(RegistryPlace place);
// `folder`: of the slot, in that of the node.
[[nodiscard]] std::unique_ptr<server::Stores> slot_stores(RegistryPlace place,
                                                          std::filesystem::path folder,
                                                          cluster::OwnerFence::Options fence);

}  // namespace gridloom::node
