#include "journal/jetstream/slot_copy.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

#include "journal/jetstream/copy_entry.h"
#include "journal/local/log_scan.h"
#include "storage/files.h"

namespace gridloom::journal {
namespace {

std::unexpected<Error> io_error(const std::filesystem::path& path, const std::error_code& error) {
  return fail(ErrorCode::kIo, fmt::format("{}: {}", path.string(), error.message()));
}

// A name beside the folder that nothing has.
std::filesystem::path free_name(const std::filesystem::path& folder) {
  std::error_code ignored;
  for (int number = 1;; ++number) {
    std::filesystem::path name = folder;
    name += fmt::format(".set_aside_{}", number);
    if (!std::filesystem::exists(name, ignored)) return name;
  }
}

}  // namespace

Result<std::unique_ptr<SlotCopy>> SlotCopy::open(SlotCopyOptions options, const Opening& opening) {
  std::unique_ptr<SlotCopy> copy(new SlotCopy(std::move(options)));
  if (Status status = copy->open_log(); !status) return std::unexpected(status.error());
  copy->drops_ = false;
  if (const auto why = copy->why_set_aside(opening)) {
    if (Status status = copy->set_aside(); !status) return std::unexpected(status.error());
    copy->notes_.back() += *why;
  }
  copy->claim(opening.revision);
  return copy;
}

SlotCopy::~SlotCopy() {
  if (log_ && acknowledged_ > noted_) note(revision_);
}

// Between two revisions of this node another one may have gone on behind what was acknowledged.
void SlotCopy::claim(std::uint64_t revision) {
  is_sure_ = revision_ == 0 || revision <= claimed_ + 1;
  if (!is_sure_) drop_behind(acknowledged_);
  note(revision);
}

void SlotCopy::note(std::uint64_t revision) {
  append({.kind = MessageKind::kOrigin, .revision = revision}, {}, {});
}

Status SlotCopy::open_log() {
  if (Status made = storage::make_data_folder(options_.folder); !made) return made;
  const std::filesystem::path seen = options_.folder / "seen";
  if (Status good = storage::check_readable(seen); !good) return good;
  for (std::unique_ptr<Disk>* disk : {&disk_, &reading_disk_}) {
    auto opened = options_.disk(options_.folder);
    if (!opened) return std::unexpected(opened.error());
    *disk = std::move(*opened);
  }
  auto log = Log::open(
      {.disk = disk_.get(), .clock = options_.clock, .limits = options_.limits, .seen = seen}, 0,
      [this](const Record& entry) { scan(entry); });
  if (!log) return std::unexpected(log.error());
  log_ = std::move(*log);
  if (malformed_) return std::unexpected(*malformed_);
  return {};
}

// What is damaged is as if it were not there: a gap.
void SlotCopy::scan(const Record& entry) {
  const auto read = entry.kind == kCopyEntry ? read_copy_entry(entry.payload)
                                             : fail(ErrorCode::kDamaged, "it is of another log");
  const auto message = read ? read_message(read->message) : std::unexpected(read.error());
  if (!message) {
    if (message.error().code == ErrorCode::kMalformed) malformed_ = message.error();
    spdlog::error("record {} of the copy {} is passed over: {}", entry.sequence,
                  options_.folder.string(), message.error().detail);
    return;
  }
  if (read->cluster != options_.cluster) other_cluster_ = read->cluster;
  const MessageHead& head = message->head;
  if (head.kind != MessageKind::kOrigin) revision_ = std::max(revision_, head.revision);
  if (head.revision == claimed_ + 1) claimed_ = head.revision;
  claimed_ = std::max(claimed_, revision_);
  stored_ = std::max(stored_, read->stored);
  acknowledged_ = std::max(acknowledged_, read->acknowledged);
  if (head.kind == MessageKind::kFence) drop_behind(head.first - 1);
  if (head.kind == MessageKind::kRecords) add(head.first, head.count, entry.sequence);
}

std::optional<std::string> SlotCopy::why_set_aside(const Opening& opening) const {
  if (!other_cluster_.empty()) {
    return fmt::format("it is of the cluster {}, and this is the cluster {}", other_cluster_,
                       options_.cluster);
  }
  if (stored_ > opening.stored) {
    return fmt::format(
        "the database had all records up to {} for a while, and has those up to {} "
        "now: it was restored from a backup",
        stored_, opening.stored);
  }
  if (revision_ > opening.revision) {
    return fmt::format(
        "it was written under the revision {}, and the database is at {} now: it "
        "was restored from a backup",
        revision_, opening.revision);
  }
  return std::nullopt;
}

Status SlotCopy::set_aside() {
  log_.reset();
  const std::filesystem::path aside = free_name(options_.folder);
  std::error_code error;
  std::filesystem::rename(options_.folder, aside, error);
  if (error) return io_error(options_.folder, error);
  places_.clear();
  revision_ = claimed_ = stored_ = acknowledged_ = noted_ = 0;
  other_cluster_.clear();
  notes_.push_back(fmt::format("this node's copy of the slot's log was set aside as {}: ",
                               aside.filename().string()));
  return open_log();
}

// The files as they are stay under another name.
Status SlotCopy::preserve() {
  const std::filesystem::path aside = free_name(options_.folder);
  if (Status made = storage::make_data_folder(aside); !made) return made;
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(options_.folder, error)) {
    if (file.path().extension() != ".log") continue;
    std::filesystem::create_hard_link(file.path(), aside / file.path().filename(), error);
    if (error) break;
  }
  if (error) return io_error(aside, error);
  notes_.push_back(aside.filename().string());
  return {};
}

bool SlotCopy::has_all(std::uint64_t first, std::uint64_t last) const {
  auto place = std::ranges::lower_bound(places_, first, {}, &Place::last);
  while (first <= last) {
    if (place == places_.end() || place->first > first) return false;
    first = place->last + 1;
    ++place;
  }
  return true;
}

void SlotCopy::drop_behind(std::uint64_t keep) {
  while (!places_.empty() && places_.back().last > keep) {
    places_.pop_back();
    drops_ = true;
  }
  acknowledged_ = std::min(acknowledged_, keep);
}

void SlotCopy::add(std::uint64_t first, std::uint64_t count, std::uint64_t entry) {
  const std::uint64_t last = first + count - 1;
  first = std::max(first, this->last() + 1);
  if (count != 0 && first <= last)
    places_.push_back({.first = first, .last = last, .entry = entry});
}

Status SlotCopy::read(std::uint64_t first, std::uint64_t last, const OnRecords& on_records) {
  const auto from = std::ranges::lower_bound(places_, first, {}, &Place::last);
  if (from == places_.end() || from->first > last) return {};
  return read_entries(from, first, last, on_records);
}

Status SlotCopy::read_entries(std::deque<Place>::const_iterator from, std::uint64_t first,
                              std::uint64_t last, const OnRecords& on_records) {
  const auto end = std::ranges::upper_bound(from, places_.cend(), last, {}, &Place::first);
  const std::uint64_t through = std::prev(end)->entry;
  std::uint64_t at = from->entry - 1;
  Status status;
  const auto on_entry = [&](const Record& entry) {
    while (from != end && from->entry < entry.sequence) ++from;
    if (from == end || from->entry != entry.sequence) return true;
    const auto read = read_copy_entry(entry.payload);
    const auto message = read ? read_message(read->message) : std::unexpected(read.error());
    RecordAssembler assembler;
    const auto records = message ? assembler.add(*message) : std::unexpected(message.error());
    if (!records) return true;  // damaged since it was scanned: a gap
    std::span<const Record> some = *records;
    const std::uint64_t begin = std::max(first, from->first);
    while (!some.empty() && some.front().sequence < begin) some = some.subspan(1);
    while (!some.empty() && some.back().sequence > last) some = some.first(some.size() - 1);
    if (!some.empty()) status = on_records(some);
    return status.has_value();
  };
  while (status && at < through) {
    const auto read = read_log(*reading_disk_, at, through, on_entry);
    if (!read) return std::unexpected(read.error());
    if (*read == at) break;
    at = *read;
  }
  return status;
}

Status SlotCopy::begin(const MessageHead& fence, std::uint64_t keep) {
  if (acknowledged_ > keep) {
    const std::uint64_t lost = acknowledged_;
    if (Status kept = preserve(); !kept) return kept;
    notes_.back() = fmt::format(
        "records {} to {}, which this node has acknowledged, were lost in the slot's log before "
        "another owner went on without them: this node's copy of them was set aside as {}",
        keep + 1, lost, notes_.back());
  }
  MessageHead head = fence;
  head.kind = MessageKind::kFence;
  head.count = 0;
  drop_behind(keep);
  head.first = last() + 1;
  append(head, {}, {});
  return std::exchange(drops_, false) ? flush() : Status();
}

void SlotCopy::append(const MessageHead& head, std::string_view body, Task durable) {
  MessageHead whole = head;
  whole.part = 0;
  whole.parts = 1;
  if (whole.kind != MessageKind::kOrigin) revision_ = std::max(revision_, whole.revision);
  noted_ = acknowledged_;
  const std::string message = make_message(whole, body);
  const std::uint64_t entry = log_->append(kCopyEntry,
                                           make_copy_entry({.cluster = options_.cluster,
                                                            .stored = stored_,
                                                            .acknowledged = acknowledged_,
                                                            .message = message}),
                                           std::move(durable));
  if (whole.kind == MessageKind::kRecords) add(whole.first, whole.count, entry);
}

Status SlotCopy::flush() {
  if (log_->flush()) return {};
  return fail(ErrorCode::kIo, failing());
}

void SlotCopy::trim(std::uint64_t stored) {
  stored_ = std::max(stored_, stored);
  std::uint64_t through = 0;
  while (!places_.empty() && places_.front().last <= stored) {
    through = places_.front().entry;
    places_.pop_front();
  }
  if (!places_.empty()) through = places_.front().entry - 1;
  if (through != 0) log_->trim(through);
}

std::string SlotCopy::failing() const {
  const auto why = log_->health().failing;
  if (!why) return {};
  return fmt::format("this node's copy of the slot's log, {}, cannot be written: {}",
                     options_.folder.string(), *why);
}

}  // namespace gridloom::journal
