// The archive: years of values that devices reported, and the audit of user actions.
//
//   shards ─▶ journal (log on disk) ─▶ recorder (history.db) ─▶ queries
//
// This is the composition of a journal, which makes records durable (history/archive_journal.h),
// history's store, the recorder, which stores the records and trims the journal
// (history/recorder.h has the guarantees), and the queries of both (history/history_queries.h). A
// server has the log and the history.db of its data folder, unless others are passed in; of a slot
// of a cluster, slot_history/slot_archive.h.
//
// Thread rule: any function from any thread, unless it says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "history/archive_journal.h"
#include "history/builder.h"
#include "history/fair_queue.h"
#include "history/reader.h"
#include "history/recorder.h"
#include "history/recovery_scan.h"
#include "history/store/damage_notes.h"
#include "history/store/store_factory.h"
#include "journal/journal.h"
#include "journal/journal_reader.h"
#include "journal/local/log.h"

namespace gridloom::history {

struct ArchiveLimits {
  // Everybody's acknowledgements wait for the records that wait for the disk.
  journal::LogLimits log{.waiting_bytes = std::size_t{4} * 1024 * 1024};
  RecorderLimits recorder{};
  FairLimits reads{};  // for the queries of one account
};

struct ArchiveHealth {
  journal::LogHealth log{};
  std::string store_failing{};  // why blocks cannot be stored now; empty: no error
  Millis store_failing_for{};   // how long that has been so, by the steady clock
  bool catches_up = false;      // the log has records that history does not answer yet
  // How long the log continues to take records that cannot be stored, at the rate at which it grew;
  // nothing: they can be stored.
  std::optional<Millis> log_lasts{};
  std::uint64_t malformed_records = 0;
  std::size_t damaged_rows = 0;        // in history.db, found since the start
  std::uint64_t log_bytes = 0;         // on disk
  std::size_t log_waiting_bytes = 0;   // of records not yet reported as durable
  std::size_t head_bytes = 0;          // in memory, not yet stored as blocks
  std::vector<std::string> damage{};   // the same as DamageNotes::all()
  std::size_t unknown_devices = 0;     // devices in history that are not in the registry
  std::uint64_t unstored_records = 0;  // of the log: durable, and not all in the store yet
};

// The serial number of a device; empty: there is no such device.
using SerialOf = std::function<std::string(DeviceNumber device)>;

class Archive final : public journal::Journal {
 public:
  struct Options {
    std::filesystem::path data;
    std::shared_ptr<StoreFactory> stores{};  // null: history.db in `data`
    MakeJournal journal{};                   // null: the log in `data`
    const Clock* clock = nullptr;
    ArchiveLimits limits{};
    HourIntegrator integrate{};  // called on the builder's thread
    // Called with changes of MQTT sessions (RecordKind::kTurn): those of the records above
    // `sessions_applied`, each once, in order, before the durability of its record is reported. On
    // the opener's thread while the archive is opened, on the log's thread after that.
    Recorder::OnSessionChanges on_session_changes{};
    journal::Positions sessions_applied{};
    std::function<void(const Error& why)> on_superseded{};  // as in Recorder::Options
    bool clock_is_driven = false;  // the clock is set on purpose: trust its time
    SerialOf serial_of{};          // for notes of damage; empty: they have the devices' numbers
  };
  // Also reads the records left in the journal. kIo, kMalformed: as for Store and JournalReader.
  // kConflict also: `sessions_applied` differs among partitions; the journal numbers the records of
  // all together.
  [[nodiscard]] static Result<std::unique_ptr<Archive>> open(Options options);
  ~Archive() override;

  // The last values of the devices when the server ended. Call once, before start().
  [[nodiscard]] std::vector<Recovered> take_recovered();

  // The beginnings of faults that have not ended. Before start(). kDamaged: they cannot be read;
  // the damage is noted.
  [[nodiscard]] Result<std::vector<StoredEvent>> open_faults();
  // All devices with data in the archive, ascending. Before start(). kDamaged: the list cannot be
  // read; the damage is noted.
  [[nodiscard]] Result<std::vector<DeviceNumber>> devices();
  // Sets the devices that are not in the registry: their data are kept, and the devices are counted
  // until they are purged.
  void set_unknown(std::vector<DeviceNumber> devices);
  [[nodiscard]] std::vector<DeviceNumber> unknown() const;  // ascending
  // Removes all data of the device and accepts no more. Its number is never reused.
  void purge(DeviceNumber device);

  // Starts making blocks. `take_twins` is called on the builder's thread; it returns the twins that
  // changed since the last call.
  void start(Recorder::TakeTwins take_twins);
  // Stores everything received so far and trims the log, so that the next start has nothing to read
  // again. The archive does no work after that.
  void stop();
  // From now on nothing becomes durable and nothing more is stored, except what is being stored at
  // this moment; stop() then only waits for the threads. For a journal that others have taken over.
  // Does not wait. Any thread.
  void abandon();

  [[nodiscard]] bool behind() const override;
  [[nodiscard]] std::string failing() const override;

  // Makes everything appended so far durable, if the disk accepts it. Until the returned object is
  // destroyed, the log keeps every record that is missing from history.db now: a copy of history.db
  // that is made first, and a copy of DATA/log that is made then, are together as good as the
  // original.
  [[nodiscard]] std::shared_ptr<void> pin_log();

  // Copies history's store into files in `folder`, and returns their names, as
  // StoreFactory::backup() does.
  [[nodiscard]] Result<std::vector<std::filesystem::path>> backup_store(
      const std::filesystem::path& folder, const std::stop_token& stop);

  // Session changes up to these records are stored elsewhere: the log need not keep them.
  void sessions_stored(const journal::Positions& up_to);

  // Returns when everything appended so far is durable; false: the disk refuses. Must not be called
  // on one of the archive's threads.
  [[nodiscard]] bool flush();

  // Queues an account's query, which is processed in turn with those of other accounts. The query
  // sees everything that was durable when it began. False: the account has the maximum number of
  // queries already.
  [[nodiscard]] bool read(Query query);
  // Runs `task` on a thread that is reserved for administration, so that no load of accounts delays
  // it. The task sees everything that was durable when it began. False: too many tasks wait.
  [[nodiscard]] bool read(std::move_only_function<void(Reader&)> task);

  // Whether an account's query is not answered yet: its last step has not returned. Any thread.
  [[nodiscard]] bool has_queries() const;

  [[nodiscard]] ArchiveHealth health() const;
  // True if this archive stored any data, now or in an earlier run.
  [[nodiscard]] bool has_stored() const;
  // Notes of known loss or damage, of the archive and of other files in the data folder.
  [[nodiscard]] DamageNotes& damage();

 private:
  struct Impl;
  std::uint64_t append_record(journal::RecordKind kind, std::string payload, Task durable,
                              std::size_t waiters) override;
  explicit Archive(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::history
