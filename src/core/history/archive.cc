#include "history/archive.h"

#include <cstdint>
#include <filesystem>
#include <utility>

#include "history/archive_journal.h"
#include "history/history_queries.h"
#include "history/loss_text.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "journal/local/log.h"

namespace gridloom::history {

// The members are destroyed in the reverse of their order: each uses those before it.
struct Archive::Impl {
  std::shared_ptr<StoreFactory> stores;
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<ArchiveJournal> journal;
  std::unique_ptr<HistoryQueries> queries;
  std::vector<Recovered> recovered;
};

Archive::Archive(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Archive>> Archive::open(Options options) {
  auto impl = std::make_unique<Impl>();
  if (!options.journal) {
    options.journal = local_archive_journal(options.data, *options.clock, options.limits.log);
  }
  impl->stores = options.stores ? std::move(options.stores) : sqlite_store_factory(options.data);
  GL_TRY(auto recorder, Recorder::open({.data = options.data,
                                        .stores = impl->stores,
                                        .clock = options.clock,
                                        .limits = options.limits.recorder,
                                        .integrate = std::move(options.integrate),
                                        .on_session_changes = std::move(options.on_session_changes),
                                        .sessions_applied = options.sessions_applied,
                                        .on_superseded = std::move(options.on_superseded),
                                        .clock_is_driven = options.clock_is_driven}));
  impl->recorder = std::move(recorder);
  const Builder& builder = impl->recorder->builder();
  const journal::StoredUpTo stored_up_to{.history = builder.applied(),
                                         .some_of_history = builder.stored_through(),
                                         .sessions = options.sessions_applied.least()};
  auto journal = options.journal(stored_up_to);
  if (!journal) return std::unexpected(journal.error());
  impl->journal = std::move(*journal);
  GL_TRY(impl->recorder->follow(impl->journal->reader()));
  for (const journal::LossNote& loss : impl->journal->losses()) {
    const journal::LostReports reports =
        loss.records ? impl->recorder->lost_in(*loss.records) : loss.reports;
    impl->recorder->damage().note(options.clock->now(),
                                  text_of_loss(loss.text, reports, options.serial_of));
  }
  GL_TRY(auto recovered, impl->recorder->recover());
  impl->recovered = std::move(recovered);
  GL_TRY(auto queries, HistoryQueries::open({.stores = impl->stores,
                                             .limits = options.limits.reads,
                                             .shared = impl->recorder->shared(),
                                             .queue = &impl->recorder->queue()}));
  impl->queries = std::move(queries);
  return std::unique_ptr<Archive>(new Archive(std::move(impl)));
}

Archive::~Archive() { stop(); }

std::vector<Recovered> Archive::take_recovered() { return std::exchange(impl_->recovered, {}); }

Result<std::vector<StoredEvent>> Archive::open_faults() { return impl_->recorder->open_faults(); }

Result<std::vector<DeviceNumber>> Archive::devices() { return impl_->recorder->devices(); }

void Archive::set_unknown(std::vector<DeviceNumber> devices) {
  impl_->recorder->set_unknown(std::move(devices));
}

std::vector<DeviceNumber> Archive::unknown() const { return impl_->recorder->unknown(); }

bool Archive::has_stored() const { return impl_->recorder->builder().applied() != 0; }

DamageNotes& Archive::damage() { return impl_->recorder->damage(); }

void Archive::purge(DeviceNumber device) { impl_->recorder->purge(device); }

void Archive::start(Recorder::TakeTwins take_twins) {
  impl_->recorder->start(std::move(take_twins));
}

void Archive::stop() {
  impl_->queries->stop();
  impl_->recorder->begin_stop();
  static_cast<void>(impl_->journal->flush());
  impl_->recorder->stop();
}

void Archive::abandon() {
  impl_->journal->abandon();
  impl_->recorder->abandon();
}

std::uint64_t Archive::append_record(journal::RecordKind kind, std::string payload, Task durable,
                                     std::size_t waiters) {
  return impl_->journal->journal().append(kind, std::move(payload), std::move(durable), waiters);
}

void Archive::sessions_stored(const journal::Positions& up_to) {
  impl_->recorder->sessions_stored(up_to);
}

// While the builder is slow, its publishers wait, and not the log, where everybody's records are.
bool Archive::behind() const {
  return impl_->journal->journal().behind() || impl_->recorder->queue().behind();
}

std::string Archive::failing() const { return impl_->journal->journal().failing(); }

std::shared_ptr<void> Archive::pin_log() {
  std::shared_ptr<void> pin = impl_->recorder->pin();
  // Durable records are on the disk already; flush() adds those of the last moment.
  static_cast<void>(impl_->journal->flush());
  return pin;
}

Result<std::vector<std::filesystem::path>> Archive::backup_store(
    const std::filesystem::path& folder, const std::stop_token& stop) {
  return impl_->stores->backup(folder, stop);
}

bool Archive::flush() { return impl_->journal->flush(); }
bool Archive::has_queries() const { return impl_->queries->has_queries(); }

bool Archive::read(Query query) { return impl_->queries->read(std::move(query)); }

bool Archive::read(std::move_only_function<void(Reader&)> task) {
  return impl_->queries->read(std::move(task));
}

ArchiveHealth Archive::health() const {
  ArchiveJournal::Health journal = impl_->journal->health();
  RecorderHealth recorder = impl_->recorder->health();
  std::optional<Millis> log_lasts;
  if (!recorder.store_failing.empty()) log_lasts = impl_->journal->lasts();
  return {.log = std::move(journal.log),
          .store_failing = std::move(recorder.store_failing),
          .store_failing_for = recorder.store_failing_for,
          .catches_up = recorder.catches_up,
          .log_lasts = log_lasts,
          .malformed_records = recorder.malformed_records,
          .damaged_rows = recorder.damaged_rows,
          .log_bytes = journal.bytes,
          .log_waiting_bytes = journal.waiting_bytes,
          .head_bytes = recorder.head_bytes,
          .damage = impl_->recorder->damage().all(),
          .unknown_devices = recorder.unknown_devices,
          .unstored_records = recorder.unstored_records};
}

}  // namespace gridloom::history
