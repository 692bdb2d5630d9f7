#include "base/partition.h"

#include <xxhash.h>

namespace gridloom {

Partition partition_of(std::string_view name) {
  return static_cast<Partition>(XXH3_64bits(name.data(), name.size()) % kPartitions);
}

PartitionMap::PartitionMap(std::size_t places) {
  for (std::size_t k = 0; k < kPartitions; ++k) {
    places_[k] = static_cast<std::uint32_t>(k % places);
  }
}

}  // namespace gridloom
