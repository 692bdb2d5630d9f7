// Devices are divided among partitions by their serial numbers, and clients of an account by the
// name that they sign in with. A partition is worked on in one place at a time, so its order is
// kept wherever that place is.
//
// The division is part of what is stored and of what nodes tell each other: it is fixed for ever
// (docs/internals/formats.md, "Partitions").
//
// Thread rules: none, all of this are values.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gridloom {

inline constexpr std::size_t kPartitions = 64;

// 0 to kPartitions - 1.
enum class Partition : std::uint8_t {};

constexpr std::size_t number_of(Partition partition) { return static_cast<std::size_t>(partition); }

// The partition of a serial number, or of an account's or a gateway's user name.
[[nodiscard]] Partition partition_of(std::string_view name);

// Says which place has each partition. Places are numbered from 0; those of a server are its loops.
class PartitionMap {
 public:
  // Deals the partitions to `places` places in turn. At least one place; a place beyond the number
  // of partitions gets none.
  explicit PartitionMap(std::size_t places);

  [[nodiscard]] std::size_t place_of(Partition partition) const {
    return places_[number_of(partition)];
  }
  [[nodiscard]] std::size_t place_of(std::string_view name) const {
    return place_of(partition_of(name));
  }

 private:
  std::array<std::uint32_t, kPartitions> places_{};
};

}  // namespace gridloom
