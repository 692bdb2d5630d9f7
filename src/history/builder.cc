#include "history/builder.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <ranges>
#include <utility>

#include "history/hour_rows.h"
#include "history/part.h"
#include "history/rows.h"
#include "history/turn.h"

namespace gridloom::history {
namespace {

constexpr Millis kLateRowsEvery{60'000};
constexpr std::size_t kHoursAPiece = 256;
constexpr std::size_t kBytesAPiece = std::size_t{1} * 1024 * 1024;  // of blocks
constexpr std::size_t kMostAudit = 1000;                            // in memory

// Numbers as a block keeps them.
std::map<FieldId, std::string> said_by(std::span<const Sample> row) {
  std::map<FieldId, std::string> said;
  for (const Sample& sample : row) {
    said.insert_or_assign(sample.field, sample.value.is_number
                                            ? text_of(reduced(sample.value.number))
                                            : std::string(sample.value.text));
  }
  return said;
}

// As blocks, if none of them is damaged: nothing is thrown away.
std::vector<std::string> merged(std::vector<std::string> parts) {
  if (parts.size() == 1 && !is_rows(parts.front())) return parts;
  const std::vector<std::string_view> views(parts.begin(), parts.end());
  auto blocks = merge(views);
  return blocks ? std::move(*blocks) : std::move(parts);
}

}  // namespace

Result<std::unique_ptr<Builder>> Builder::make(Store& store, FieldNames& names, Options options) {
  std::unique_ptr<Builder> builder(new Builder(store, names, std::move(options)));
  const auto applied = store.applied();
  if (!applied) return std::unexpected(applied.error());
  builder->applied_ = builder->taken_ = *applied;
  const auto open = store.open_hours();
  if (!open) return std::unexpected(open.error());
  builder->open_.insert(open->begin(), open->end());
  builder->names_stored_ = names.size();
  return builder;
}

Status Builder::take(std::uint64_t sequence, RecordKind kind, std::string_view payload) {
  taken_ = sequence;
  switch (kind) {
    case RecordKind::kReports:
    case RecordKind::kTurn:
      if (kind == RecordKind::kTurn && !read_turn(payload)) break;
      if (const auto batch = batch_of(kind, payload); !batch.empty()) {
        return heads_.take(sequence, batch);
      }
      return {};
    case RecordKind::kAudit:
      add_audit(sequence, payload);
      return {};
  }
  return fail(FaultKind::kMalformed, "a record of a kind that is not known");
}

void Builder::add_audit(std::uint64_t sequence, std::string_view payload) {
  const std::lock_guard lock(mutex_);
  audit_.push_back({.sequence = sequence, .entry = std::string(payload)});
}

void Builder::forget(DeviceNumber device) {
  heads_.forget(device);
  std::erase_if(open_, [device](const DeviceHour& of) { return of.device == device; });
}

std::int64_t Builder::closed_before(TimePoint now) const {
  return hour_of(unix_ms(now - options_.grace));
}

bool Builder::is_due(TimePoint now) const {
  if (draining_ || heads_.bytes() > options_.head_bytes) return true;
  const std::int64_t closed = closed_before(now);
  // Late rows come one by one: they wait for each other.
  if (closed == done_before_ && now >= done_at_ && now - done_at_ < kLateRowsEvery) return false;
  return !next_hours(closed, What::kAPiece).empty();
}

std::vector<DeviceHour> Builder::next_hours(std::int64_t closed, What what) const {
  if (draining_) return heads_.oldest(kHoursAPiece);
  std::vector<DeviceHour> hours = heads_.before(closed, kHoursAPiece);
  for (const DeviceHour& of : open_) {
    if (hours.size() >= kHoursAPiece) break;
    if (of.hour < closed) hours.push_back(of);
  }
  if (hours.empty() && what == What::kEverything) hours = heads_.oldest(kHoursAPiece);
  std::ranges::sort(hours);
  hours.erase(std::ranges::unique(hours).begin(), hours.end());
  return hours;
}

bool Builder::wants_mark() const {
  const std::lock_guard lock(mutex_);
  return stored_some_ || audit_.size() > kMostAudit;
}

std::vector<AuditRow> Builder::audit() const {
  const std::lock_guard lock(mutex_);
  return audit_;
}

Status Builder::store(TimePoint now, What what) {
  const std::int64_t closed = closed_before(now);
  while (true) {
    draining_ = heads_.bytes() > options_.head_bytes / (draining_ ? 2 : 1);
    const std::vector<DeviceHour> hours = next_hours(closed, what);
    if (hours.empty()) break;
    if (Status stored = store_hours(hours, closed); !stored) return stored;
    if (what == What::kAPiece && (draining_ || !next_hours(closed, what).empty())) return {};
  }
  done_before_ = closed;
  done_at_ = now;
  return {};
}

Status Builder::mark(std::vector<StoredTwin> twins) {
  Changes changes;
  changes.twins = std::move(twins);
  changes.audit = audit();
  // The log is needed for the heads that are there.
  changes.applied = heads_.first_sequence().value_or(taken_ + 1) - 1;
  if (Status written = store_.write(changes); !written) return written;
  applied_ = std::max(applied_, *changes.applied);
  stored_some_ = false;
  const std::lock_guard lock(mutex_);
  audit_.erase(audit_.begin(), audit_.begin() + static_cast<std::ptrdiff_t>(changes.audit.size()));
  return {};
}

// As many of them as are a piece.
Status Builder::store_hours(std::span<const DeviceHour> hours, std::int64_t closed) {
  Changes changes;
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < hours.size() && bytes < kBytesAPiece; ++count) {
    const std::size_t before = changes.hours.size();
    if (Status added = add_hour(hours[count], closed, changes); !added) return added;
    for (std::size_t i = before; i < changes.hours.size(); ++i) {
      for (const std::string& part : changes.hours[i].parts) bytes += part.size();
    }
  }
  const std::size_t names = names_.size();
  for (std::size_t id = names_stored_; id < names; ++id) {
    const auto field = static_cast<FieldId>(id);
    changes.names.emplace_back(field, names_.name_of(field));
  }
  if (Status written = store_.write(changes); !written) return written;
  names_stored_ = names;
  stored_some_ = true;
  for (const DeviceHour& of : hours.first(count)) {
    heads_.drop(of);
    if (of.hour < closed) {
      open_.erase(of);
    } else {
      open_.insert(of);
    }
  }
  return {};
}

bool Builder::has(const DeviceHour& of, std::int64_t at_ms, std::span<const Sample> row) {
  const auto parts = stored(of);
  if (!parts || parts->empty()) return false;
  const std::map<FieldId, std::string> wanted = said_by(row);
  bool found = false;
  for (const std::string& part : *parts) {
    // Of a damaged part nothing is known; the row may be in another.
    static_cast<void>(each_row(part, [&](std::int64_t its_at_ms, std::span<const Sample> samples) {
      found = found ||
              (its_at_ms == at_ms && samples.size() >= wanted.size() && said_by(samples) == wanted);
    }));
    if (found) break;
  }
  return found;
}

Result<std::vector<std::string>> Builder::stored(const DeviceHour& of) {
  std::vector<std::string> parts;
  const Status read =
      store_.each_part(of.device, of.hour, of.hour + 1, [&](std::int64_t, std::string_view part) {
        parts.emplace_back(part);
        return Status();
      });
  if (!read) return std::unexpected(read.error());
  return parts;
}

Status Builder::add_hour(const DeviceHour& of, std::int64_t closed, Changes& changes) {
  std::vector<std::string> in_memory;
  for (const Heads::Piece& piece : heads_.pieces(of)) in_memory.push_back(heads_.part_of(*piece));
  if (of.hour >= closed) {
    if (in_memory.empty()) return {};
    changes.hours.push_back({.of = of, .parts = std::move(in_memory)});
    return {};
  }
  auto parts = stored(of);
  if (!parts) return std::unexpected(parts.error());
  std::ranges::move(in_memory, std::back_inserter(*parts));
  changes.hours.push_back({.of = of, .parts = merged(std::move(*parts)), .over = true});
  if (Status added = add_energies(of, changes); !added) return added;
  // Rows that came late: the hour after began otherwise than it was told.
  const auto next = store_.hour_from(of.device, of.hour + 1);
  if (!next) return std::unexpected(next.error());
  if (!*next || **next >= closed) return {};
  return add_energies({.device = of.device, .hour = **next}, changes);
}

Result<std::string> Builder::whole(const DeviceHour& of, const Changes& changes) {
  const auto fresh = std::ranges::find(changes.hours, of, &Changes::Hour::of);
  if (fresh != changes.hours.end() && fresh->over) {
    return fresh->parts.size() == 1 ? fresh->parts.front() : std::string();
  }
  auto parts = stored(of);
  if (!parts) return std::unexpected(parts.error());
  const std::vector<std::string> blocks = merged(std::move(*parts));
  return blocks.size() == 1 ? blocks.front() : std::string();
}

Result<std::optional<std::int64_t>> Builder::hour_before(const DeviceHour& of,
                                                         const Changes& changes) {
  auto last = store_.hour_before(of.device, of.hour);
  if (!last) return last;
  for (const Changes::Hour& hour : changes.hours) {
    if (hour.of.device != of.device || hour.of.hour >= of.hour) continue;
    *last = std::max(last->value_or(hour.of.hour), hour.of.hour);
  }
  return last;
}

Result<std::string> Builder::energies_of(const DeviceHour& of, const Changes& changes) {
  for (const Changes::Energies& fresh : std::views::reverse(changes.energies)) {
    if (fresh.of == of) return fresh.bytes;
  }
  std::string found;
  const Status read = store_.each_energy(of.device, of.hour, of.hour + 1,
                                         [&](std::int64_t, std::string_view bytes) {
                                           found = bytes;
                                           return Status();
                                         });
  if (!read) return std::unexpected(read.error());
  return found;
}

Status Builder::add_energies(const DeviceHour& of, Changes& changes) {
  if (!options_.account) return {};
  const auto bytes = whole(of, changes);
  if (!bytes) return std::unexpected(bytes.error());
  if (bytes->empty()) return {};
  const auto block = Block::open(*bytes);
  if (!block) return {};
  std::string before;
  std::optional<Block> earlier;
  std::int64_t hour = of.hour;
  for (int i = 0; i <= kMostSilentHours && !earlier; ++i) {
    const auto last = hour_before({.device = of.device, .hour = hour}, changes);
    if (!last) return std::unexpected(last.error());
    if (!*last) break;
    hour = **last;
    auto found = whole({.device = of.device, .hour = hour}, changes);
    if (!found) return std::unexpected(found.error());
    before = std::move(*found);
    auto opened = Block::open(before);
    if (!opened) return {};  // more than one block: who asks accounts for it
    if (says_anything(*opened, names_)) earlier = std::move(*opened);
  }
  HourBefore last;
  std::string last_energies;
  if (earlier) {
    auto found = energies_of({.device = of.device, .hour = hour}, changes);
    if (!found) return std::unexpected(found.error());
    last_energies = std::move(*found);
    last = {.block = &*earlier, .hour = hour, .energies = last_energies};
  }
  std::string energies = options_.account(of, last, *block, names_);
  if (energies.empty()) return {};
  changes.energies.push_back({.of = of, .bytes = std::move(energies)});
  return {};
}

}  // namespace gridloom::history
