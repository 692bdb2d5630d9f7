#include "journal/local/local_journal.h"

#include <span>
#include <utility>

#include "storage/files.h"

namespace gridloom::journal {

LocalJournal::LocalJournal(Options options) : options_(std::move(options)) {}

Status LocalJournal::from(const Positions& positions, OnRecords on_records) {
  const auto after = positions.common();
  if (!after) return std::unexpected(after.error());
  const std::filesystem::path seen = options_.data / "log.seen";
  if (Status good = storage::check_readable(seen); !good) return good;
  auto disk = open_folder(options_.data / "log");
  if (!disk) return std::unexpected(disk.error());
  disk_ = std::move(*disk);
  auto reading = open_folder(options_.data / "log");
  if (!reading) return std::unexpected(reading.error());
  reading_disk_ = std::move(*reading);
  scan_.emplace(*reading_disk_);
  auto log = Log::open({.disk = disk_.get(),
                        .clock = options_.clock,
                        .limits = options_.limits,
                        .written = on_records,
                        .known = options_.known,
                        .seen = seen},
                       *after, [&](const Record& record) { on_records(std::span(&record, 1)); });
  if (!log) return std::unexpected(log.error());
  log_ = std::move(*log);
  return {};
}

Result<Positions> LocalJournal::read(const Positions& after, const Positions& through,
                                     const OnRecord& on_record) {
  const auto first = after.common();
  if (!first) return std::unexpected(first.error());
  const auto last = through.common();
  if (!last) return std::unexpected(last.error());
  const auto read = scan_->read(*first, *last, on_record);
  if (!read) return std::unexpected(read.error());
  return Positions::everywhere(*read);
}

void LocalJournal::trim(const Positions& positions) { log_->trim(positions.least()); }

bool LocalJournal::is_short_of_room() const { return log_->is_short_of_room(); }

std::string LocalJournal::failing() const { return log_->health().failing.value_or(""); }

std::uint64_t LocalJournal::append_record(RecordKind kind, std::string payload, Task durable,
                                          std::size_t waiters) {
  return log_->append(kind, std::move(payload), std::move(durable), waiters);
}

}  // namespace gridloom::journal
