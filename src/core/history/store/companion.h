// A database's part in history besides keeping its tables; by default there is none.
//
// Thread rule: as for the TableConnection that it belongs to, which outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "history/store/retention_store.h"
#include "history/store/store.h"

namespace gridloom::history {

// How a transaction moves the position of the log that the store has everything of.
struct LogMove {
  std::int64_t from = 0;
  std::int64_t to = 0;
};

// Rows that are made of others, for those who read history in SQL. All but the first function run
// in the transaction that stores the others.
class DerivedRows {
 public:
  DerivedRows() = default;
  DerivedRows(const DerivedRows&) = delete;
  DerivedRows& operator=(const DerivedRows&) = delete;
  virtual ~DerivedRows() = default;

  // Makes room for all rows, these and those that they are made of: before the transaction.
  [[nodiscard]] virtual Status make_room() = 0;
  // Makes it, and keeps it until the end of the transaction.
  [[nodiscard]] virtual Status keep_room() = 0;
  // After the chunks of the hours were stored.
  [[nodiscard]] virtual Status put_hours() = 0;
  // Before energies are replaced.
  [[nodiscard]] virtual Status put_energies() = 0;
};

class Companion {
 public:
  Companion() = default;
  Companion(const Companion&) = delete;
  Companion& operator=(const Companion&) = delete;
  virtual ~Companion() = default;

  // For error messages: where history is.
  [[nodiscard]] virtual std::string place() const = 0;
  // Comes first in each transaction that writes. kConflict: another owns the history, for ever.
  [[nodiscard]] virtual Status begins(const LogMove& /*move*/) { return {}; }
  // Whether a commit may stay unanswered: what it stored has to be taken back then.
  [[nodiscard]] virtual bool may_be_unanswered() const { return false; }

  // Null: there are none. `over`: hours that are over, with all their chunks.
  struct Over {
    DeviceHour of;
    const std::vector<std::string>* chunks = nullptr;
  };
  [[nodiscard]] virtual std::unique_ptr<DerivedRows> derive(
      const std::vector<DeviceHour>& /*hours*/, const std::vector<Over>& /*over*/,
      const std::vector<const Changes::Energies*>& /*energies*/) {
    return nullptr;
  }
  // The room may be gone that was known to be there. False: none was known.
  virtual bool forget_room() { return false; }

  // Retention. In the caller's transaction, if there is one.
  // Removes some derived rows of a device, those before an hour, and returns their number.
  [[nodiscard]] virtual Result<std::size_t> remove_derived(RetentionStore::Kind /*kind*/,
                                                           DeviceNumber /*device*/,
                                                           std::int64_t /*before*/,
                                                           std::size_t /*most*/) {
    return std::size_t{0};
  }
  // Makes room for the rollups of an hour.
  [[nodiscard]] virtual Status make_room(std::int64_t /*hour*/) { return {}; }
  [[nodiscard]] virtual Result<bool> with_little_space(const RetentionStore::Work& work) {
    return work();
  }
  // As RetentionStore's.
  [[nodiscard]] virtual Result<bool> remove_all_rollups(std::int64_t /*before*/) { return false; }
  [[nodiscard]] virtual Result<bool> return_space() = 0;
};

}  // namespace gridloom::history
