// How far a reader of a journal has come: the sequence number of the last record that it has taken,
// or stored, of each partition.
//
// A journal numbers the records of each partition, or all of its records together. Then the
// positions are one number everywhere, and cost no more than it.
//
// Thread rule: none, this is a value.
#pragma once

#include <cstdint>
#include <vector>

#include "base/partition.h"
#include "base/result.h"

namespace gridloom::journal {

class Positions {
 public:
  Positions() = default;  // before the first record of each partition
  [[nodiscard]] static Positions everywhere(std::uint64_t sequence);

  [[nodiscard]] std::uint64_t at(Partition partition) const {
    return each_.empty() ? all_ : each_[number_of(partition)];
  }
  // The position of the partition that is furthest behind.
  [[nodiscard]] std::uint64_t least() const;
  // The number of all partitions, for those who store one. kConflict: the partitions differ.
  [[nodiscard]] Result<std::uint64_t> common() const;

  // Never goes back: a number below the present one changes nothing.
  void advance(Partition partition, std::uint64_t sequence);

  friend bool operator==(const Positions&, const Positions&) = default;

 private:
  std::uint64_t all_ = 0;            // 0 if the partitions differ
  std::vector<std::uint64_t> each_;  // by partition; empty: all of them are at all_
};

}  // namespace gridloom::journal
