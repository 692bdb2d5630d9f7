// Opens the connections to one storage of history: one that writes, one for each thread that reads,
// and one for retention.
//
// Thread rule: any function from any thread. Connections may outlive the factory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "history/store/retention_store.h"
#include "history/store/store.h"
#include "history/store/store_check.h"

namespace gridloom::history {

class StoreFactory {
 public:
  StoreFactory(const StoreFactory&) = delete;
  StoreFactory& operator=(const StoreFactory&) = delete;
  virtual ~StoreFactory() = default;

  // Creates the storage if there is none; upgrades one of an earlier version. Before any other
  // connection is opened. kDamaged: the storage is damaged; kMalformed: it is of a later version.
  struct Opened {
    std::unique_ptr<Store> store;
    std::string lost_changes{};  // why committed changes are lost, for DamageNotes; empty: none are
  };
  [[nodiscard]] virtual Result<Opened> open() = 0;
  // These fail as open() does.
  [[nodiscard]] virtual Result<std::unique_ptr<StoreReader>> open_reader() = 0;
  [[nodiscard]] virtual Result<std::unique_ptr<RetentionStore>> open_retention() = 0;

  // Copies everything that is stored, as it is at one moment, into files in `folder`, which exists,
  // while others read and write. Returns their names; none: nothing is stored, or the storage does
  // not outlive its process. kConflict: `stop` was requested. kIo: the copy cannot be written.
  [[nodiscard]] virtual Result<std::vector<std::filesystem::path>> backup(
      const std::filesystem::path& folder, const std::stop_token& stop) = 0;
  // Checks each row of everything that is stored, and changes nothing; also if no connection was
  // opened. kIo: the storage cannot be read. kDamaged: it cannot be opened.
  enum class Writers : std::uint8_t {
    kMaybe,  // others, of another process too, may write meanwhile
    kNone,
  };
  [[nodiscard]] virtual Result<StoreCheck> check(Writers writers) = 0;

  // Verifies in a running server that the storage finds all of its rows, whose content is verified
  // when they are read. On the caller's thread, while others read and write. Returns a description
  // of the damage, for DamageNotes. Empty: there is none, or the storage is not verified because of
  // its size, or `stop` was requested. kIo: the storage cannot be read.
  [[nodiscard]] virtual Result<std::string> verify(const std::stop_token& stop) = 0;
  // How long records stay in the journal after they were stored. A database that fails over may
  // lose the last of what was stored, and a server that starts again stores it from the journal.
  [[nodiscard]] virtual Millis keeps_records() const { return Millis{0}; }
  // Number of damaged rows that its connections have found.
  [[nodiscard]] virtual std::size_t damaged_rows() const = 0;
  // Returns an error that keeps the storage from opening; if it is kDamaged, with advice on how to
  // continue.
  [[nodiscard]] virtual Error with_remedy(Error error) const = 0;

 protected:
  StoreFactory() = default;
};

}  // namespace gridloom::history
