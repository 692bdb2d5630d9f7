// Collects the last reported value of each device's fields from the records that the log still
// holds at a start: these values are newer than the twins in the store.
//
// Thread rule: one thread; ParallelRecoveryScan has its own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/value.h"
#include "history/blocks/field_names.h"
#include "history/store/store.h"
#include "journal/batch.h"
#include "journal/journal.h"

namespace gridloom::history {

// The state of a device when the server ended.
struct Recovered {
  StoredTwin twin;                         // sn and text empty: none was stored yet
  std::vector<journal::LastValue> values;  // newer than the twin, sorted by name
  std::optional<TimePoint> at{};           // of the newest of these values
};

class RecoveryScan {
 public:
  explicit RecoveryScan(FieldNames& names) : names_(names) {}

  // Takes the reports of one record; records must come in their order. Anything that is not a
  // report, or is damaged, is skipped.
  void take(std::string_view batch);
  // Combines the collected values with the stored twins, sorted by device number, and clears the
  // collected values.
  [[nodiscard]] std::vector<Recovered> with(std::vector<StoredTwin> twins);

 private:
  struct Last {
    FieldId field = 0;
    Decimal number{};
    std::string text{};  // replaces `number` if the value is not a number
  };
  struct Device {
    std::vector<Last> values{};  // in the order in which the fields were first reported
    std::int64_t at_ms = 0;
  };

  [[nodiscard]] Recovered recovered(StoredTwin twin, Device& device) const;

  FieldNames& names_;
  std::unordered_map<DeviceNumber, Device> devices_;
  struct Name {
    FieldId field = 0;
    bool own = false;  // a value of the platform itself: see is_own()
  };
  std::vector<Name> of_batch_;  // by name index in the batch that is being read
};

// Feeds a RecoveryScan on a thread of its own while the caller does other work with the same
// records: at a start that is half of the time. The scan has all records once this object is
// destroyed.
class ParallelRecoveryScan {
 public:
  explicit ParallelRecoveryScan(RecoveryScan& scan);
  ~ParallelRecoveryScan();
  ParallelRecoveryScan(const ParallelRecoveryScan&) = delete;
  ParallelRecoveryScan& operator=(const ParallelRecoveryScan&) = delete;

  // Blocks while too many bytes are waiting.
  void take(std::string batch);

 private:
  void run(RecoveryScan& scan);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> batches_;
  std::size_t bytes_ = 0;
  bool ends_ = false;
  std::jthread thread_;
};

}  // namespace gridloom::history
