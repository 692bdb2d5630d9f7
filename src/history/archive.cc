#include "history/archive.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "history/history_queries.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "journal/local/local_journal.h"
#include "journal/local/log_loss.h"

namespace gridloom::history {

// The members are destroyed in the reverse of their order: each uses those before it.
struct Archive::Impl {
  std::shared_ptr<StoreFactory> stores;
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<journal::LocalJournal> journal;
  std::unique_ptr<HistoryQueries> queries;
  std::vector<Recovered> recovered;
  std::filesystem::path data;
  const Clock* clock = nullptr;
  std::uint64_t most_log_bytes = 0;

  [[nodiscard]] Millis log_lasts() const;
};

Millis Archive::Impl::log_lasts() const {
  const journal::Log& log = journal->log();
  const auto bytes = static_cast<double>(log.bytes());
  std::error_code unknown;
  const std::filesystem::space_info disk = std::filesystem::space(data, unknown);
  const double room = static_cast<double>(most_log_bytes) - bytes;
  const double left = unknown ? room : std::min(room, static_cast<double>(disk.available));
  const auto grew_ms = static_cast<double>((clock->now() - log.oldest()).count());
  if (left <= 0 || bytes <= 0 || grew_ms <= 0) return Millis{0};
  constexpr double kMost_ms = 1e15;
  return Millis(static_cast<Millis::rep>(std::min(left / bytes * grew_ms, kMost_ms)));
}

Archive::Archive(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Archive>> Archive::open(Options options) {
  auto impl = std::make_unique<Impl>();
  impl->data = options.data;
  impl->clock = options.clock;
  impl->most_log_bytes = options.limits.log.most_bytes;
  impl->stores = options.stores ? std::move(options.stores) : sqlite_store_factory(options.data);
  auto recorder = Recorder::open({.data = options.data,
                                  .stores = impl->stores,
                                  .clock = options.clock,
                                  .limits = options.limits.recorder,
                                  .integrate = std::move(options.integrate),
                                  .on_session_changes = std::move(options.on_session_changes),
                                  .sessions_applied = options.sessions_applied,
                                  .on_superseded = std::move(options.on_superseded),
                                  .clock_is_driven = options.clock_is_driven});
  if (!recorder) return std::unexpected(recorder.error());
  impl->recorder = std::move(*recorder);
  const Builder& builder = impl->recorder->builder();
  const journal::StoredUpTo stored_up_to{.history = builder.applied(),
                                         .some_of_history = builder.stored_through(),
                                         .sessions = options.sessions_applied.least()};
  impl->journal = std::make_unique<journal::LocalJournal>(journal::LocalJournal::Options{
      .data = options.data,
      .clock = options.clock,
      .limits = options.limits.log,
      .known = std::max(stored_up_to.some_of_history, stored_up_to.sessions)});
  if (Status read = impl->recorder->follow(*impl->journal); !read) {
    return std::unexpected(read.error());
  }
  for (const std::string& text : journal::loss_notes(impl->journal->log().loss(), stored_up_to)) {
    impl->recorder->damage().note(options.clock->now(), text);
  }
  auto recovered = impl->recorder->recover();
  if (!recovered) return std::unexpected(recovered.error());
  impl->recovered = std::move(*recovered);
  auto queries = HistoryQueries::open({.stores = impl->stores,
                                       .limits = options.limits.reads,
                                       .shared = impl->recorder->shared(),
                                       .queue = &impl->recorder->queue()});
  if (!queries) return std::unexpected(queries.error());
  impl->queries = std::move(*queries);
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

std::uint64_t Archive::append_record(journal::RecordKind kind, std::string payload, Task durable,
                                     std::size_t waiters) {
  return impl_->journal->append(kind, std::move(payload), std::move(durable), waiters);
}

void Archive::sessions_stored(const journal::Positions& up_to) {
  impl_->recorder->sessions_stored(up_to);
}

// While the builder is slow, its publishers wait, and not the log, where everybody's records are.
bool Archive::behind() const {
  return impl_->journal->behind() || impl_->recorder->queue().behind();
}

std::string Archive::failing() const { return impl_->journal->failing(); }

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
  const journal::Log& log = impl_->journal->log();
  RecorderHealth recorder = impl_->recorder->health();
  std::optional<Millis> log_lasts;
  if (!recorder.store_failing.empty()) log_lasts = impl_->log_lasts();
  return {.log = log.health(),
          .store_failing = std::move(recorder.store_failing),
          .store_failing_for = recorder.store_failing_for,
          .catches_up = recorder.catches_up,
          .log_lasts = log_lasts,
          .malformed_records = recorder.malformed_records,
          .damaged_rows = recorder.damaged_rows,
          .log_bytes = log.bytes(),
          .log_waiting_bytes = log.waiting_bytes(),
          .head_bytes = recorder.head_bytes,
          .damage = impl_->recorder->damage().all(),
          .unknown_devices = recorder.unknown_devices};
}

}  // namespace gridloom::history
