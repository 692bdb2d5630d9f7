// A loss of records, in terms of the data: whose reports are missing, and of which time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "journal/batch.h"

namespace gridloom::journal {

// Records that a log should have and does not, by their numbers.
struct RecordGap {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  friend bool operator==(const RecordGap&, const RecordGap&) = default;
};

struct LostReports {
  std::set<DeviceNumber> devices{};
  std::int64_t from_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t to_ms = std::numeric_limits<std::int64_t>::min();

  // The reports of a batch are lost as well.
  void add(std::string_view batch) {
    BatchReader reader(batch);
    while (const BatchReader::Row* row = reader.next()) {
      devices.insert(row->device);
      from_ms = std::min(from_ms, row->at_ms);
      to_ms = std::max(to_ms, row->at_ms);
    }
  }
};

struct LossNote {
  std::string text{};  // why, for people
  // Records that nobody has: their reports are known by those around them alone.
  std::optional<RecordGap> records{};
  LostReports reports{};  // if they are known
};

}  // namespace gridloom::journal
