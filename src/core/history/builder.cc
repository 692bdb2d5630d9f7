#include "history/builder.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <ranges>
#include <set>
#include <utility>

#include "history/blocks/chunk.h"
#include "history/blocks/rows.h"
#include "history/reader.h"
#include "journal/journal_reader.h"
#include "journal/turn.h"

namespace gridloom::history {
namespace {

constexpr Millis kLateRowsEvery{60'000};
constexpr std::size_t kHoursAPiece = 256;
constexpr std::size_t kBytesAPiece = std::size_t{1} * 1024 * 1024;  // of blocks
constexpr std::int64_t kFirstHour = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLastHour = std::numeric_limits<std::int64_t>::max();

// Values by field, with numbers in the form that a block stores.
std::map<FieldId, std::string> said_by(std::span<const Sample> row) {
  std::map<FieldId, std::string> said;
  for (const Sample& sample : row) {
    said.insert_or_assign(sample.field, sample.value.is_number
                                            ? text_of(reduced(sample.value.number))
                                            : std::string(sample.value.text));
  }
  return said;
}

// Hours before this one become blocks.
std::int64_t closed_before(TimePoint now, Millis grace) { return hour_of(unix_ms(now - grace)); }

}  // namespace

Result<std::unique_ptr<Builder>> Builder::make(Store& store, FieldNames& names, Options options) {
  std::unique_ptr<Builder> builder(new Builder(store, names, std::move(options)));
  GL_TRY(const auto applied, store.applied());
  GL_TRY(const auto record, applied.common());
  builder->applied_ = builder->taken_ = record;
  GL_TRY(auto taken, store.taken());
  builder->taken_is_known_ = taken.is_known;
  builder->stored_through_ = record;
  for (const auto& [of, last] : taken.of) {
    builder->stored_through_ = std::max(builder->stored_through_, last);
  }
  builder->head_blocks_.set_stored(std::move(taken.of));
  GL_TRY(const auto open, store.open_hours());
  builder->open_.insert(open.begin(), open.end());
  if (const auto now = builder->options_.now) {
    builder->head_blocks_.set_stored_before(closed_before(*now, builder->options_.grace),
                                            builder->open_);
  }
  builder->names_stored_ = names.size();
  return builder;
}

Status Builder::settle() {
  if (taken_is_known_) return {};
  for (const DeviceNumber device : head_blocks_.devices()) {
    for (const std::int64_t hour : head_blocks_.hours(device, kFirstHour, kLastHour)) {
      const DeviceHour of{.device = device, .hour = hour};
      const auto chunks = chunks_of(store_, of);
      // Damaged chunks are not given to anyone either.
      if (!chunks && chunks.error().code == ErrorCode::kDamaged) continue;
      if (!chunks) return std::unexpected(chunks.error());
      std::set<std::pair<std::int64_t, std::map<FieldId, std::string>>> rows;
      for (const std::string& chunk : *chunks) {
        static_cast<void>(each_row(chunk, [&](std::int64_t at_ms, std::span<const Sample> row) {
          rows.emplace(at_ms, said_by(row));
        }));
      }
      if (rows.empty()) continue;
      head_blocks_.drop_rows(of, [&](std::int64_t at_ms, std::span<const Sample> row) {
        return rows.contains({at_ms, said_by(row)});
      });
    }
  }
  return {};
}

Status Builder::store_settled() {
  if (taken_is_known_) return {};
  while (true) {
    const std::vector<DeviceHour> hours = head_blocks_.oldest(kHoursAPiece);
    if (hours.empty()) break;
    GL_TRY(store_hours(hours, kFirstHour));
  }
  Changes known;
  known.applied = journal::Positions::everywhere(applied_);
  GL_TRY(store_.write(known));
  taken_is_known_ = true;
  return {};
}

Status Builder::take(std::uint64_t sequence, journal::RecordKind kind, std::string_view payload) {
  taken_ = sequence;
  switch (kind) {
    case journal::RecordKind::kReports:
    case journal::RecordKind::kTurn:
      if (kind == journal::RecordKind::kTurn && !journal::read_turn(payload)) break;
      if (const auto batch = journal::batch_of(kind, payload); !batch.empty()) {
        return head_blocks_.take(sequence, batch);
      }
      return {};
    case journal::RecordKind::kAudit:
    case journal::RecordKind::kEvents:
      return readable_.add(sequence, kind, payload);
  }
  return fail(ErrorCode::kMalformed, "a record of an unknown kind");
}

void Builder::purge(DeviceNumber device) {
  readable_.purge(device);
  head_blocks_.purge(device);
  std::erase_if(open_, [device](const DeviceHour& of) { return of.device == device; });
}

bool Builder::is_due(TimePoint now) const {
  if (!taken_is_known_ || draining_ || head_blocks_.bytes() > options_.head_bytes) return true;
  const std::int64_t closed = closed_before(now, options_.grace);
  // Late rows arrive one by one: they are collected for a while.
  if (closed == done_before_ && now >= done_at_ && now - done_at_ < kLateRowsEvery) return false;
  return !next_hours(closed, Amount::kSlice).empty();
}

std::vector<DeviceHour> Builder::next_hours(std::int64_t closed, Amount amount) const {
  if (draining_) return head_blocks_.oldest(kHoursAPiece);
  std::vector<DeviceHour> hours = head_blocks_.before(closed, kHoursAPiece);
  for (const DeviceHour& of : open_) {
    if (hours.size() >= kHoursAPiece) break;
    if (of.hour < closed) hours.push_back(of);
  }
  if (hours.empty() && amount == Amount::kEverything) hours = head_blocks_.oldest(kHoursAPiece);
  std::ranges::sort(hours);
  hours.erase(std::ranges::unique(hours).begin(), hours.end());
  return hours;
}

bool Builder::wants_checkpoint() const { return stored_some_ || readable_.is_much(); }

Status Builder::store(TimePoint now, Amount amount) {
  GL_TRY(store_settled());
  const std::int64_t closed = closed_before(now, options_.grace);
  while (true) {
    draining_ = head_blocks_.bytes() > options_.head_bytes / (draining_ ? 2 : 1);
    const std::vector<DeviceHour> hours = next_hours(closed, amount);
    if (hours.empty()) break;
    GL_TRY(store_hours(hours, closed));
    if (amount == Amount::kSlice && (draining_ || !next_hours(closed, amount).empty())) return {};
  }
  done_before_ = closed;
  done_at_ = now;
  return {};
}

Status Builder::checkpoint(std::vector<StoredTwin> twins) {
  Changes changes;
  changes.twins = std::move(twins);
  changes.audit = readable_.audit();
  changes.events = readable_.events();
  // The log is still needed for the existing heads.
  const std::uint64_t applied = head_blocks_.first_sequence().value_or(taken_ + 1) - 1;
  changes.applied = journal::Positions::everywhere(applied);
  GL_TRY(store_.write(changes));
  applied_ = std::max(applied_, applied);
  stored_some_ = false;
  readable_.drop(changes.audit.size(), changes.events.size());
  return {};
}

// Stores the first hours, up to the size of one piece.
Status Builder::store_hours(std::span<const DeviceHour> hours, std::int64_t closed) {
  Changes changes;
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < hours.size() && bytes < kBytesAPiece; ++count) {
    const std::size_t before = changes.hours.size();
    GL_TRY(add_hour(hours[count], closed, changes));
    for (std::size_t i = before; i < changes.hours.size(); ++i) {
      for (const std::string& chunk : changes.hours[i].chunks) bytes += chunk.size();
    }
  }
  const std::size_t names = names_.size();
  for (std::size_t id = names_stored_; id < names; ++id) {
    const auto field = static_cast<FieldId>(id);
    changes.names.emplace_back(field, names_.name_of(field));
  }
  GL_TRY(store_.write(changes));
  names_stored_ = names;
  stored_some_ = true;
  for (const DeviceHour& of : hours.first(count)) {
    head_blocks_.drop(of);
    if (of.hour < closed) {
      open_.erase(of);
    } else {
      open_.insert(of);
    }
  }
  return {};
}

bool Builder::has(const DeviceHour& of, std::int64_t at_ms, std::span<const Sample> row) {
  const auto chunks = chunks_of(store_, of);
  if (!chunks || chunks->empty()) return false;
  const std::map<FieldId, std::string> wanted = said_by(row);
  bool found = false;
  for (const std::string& chunk : *chunks) {
    // Rows of a damaged chunk are unknown; the row may be in another chunk.
    static_cast<void>(each_row(chunk, [&](std::int64_t its_at_ms, std::span<const Sample> samples) {
      found = found ||
              (its_at_ms == at_ms && samples.size() >= wanted.size() && said_by(samples) == wanted);
    }));
    if (found) break;
  }
  return found;
}

Status Builder::add_hour(const DeviceHour& of, std::int64_t closed, Changes& changes) {
  const HeadBlocks::Copy head = head_blocks_.copy(of);
  std::vector<std::string> in_memory;
  for (const HeadBlocks::Buffer& buffer : head.buffers) {
    if (!buffer->empty()) in_memory.push_back(head_blocks_.chunk_of(*buffer));
  }
  if (of.hour >= closed) {
    changes.hours.push_back({.of = of, .chunks = std::move(in_memory), .taken = taken_});
    return {};
  }
  GL_TRY(auto chunks, chunks_of(store_, of));
  std::ranges::move(in_memory, std::back_inserter(chunks));
  changes.hours.push_back(
      {.of = of, .chunks = merged(std::move(chunks)), .over = true, .taken = taken_});
  GL_TRY(accounts_.add(of, changes));
  // Rows may have come late, so the energies of the next hour were computed from outdated values.
  GL_TRY(const auto next, store_.hour_from(of.device, of.hour + 1));
  if (!next || *next >= closed) return {};
  return accounts_.add({.device = of.device, .hour = *next}, changes);
}

}  // namespace gridloom::history
