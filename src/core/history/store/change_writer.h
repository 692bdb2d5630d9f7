// Writes Changes in a transaction, and makes them unwritten in another: after a COMMIT that was not
// answered and was carried out all the same, the writer's caller believes that nothing was stored,
// and will write the same rows again.
//
// Thread rule: as for the TableConnection.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "history/store/companion.h"
#include "history/store/store.h"
#include "journal/journal_reader.h"
#include "tables/connection.h"

namespace gridloom::history {

// The contents of the store, as its writer knows them.
struct WriterState {
  std::int64_t number = 0;  // of its transactions
  std::int64_t mark = 0;    // of the newest chunk
  journal::Positions positions{};
};
// The mark of the newest chunk, of a row of kWriter.
[[nodiscard]] std::int64_t newest_mark(const tables::RowView& row);
// kDamaged: it is not whole.
[[nodiscard]] Result<WriterState> read_writer_state(tables::TableConnection& connection);
// In a transaction: reads the number of the last one, and keeps other writers waiting.
[[nodiscard]] Result<std::int64_t> lock_writer(tables::TableConnection& connection);

class ChangeWriter {
 public:
  // `changes` is not used after write(). kMalformed: an hour that cannot be stored.
  [[nodiscard]] static Result<ChangeWriter> prepare(const Changes& changes, Companion& companion);

  // How write() moves the position of the log, whose partitions are all at one number then.
  [[nodiscard]] LogMove move_from(const WriterState& state) const;
  // Null: there are none.
  [[nodiscard]] DerivedRows* derived() const { return derived_.get(); }
  // In the caller's transaction. kConflict: a name has another number, there is no room for rows,
  // or `state` is not the store's.
  [[nodiscard]] Status write(tables::TableConnection& connection, const WriterState& state);
  // The state after write(), if that was committed.
  [[nodiscard]] const WriterState& after() const { return after_; }

  // The move of the write() that undo() takes back.
  [[nodiscard]] LogMove move_back() const;
  // In the caller's transaction, after write() was committed: all that would count twice if it was
  // written again is as it was before.
  [[nodiscard]] Status undo(tables::TableConnection& connection) const;

 private:
  struct Hour {
    DeviceHour of;
    bool replaces = false;                                    // all chunks of before
    std::vector<std::pair<std::string_view, bool>> chunks{};  // and whether the hour is over
    std::int64_t taken = 0;
  };
  // A row as it was, with its own bytes.
  struct StoredChunk {
    DeviceHour of;
    std::int64_t chunk = 0;
    bool over = false;
    std::string bytes;
    std::int64_t mark = 0;
  };
  struct StoredRecord {
    DeviceHour of;
    std::int64_t record = 0;
  };

  ChangeWriter(const Changes& changes, bool keeps_undo)
      : changes_(&changes), keeps_undo_(keeps_undo) {}
  [[nodiscard]] Status add_hours(std::vector<Companion::Over>& over);
  void add_energies();
  [[nodiscard]] Status count_up(tables::TableConnection& connection, const WriterState& state);
  [[nodiscard]] Status put_names(tables::TableConnection& connection) const;
  [[nodiscard]] Status put_hours(tables::TableConnection& connection);
  [[nodiscard]] Status remove_replaced(tables::TableConnection& connection);
  [[nodiscard]] Status put_taken(tables::TableConnection& connection);
  [[nodiscard]] Status put_energies(tables::TableConnection& connection) const;
  [[nodiscard]] Status put_twins(tables::TableConnection& connection) const;
  [[nodiscard]] Status put_audit(tables::TableConnection& connection) const;
  [[nodiscard]] Status put_positions(tables::TableConnection& connection, const WriterState& state);
  [[nodiscard]] Status remove_taken(tables::TableConnection& connection);

  const Changes* changes_;
  bool keeps_undo_ = false;
  std::vector<Hour> hours_;
  std::vector<const Changes::Energies*> energies_;  // the last of each hour
  std::unique_ptr<DerivedRows> derived_;
  WriterState before_;
  WriterState after_;
  // The state that undo() restores.
  bool moves_ = false;  // the positions
  std::vector<std::int64_t> names_;
  std::vector<StoredChunk> replaced_;
  std::vector<StoredRecord> taken_before_;
};

}  // namespace gridloom::history
