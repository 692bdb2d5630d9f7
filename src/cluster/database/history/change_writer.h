// Writes Changes in a transaction, and makes them unwritten in another: after a COMMIT that was not
// answered and was carried out all the same, the writer's caller believes that nothing was stored,
// and will write the same rows again.
//
// Thread rule: as for the Connection.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "database/history/months.h"
#include "database/history/quarter_rows.h"
#include "history/store/store.h"
#include "journal/journal_reader.h"
#include "ownership/postgres/fence.h"
#include "postgres/connection.h"

namespace gridloom::history {

// The contents of the store, as its writer knows them.
struct WriterState {
  std::int64_t number = 0;  // of its transactions
  journal::Positions positions{};
};
[[nodiscard]] Result<WriterState> read_writer_state(postgres::Connection& connection);
// In a transaction: reads it, and keeps other writers waiting until its end.
[[nodiscard]] Result<std::int64_t> lock_writer(postgres::Connection& connection);

// A readable form of a field's name, which may have any bytes.
[[nodiscard]] std::string text_of_name(std::string_view name);

class ChangeWriter {
 public:
  // `changes` is not used after write(). kMalformed: an hour that cannot be stored.
  [[nodiscard]] static Result<ChangeWriter> prepare(const Changes& changes);

  // The months whose partitions write() needs.
  [[nodiscard]] const std::set<Month>& months() const { return months_; }

  // How write() moves the position of a slot's log, whose partitions are all at one number.
  [[nodiscard]] cluster::Fence::Move move_from(const WriterState& state) const;
  // In the caller's transaction. kConflict: a name has another number, a partition of a month is
  // missing, or `state` is not the store's.
  [[nodiscard]] Status write(postgres::Connection& connection, const WriterState& state);
  // The state after write(), if that was committed.
  [[nodiscard]] const WriterState& after() const { return after_; }

  // The move of the write() that undo() takes back.
  [[nodiscard]] cluster::Fence::Move move_back() const;
  // In the caller's transaction, after write() was committed: all that would count twice if it was
  // written again is as it was before.
  [[nodiscard]] Status undo(postgres::Connection& connection) const;

 private:
  struct Hour {
    DeviceHour of;
    bool replaces = false;                                    // all chunks of before
    std::vector<std::pair<std::string_view, bool>> chunks{};  // and whether the hour is over
    std::int64_t taken = 0;
  };
  struct StoredChunk {
    DeviceHour of;
    std::int64_t chunk = 0;
    std::int64_t mark = 0;
    bool over = false;
    std::string bytes;
  };
  struct StoredRecord {
    DeviceHour of;
    std::int64_t record = 0;
  };

  explicit ChangeWriter(const Changes& changes) : changes_(&changes) {}
  [[nodiscard]] Status add_hours();
  void add_energies();
  [[nodiscard]] Status count_up(postgres::Connection& connection, const WriterState& state);
  [[nodiscard]] Status put_names(postgres::Connection& connection) const;
  [[nodiscard]] Status put_hours(postgres::Connection& connection);
  [[nodiscard]] Status remove_replaced(postgres::Connection& connection);
  [[nodiscard]] Status put_taken(postgres::Connection& connection);
  [[nodiscard]] Status put_energy_hours(postgres::Connection& connection) const;
  [[nodiscard]] Status put_positions(postgres::Connection& connection, const WriterState& state);
  [[nodiscard]] static Status copy_chunks(postgres::Connection& connection,
                                          const std::vector<StoredChunk>& chunks);

  const Changes* changes_;
  std::vector<Hour> hours_;
  std::vector<const Changes::Energies*> energies_;  // the last of each hour
  QuarterRows quarters_;
  std::set<Month> months_;
  WriterState after_;
  // The state that undo() restores.
  std::vector<std::int32_t> names_;
  bool moves_ = false;  // the positions
  journal::Positions positions_before_;
  std::vector<StoredChunk> replaced_;
  std::vector<StoredRecord> taken_before_;
};

}  // namespace gridloom::history
