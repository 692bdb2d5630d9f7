#include "journal/local/local_journal.h"

#include <span>
#include <utility>

#include "storage/files.h"

namespace gridloom::journal {

LocalJournal::LocalJournal(Options options) : options_(std::move(options)) {}

Status LocalJournal::from(const Positions& positions, OnRecords on_records) {
  GL_TRY(const auto after, positions.common());
  const std::filesystem::path seen = options_.data / "log.seen";
  GL_TRY(storage::check_readable(seen));
  GL_TRY(auto disk, open_folder(options_.data / "log"));
  disk_ = std::move(disk);
  GL_TRY(auto reading, open_folder(options_.data / "log"));
  reading_disk_ = std::move(reading);
  scan_.emplace(*reading_disk_);
  GL_TRY(auto log,
         Log::open({.disk = disk_.get(),
                    .clock = options_.clock,
                    .limits = options_.limits,
                    .written = on_records,
                    .known = options_.known,
                    .seen = seen},
                   after, [&](const Record& record) { on_records(std::span(&record, 1)); }));
  log_ = std::move(log);
  return {};
}

Result<Positions> LocalJournal::read(const Positions& after, const Positions& through,
                                     const OnRecord& on_record) {
  GL_TRY(const auto first, after.common());
  GL_TRY(const auto last, through.common());
  GL_TRY(const auto read, scan_->read(first, last, on_record));
  return Positions::everywhere(read);
}

void LocalJournal::trim(const Positions& positions) { log_->trim(positions.least()); }

bool LocalJournal::is_short_of_room() const { return log_->is_short_of_room(); }

std::string LocalJournal::failing() const { return log_->health().failing.value_or(""); }

std::uint64_t LocalJournal::append_record(RecordKind kind, std::string payload, Task durable,
                                          std::size_t waiters) {
  return log_->append(kind, std::move(payload), std::move(durable), waiters);
}

}  // namespace gridloom::journal
