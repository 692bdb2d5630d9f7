// What devices said last, from what the log still holds at a start: newer than the twins that the
// store has.
//
// Thread rule: one thread; BesideTail has its own.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "history/batch.h"
#include "history/field_names.h"
#include "history/journal.h"
#include "history/store.h"
#include "history/value.h"

namespace gridloom::history {

// A device as it was when the server ended.
struct Recovered {
  StoredTwin twin;                // empty: none was stored yet
  std::vector<LastValue> values;  // newer than that, by name
};

class Tail {
 public:
  explicit Tail(FieldNames& names) : names_(names) {}

  // A record's reports, in their order; what is none, or damaged, is passed over.
  void take(std::string_view batch);
  // Together with what is stored; nothing of it is kept.
  [[nodiscard]] std::vector<Recovered> with(std::vector<StoredTwin> twins);

 private:
  struct Last {
    FieldId field = 0;
    Decimal number{};
    std::string text{};  // in place of the number, if it is none
  };
  using Device = std::vector<Last>;  // in the order in which they were first said

  [[nodiscard]] std::vector<LastValue> values_of(Device& device) const;

  FieldNames& names_;
  std::unordered_map<DeviceNumber, Device> devices_;
  struct Name {
    FieldId field = 0;
    bool own = false;  // of history itself
  };
  std::vector<Name> of_batch_;  // by the names of the batch that is being read
};

// Has a tail take records on a thread of its own, while their owner does something else with them:
// at a start that is half of the time. The tail has all of them when this is gone.
class BesideTail {
 public:
  explicit BesideTail(Tail& tail);
  ~BesideTail();
  BesideTail(const BesideTail&) = delete;
  BesideTail& operator=(const BesideTail&) = delete;

  // Waits while much is waiting.
  void take(std::string batch);

 private:
  void run(Tail& tail);

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> batches_;
  std::size_t bytes_ = 0;
  bool ends_ = false;
  std::jthread thread_;
};

}  // namespace gridloom::history
