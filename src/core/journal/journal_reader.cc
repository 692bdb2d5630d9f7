#include "journal/journal_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

namespace gridloom::journal {

Positions Positions::everywhere(std::uint64_t sequence) {
  Positions positions;
  positions.all_ = sequence;
  return positions;
}

std::uint64_t Positions::least() const { return each_.empty() ? all_ : std::ranges::min(each_); }

Result<std::uint64_t> Positions::common() const {
  if (each_.empty()) return all_;
  return fail(ErrorCode::kConflict,
              fmt::format("one number has to stand for the positions of all partitions, and they "
                          "differ: they are between {} and {}",
                          least(), std::ranges::max(each_)));
}

void Positions::advance(Partition partition, std::uint64_t sequence) {
  if (sequence <= at(partition)) return;
  if (each_.empty()) each_.assign(kPartitions, all_);
  all_ = 0;
  each_[number_of(partition)] = sequence;
  if (std::ranges::adjacent_find(each_, std::not_equal_to()) != each_.end()) return;
  all_ = sequence;
  each_.clear();
}

}  // namespace gridloom::journal
