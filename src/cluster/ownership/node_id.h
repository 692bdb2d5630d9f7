// The nodes of a cluster and the slots that they own (docs/internals/cluster.md).
//
// A slot is a share of the partitions (base/partition.h), and has one owner at a time. Its revision
// counts its owners: each claim raises it, so that whatever an owner of before still writes can be
// distinguished from what the owner of now writes.
//
// Thread rules: none, all of this are values.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/partition.h"
#include "base/result.h"

namespace gridloom::cluster {

inline constexpr std::size_t kMostSlots = kPartitions;
inline constexpr std::size_t kDefaultSlots = 8;
inline constexpr std::size_t kLongestNodeName = 63;
// Others claim the slots of a node that they have not heard for so long.
inline constexpr Millis kLease{3'000};

// 0 to the number of slots - 1.
enum class Slot : std::uint8_t {};

constexpr std::size_t number_of(Slot slot) { return static_cast<std::size_t>(slot); }
// `slots`: their number in the cluster, 1 to kMostSlots.
constexpr Slot slot_of(Partition partition, std::size_t slots) {
  return static_cast<Slot>(number_of(partition) % slots);
}

// 0: the slot never had an owner.
using Revision = std::int64_t;

// One start of a node: a process that is started again has another incarnation.
struct NodeId {
  std::string name{};
  std::int64_t incarnation = 0;  // above 0

  auto operator<=>(const NodeId&) const = default;
};

// As people read it: "pi (incarnation 1f3a)".
[[nodiscard]] std::string text_of(const NodeId& id);
// From the system's random numbers.
[[nodiscard]] std::int64_t random_incarnation();
// 1 to kLongestNodeName letters, digits, '-' and '_', as a name stands in subjects of the bus.
// kBadParams.
[[nodiscard]] Status check_node_name(std::string_view name);

}  // namespace gridloom::cluster
