// The recorder stores years of what is in a journal's records: values that devices reported, and
// the audit of user actions.
//
//   journal ─▶ builder ─▶ blocks, energies, twins, audit (history/store/store.h)
//
// A record is safe once it is in the journal. The builder, a thread that follows the journal,
// groups rows by device and hour, and stores each hour as a block once the hour is over (or
// earlier, in chunks, if there is much data). The journal is trimmed behind the builder; the
// records that are still in the journal at start-up are read again. The same thread does the work
// of retention, in steps between records.
//
// Guarantees: every record that was reported as durable is in the journal or in the store at any
// moment, and appears in history once. Equal rows are different reports, and none is left out
// because another is equal, except where a report says that it may have been sent before (kResent).
//
// Thread rule: open(), follow(), recover() and start() one after the other; then any function from
// any thread, unless it says otherwise.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/result.h"
#include "history/builder.h"
#include "history/builder_queue.h"
#include "history/reader.h"
#include "history/recovery_scan.h"
#include "history/store/damage_notes.h"
#include "history/store/retention.h"
#include "history/store/store.h"
#include "history/store/store_factory.h"
#include "journal/journal_reader.h"
#include "journal/loss_note.h"

namespace gridloom::history {

struct RecorderLimits {
  // Durable, and not yet in heads. Above half of it BuilderQueue::behind() is true; all of it is
  // never exceeded by more than what waited for one sync.
  std::size_t builder_bytes = std::size_t{16} * 1024 * 1024;
  std::size_t head_bytes = std::size_t{64} * 1024 * 1024;  // above this, hours are stored in chunks
  Millis grace{120'000};  // an hour becomes a block this long after its end
  RetentionLimits keep{};
};

struct RecorderHealth {
  std::string store_failing{};  // why blocks cannot be stored now; empty: no error
  Millis store_failing_for{};   // how long that has been so, by the steady clock
  bool catches_up = false;      // the journal has records that history does not answer yet
  std::uint64_t malformed_records = 0;
  std::size_t damaged_rows = 0;        // in the store, found since the start
  std::size_t head_bytes = 0;          // in memory, not yet stored as blocks
  std::size_t unknown_devices = 0;     // devices in history that are not in the registry
  std::uint64_t unstored_records = 0;  // durable in the journal, and not all in the store yet
};

class Recorder {
 public:
  using OnSessionChanges = std::function<void(std::uint64_t sequence, std::string_view changes)>;
  struct Options {
    std::filesystem::path data;            // has the notes of damage
    std::shared_ptr<StoreFactory> stores;  // the recorder opens the one that writes
    const Clock* clock = nullptr;
    RecorderLimits limits{};
    HourIntegrator integrate{};  // called on the builder's thread
    // Called with changes of MQTT sessions (RecordKind::kTurn): those of the records above
    // `sessions_applied`, each once, in order, before the durability of its record is reported. On
    // the caller's thread in follow(), on the journal's thread after that.
    OnSessionChanges on_session_changes{};
    journal::Positions sessions_applied{};
    // Called on the builder's thread, once, when the store has lost what it had stored, or was
    // changed by another program (kConflict of Store::write): only a new start reads it again.
    std::function<void(const Error& why)> on_superseded{};
    bool clock_is_driven = false;  // the clock is set on purpose: trust its time
  };
  // Opens the store. kIo, kDamaged, kMalformed: as for StoreFactory. kConflict: `sessions_applied`
  // differs among partitions; the recorder follows a journal that numbers the records of all
  // together.
  [[nodiscard]] static Result<std::unique_ptr<Recorder>> open(Options options);
  ~Recorder();  // ends the builder's thread, as stop() does
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Reads the records that the journal has and the stores do not, and takes those that come from
  // now on. The recorder outlives the journal's thread. Fails as JournalReader::from() and Store
  // do.
  [[nodiscard]] Status follow(journal::JournalReader& journal);
  // The last values of the devices when the server ended. Call once, after follow(). Fails as Store
  // does; values on damaged pages are noted and left out.
  [[nodiscard]] Result<std::vector<Recovered>> recover();
  // Guesses whose reports the missing records had, as far as the reports around them tell: those of
  // the devices that reported in the day before. After follow() and before start().
  [[nodiscard]] journal::LostReports lost_in(const journal::RecordGap& missing);

  // The beginnings of faults that have not ended. Before start().
  [[nodiscard]] Result<std::vector<StoredEvent>> open_faults();
  // All devices with data, ascending. Before start(). kDamaged: the list cannot be read; the damage
  // is noted.
  [[nodiscard]] Result<std::vector<DeviceNumber>> devices();
  // Sets the devices that are not in the registry: their data are kept, and the devices are counted
  // until they are purged.
  void set_unknown(std::vector<DeviceNumber> devices);
  [[nodiscard]] std::vector<DeviceNumber> unknown() const;  // ascending
  // Removes all data of the device and accepts no more. Its number is never reused.
  void purge(DeviceNumber device);

  // Starts making blocks. `take_twins` is called on the builder's thread; it returns the twins that
  // changed since the last call.
  using TakeTwins = std::function<std::vector<StoredTwin>()>;
  void start(TakeTwins take_twins);
  // To be called before the journal's last records are made durable: they are taken whether or not
  // there is room.
  void begin_stop();
  // Stores everything received so far and trims the journal, so that the next start has nothing to
  // read again. The recorder does no work after that.
  void stop();
  // Begins nothing more: what is being stored at this moment is the last, and stop() only waits for
  // the thread. Any thread.
  void abandon();

  // Until the returned object is destroyed, the journal is not trimmed.
  [[nodiscard]] std::shared_ptr<void> pin();
  // Session changes up to these records are stored elsewhere: the journal need not keep them.
  void sessions_stored(const journal::Positions& up_to);

  [[nodiscard]] RecorderHealth health() const;
  // Notes of known loss or damage, of history and of other files in the data folder.
  [[nodiscard]] DamageNotes& damage();
  [[nodiscard]] const Builder& builder() const;
  [[nodiscard]] BuilderQueue& queue();
  // The parts that readers of the same data need, as long as the recorder lives.
  [[nodiscard]] const Reader::Shared& shared() const;

 private:
  struct Impl;
  explicit Recorder(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gridloom::history
