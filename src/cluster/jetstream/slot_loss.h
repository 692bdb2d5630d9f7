// The records that an owner found missing from a slot's log when it opened the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "journal/loss_note.h"
#include "journal/record_gap.h"

namespace gridloom::journal {

struct SlotLoss {
  static constexpr std::size_t kMaxGaps = 20;
  std::vector<RecordGap> gaps{};  // the first of them
  // The last record of a log that ends before what is stored elsewhere; 0: it has none at all.
  std::optional<std::uint64_t> ends_early{};
  std::uint64_t damaged_messages = 0;  // of another program, or changed
  std::vector<LossNote> of_copy{};     // what was found in the node's own copy
};

}  // namespace gridloom::journal
