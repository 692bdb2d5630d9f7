// Records that a log should have and does not, by their numbers.
#pragma once

#include <cstdint>

namespace gridloom::journal {

struct RecordGap {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const RecordGap&, const RecordGap&) = default;
};

}  // namespace gridloom::journal
