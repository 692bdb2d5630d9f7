// The tables of a session store (mqtt/session_rows.h) over whichever database has them. A batch of
// changes is one transaction, in which the record of the log that it goes up to is stored too; in
// SQLite it may be several, of which the last has that, with the streams.
//
// Thread rule: as for SessionTables.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "mqtt/deferred_store.h"
#include "mqtt/recent_batches.h"
#include "mqtt/session_rows.h"
#include "storage/summed_file.h"
#include "tables/connection.h"

namespace gridloom::mqtt {

// The database, as messages name it and as it is reached.
class SessionDatabase {
 public:
  SessionDatabase() = default;
  SessionDatabase(const SessionDatabase&) = delete;
  SessionDatabase& operator=(const SessionDatabase&) = delete;
  virtual ~SessionDatabase() = default;

  [[nodiscard]] virtual std::string_view name() const = 0;
  // For error messages: where it is.
  [[nodiscard]] virtual std::string description() const = 0;
  enum class Purpose : std::uint8_t { kWriting, kReadingAll };
  [[nodiscard]] virtual Result<std::shared_ptr<tables::TableConnection>> connect(
      Purpose purpose) = 0;
  // Comes first in each transaction that writes, which fails as it does.
  [[nodiscard]] virtual Status check_writes(tables::TableConnection& /*connection*/) { return {}; }
  // Adds advice to an error.
  [[nodiscard]] virtual Error with_remedy(Error error) const { return error; }
};

struct RowSessionsOptions {
  std::unique_ptr<SessionDatabase> database;
  SessionState state;        // as it is stored
  storage::SeenNumber seen;  // the record of `state`
  std::string loss{};        // as SessionStore::loss()
  std::string if_missing{};  // the beginning of that where a server has run; empty: not new
  // A standby may take over that lacks the last batches.
  bool may_be_set_back = false;
  // How long changes are in the log of the database alone at most; 0: it has none.
  std::chrono::minutes empties_log_every{0};
};

class RowSessions final : public SessionTables {
 public:
  explicit RowSessions(RowSessionsOptions options)
      : options_(std::move(options)), first_(options_.state), stored_(options_.state) {}

  [[nodiscard]] std::string_view name() const override { return options_.database->name(); }
  [[nodiscard]] std::string loss(bool served_before) const override;
  [[nodiscard]] Status write(const Batch& batch) override;
  [[nodiscard]] bool is_maybe_written() const override { return is_maybe_written_; }
  [[nodiscard]] Result<ReadRows> load(const PendingRows& pending) override;

  [[nodiscard]] std::optional<Moment> upkeep_due() const override;
  void upkeep() override;

 private:
  // The batch as it is to be written into a database in this state.
  [[nodiscard]] Result<RecentBatch> prepare(const Batch& batch, const SessionState& found);
  [[nodiscard]] Status write_all(tables::TableConnection& connection, const RecentBatch& batch,
                                 const SessionState& next);
  void remember(RecentBatch batch);

  RowSessionsOptions options_;
  const SessionState first_;
  SessionState stored_;
  std::optional<RecentBatch> unanswered_;  // its COMMIT
  bool is_maybe_written_ = false;
  RecentBatches recent_;
  Moment log_due_{};
  bool log_is_empty_ = true;
};

}  // namespace gridloom::mqtt
