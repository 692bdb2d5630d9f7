// Writes a store's changes to its database, one transaction for each write(): it knows what the
// database has, notices whether somebody else changed that, and finds out whether a COMMIT was
// carried out that was not answered.
//
// Thread rule: as for the StoreConnection, which outlives this.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "base/result.h"
#include "database/history/change_writer.h"
#include "database/history/months.h"
#include "database/history/store_connection.h"
#include "history/store/store.h"
#include "journal/journal_reader.h"
#include "ownership/postgres/fence.h"

namespace gridloom::history {

class StoreWriter {
 public:
  explicit StoreWriter(StoreConnection& connection) : connection_(connection) {}

  // As PostgresStore::write().
  [[nodiscard]] Status write(const Changes& changes);
  // As Store::applied().
  [[nodiscard]] Result<journal::Positions> applied();
  // To be called before the store is used: takes back what the last write() stored, if that is not
  // known to its caller. kIo: the database does not tell yet.
  [[nodiscard]] Status settle();

 private:
  [[nodiscard]] Status begin(const cluster::Fence::Move& move = {});
  [[nodiscard]] Status make_sure_of_months(const std::set<Month>& months);
  enum class MonthsOf : std::uint8_t { kKnown, kKept };  // until the end of the transaction
  [[nodiscard]] Status commit(ChangeWriter& writer, MonthsOf months);
  enum class Outcome : std::uint8_t { kCommitted, kNotCommitted };
  [[nodiscard]] Result<Outcome> outcome_of(const ChangeWriter& writer);
  [[nodiscard]] Status superseded(std::int64_t number);

  StoreConnection& connection_;
  std::set<Month> months_;               // whose partitions are known to exist
  std::optional<WriterState> state_;     // nothing: not read yet
  std::optional<ChangeWriter> unknown_;  // a write() whose outcome is not known
  std::optional<Error> superseded_;
};

}  // namespace gridloom::history
