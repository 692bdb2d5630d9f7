#include "jetstream/slot_copy.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/bytes.h"
#include "journal/local/log_scan.h"
#include "journal/turn.h"
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

// The segments of the folder as they are stay under another name, which is returned.
Result<std::string> preserve(const std::filesystem::path& folder) {
  const std::filesystem::path aside = free_name(folder);
  GL_TRY(storage::make_data_folder(aside));
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(folder, error)) {
    if (file.path().extension() != ".log") continue;
    std::filesystem::create_hard_link(file.path(), aside / file.path().filename(), error);
    if (error) break;
  }
  if (error) return io_error(aside, error);
  return aside.filename().string();
}

Result<LogMessage> message_of(const Record& entry, CopyEntry& head) {
  if (entry.kind != kCopyEntry) return fail(ErrorCode::kDamaged, "it is of another log");
  GL_TRY(const auto read, read_copy_entry(entry.payload));
  head = read;
  return read_message(head.message);
}

}  // namespace

Result<std::unique_ptr<SlotCopy>> SlotCopy::open(SlotCopyOptions options, const Opening& opening) {
  std::unique_ptr<SlotCopy> copy(new SlotCopy(std::move(options)));
  GL_TRY(copy->open_log());
  if (const auto why = copy->why_set_aside(opening)) {
    GL_TRY(copy->set_aside(*why));
  }
  copy->claim(opening.revision);
  return copy;
}

SlotCopy::~SlotCopy() {
  if (log_ && known_.acknowledged > noted_) note(known_.revision);
}

Status SlotCopy::open_log() {
  GL_TRY(storage::make_data_folder(options_.folder));
  const std::filesystem::path seen = options_.folder / "seen";
  GL_TRY(storage::check_readable(seen));
  for (std::unique_ptr<Disk>* disk : {&disk_, &reading_disk_}) {
    GL_TRY(auto opened, options_.disk(options_.folder));
    *disk = std::move(opened);
  }
  GL_TRY(
      auto log,
      Log::open(
          {.disk = disk_.get(), .clock = options_.clock, .limits = options_.limits, .seen = seen},
          0, [this](const Record& entry) { scan(entry); }));
  log_ = std::move(log);
  if (known_.malformed) return std::unexpected(*known_.malformed);
  return {};
}

// A damaged entry is a gap, as if it did not exist.
void SlotCopy::scan(const Record& entry) {
  CopyEntry copied;
  const auto message = message_of(entry, copied);
  if (!message) {
    if (message.error().code == ErrorCode::kMalformed) known_.malformed = message.error();
    spdlog::error("record {} of the copy {} is passed over: {}", entry.sequence,
                  options_.folder.string(), message.error().detail);
    return;
  }
  const MessageHead& head = message->head;
  if (copied.cluster != options_.cluster) known_.other_cluster = copied.cluster;
  if (head.kind != MessageKind::kOrigin) {
    known_.revision = std::max(known_.revision, head.revision);
  }
  if (head.revision == known_.claimed + 1) known_.claimed = head.revision;
  known_.claimed = std::max(known_.claimed, known_.revision);
  known_.stored = std::max(known_.stored, copied.stored);
  known_.acknowledged = std::max(known_.acknowledged, copied.acknowledged);
  if (head.kind == MessageKind::kFence && head.first != 0) drop_behind(head.first - 1);
  if (head.kind == MessageKind::kRecords) places_.add(head.first, head.count, entry.sequence);
  drops_ = false;
}

std::optional<std::string> SlotCopy::why_set_aside(const Opening& opening) const {
  if (!known_.other_cluster.empty()) {
    return fmt::format("it is of the cluster {}, and this is the cluster {}", known_.other_cluster,
                       options_.cluster);
  }
  if (known_.stored > opening.stored) {
    return fmt::format(
        "the database had all records up to {} for a while, and has those up to {} "
        "now: it was restored from a backup",
        known_.stored, opening.stored);
  }
  if (known_.revision > opening.revision) {
    return fmt::format(
        "it was written under the revision {}, and the database is at {} now: it "
        "was restored from a backup",
        known_.revision, opening.revision);
  }
  return std::nullopt;
}

Status SlotCopy::set_aside(const std::string& why) {
  log_.reset();
  const std::filesystem::path aside = free_name(options_.folder);
  std::error_code error;
  std::filesystem::rename(options_.folder, aside, error);
  if (error) return io_error(options_.folder, error);
  places_.clear();
  known_ = {};
  notes_.push_back(
      {.text = fmt::format("this node's copy of the slot's log was set aside as {}: {}",
                           aside.filename().string(), why)});
  return open_log();
}

// Between two revisions of this node another one may have appended behind what was acknowledged.
void SlotCopy::claim(std::uint64_t revision) {
  is_sure_ = known_.revision == 0 || revision <= known_.claimed + 1;
  if (!is_sure_) drop_behind(known_.acknowledged);
  note(revision);
}

void SlotCopy::note(std::uint64_t revision) {
  append({.kind = MessageKind::kOrigin, .revision = revision}, {}, {});
}

void SlotCopy::drop_behind(std::uint64_t keep) {
  if (places_.drop_behind(keep)) drops_ = true;
  known_.acknowledged = std::min(known_.acknowledged, keep);
}

Status SlotCopy::read(std::uint64_t first, std::uint64_t last, const OnRecords& on_records) {
  const auto places = places_.with(first, last);
  if (places.empty()) return {};
  auto place = places.begin();
  Status status;
  const auto on_entry = [&](const Record& entry) {
    while (place != places.end() && place->entry < entry.sequence) ++place;
    if (place == places.end() || place->entry != entry.sequence) return true;
    CopyEntry copied;
    RecordAssembler assembler;
    const auto message = message_of(entry, copied);
    const auto records = message ? assembler.add(*message) : std::unexpected(message.error());
    if (!records) return true;  // damaged since it was scanned: a gap
    std::span<const Record> some = *records;
    const std::uint64_t begin = std::max(first, place->first);
    while (!some.empty() && some.front().sequence < begin) some = some.subspan(1);
    while (!some.empty() && some.back().sequence > last) some = some.first(some.size() - 1);
    if (!some.empty()) status = on_records(some);
    return status.has_value();
  };
  LogScan scan(*reading_disk_);  // not kept: begin() drops the end of a copy
  const std::uint64_t through = places.back().entry;
  std::uint64_t at = place->entry - 1;
  while (status && at < through) {
    GL_TRY(const auto read, scan.read(at, through, on_entry));
    if (read == at) break;
    at = read;
  }
  return status;
}

// Records behind `keep` that this node has acknowledged are nowhere but in the copy.
Status SlotCopy::note_overtaken(std::uint64_t keep) {
  LossNote note;
  const auto add = [&note](std::span<const Record> records) {
    for (const Record& each : records) note.reports.add(batch_of(each.kind, each.payload));
    return Status();
  };
  GL_TRY(this->read(keep + 1, known_.acknowledged, add));
  GL_TRY(const auto aside, preserve(options_.folder));
  spdlog::error("records {} to {} of the copy {} were overtaken", keep + 1, known_.acknowledged,
                options_.folder.string());
  note.text = fmt::format(
      "what this node has acknowledged was lost in the slot's log before another owner went on "
      "without it: the node's copy was set aside as {}",
      aside);
  notes_.push_back(std::move(note));
  return {};
}

Status SlotCopy::begin(const MessageHead& fence, std::uint64_t keep) {
  if (known_.acknowledged > keep) {
    GL_TRY(note_overtaken(keep));
  }
  drop_behind(keep);
  MessageHead head = fence;
  head.kind = MessageKind::kFence;
  head.first = last() + 1;
  head.count = 0;
  append(head, {}, {});
  return std::exchange(drops_, false) ? flush() : Status();
}

void SlotCopy::append(const MessageHead& head, std::string_view body, Task durable) {
  MessageHead whole = head;
  whole.part = 0;
  whole.parts = 1;
  if (whole.kind != MessageKind::kOrigin) {
    known_.revision = std::max(known_.revision, whole.revision);
  }
  noted_ = known_.acknowledged;
  const std::string message = make_message(whole, body);
  const std::uint64_t entry = log_->append(kCopyEntry,
                                           make_copy_entry({.cluster = options_.cluster,
                                                            .stored = known_.stored,
                                                            .acknowledged = known_.acknowledged,
                                                            .message = message}),
                                           std::move(durable));
  if (whole.kind == MessageKind::kRecords) places_.add(whole.first, whole.count, entry);
}

Status SlotCopy::flush() {
  if (log_->flush()) return {};
  return fail(ErrorCode::kIo, failing());
}

void SlotCopy::trim(std::uint64_t stored) {
  known_.stored = std::max(known_.stored, stored);
  if (const std::uint64_t through = places_.forget(stored); through != 0) log_->trim(through);
}

std::string SlotCopy::failing() const {
  const auto why = log_->health().failing;
  if (!why) return {};
  return fmt::format("this node's copy of the slot's log, {}, cannot be written: {}",
                     options_.folder.string(), *why);
}

std::string make_copy_entry(const CopyEntry& entry) {
  std::string out(1, static_cast<char>(kCopyEntryVersion));
  out.reserve(2 * kLongestVarint + 2 + entry.cluster.size() + entry.message.size());
  append_text(out, entry.cluster);
  append_varint(out, entry.stored);
  append_varint(out, entry.acknowledged);
  out += entry.message;
  return out;
}

Result<CopyEntry> read_copy_entry(std::string_view bytes) {
  Cursor cursor(bytes);
  const std::string_view version = cursor.bytes(1);
  if (cursor.failed() || version.front() == 0) {
    return fail(ErrorCode::kDamaged, "it is no record of a copy of a slot's log");
  }
  if (static_cast<std::uint8_t>(version.front()) > kCopyEntryVersion) {
    return fail(ErrorCode::kMalformed,
                fmt::format("the copy of a slot's log is of a later version of Gridloom (format "
                            "{}; this version reads {})",
                            static_cast<std::uint8_t>(version.front()), kCopyEntryVersion));
  }
  CopyEntry entry;
  entry.cluster = cursor.text();
  entry.stored = cursor.varint();
  entry.acknowledged = cursor.varint();
  if (cursor.failed()) {
    return fail(ErrorCode::kDamaged, "a record of a copy of a slot's log ends too early");
  }
  entry.message = cursor.rest();
  return entry;
}

}  // namespace gridloom::journal
