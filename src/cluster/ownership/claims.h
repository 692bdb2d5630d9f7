// The owners of slots: one row a slot, in a store that all nodes share (PostgreSQL).
//
// A claim is a comparison and a change in one: it succeeds only for the revision that the claimant
// has seen, so that one node has a revision and no other. Nothing is renewed: a row stays as it is
// until its slot moves. Whatever an owner writes checks its revision in the same transaction
// (ownership/postgres/fence.h), so that an owner that lost its slot can write nothing.
//
// Thread rule: any function from any thread. They block, up to seconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "ownership/node_id.h"

namespace gridloom::cluster {

struct SlotRow {
  Slot slot{};
  Revision revision = 0;
  // Nothing: no node has the slot; it never had an owner, or was released.
  std::optional<NodeId> owner{};
  // The record of the slot's log up to which its stores have everything.
  std::int64_t position = 0;

  bool operator==(const SlotRow&) const = default;
};

// Fixed when the first node makes the cluster.
struct ClusterFacts {
  std::string id{};  // 32 hex digits
  std::size_t slots = 0;

  bool operator==(const ClusterFacts&) const = default;
};

class Claims {
 public:
  Claims() = default;
  Claims(const Claims&) = delete;
  Claims& operator=(const Claims&) = delete;
  virtual ~Claims() = default;

  // The facts of the cluster; makes it, with its rows, if there is none. kConflict: it has another
  // number of slots; the message names both. kBadParams: not 1 to kMostSlots. kIo.
  [[nodiscard]] virtual Result<ClusterFacts> join(std::size_t slots) = 0;
  // All rows, by slot. kIo.
  [[nodiscard]] virtual Result<std::vector<SlotRow>> read() = 0;

  struct Ask {
    Slot slot{};
    NodeId node{};
    Revision seen = 0;  // as the row was read
    // The highest revision that the claimant knows of the slot, from wherever: the new one is above
    // it, even if the store was set back by a failover or a restored backup.
    Revision above = 0;
  };
  // The row as it is then. kConflict: the row has another revision; kIo: it may have been carried
  // out, which read() tells.
  [[nodiscard]] virtual Result<SlotRow> claim(const Ask& ask) = 0;
  // The slot has no owner then, and keeps its revision. kConflict: the node does not own it under
  // that revision; kIo as for claim().
  [[nodiscard]] virtual Status release(Slot slot, const NodeId& node, Revision revision) = 0;
};

}  // namespace gridloom::cluster
