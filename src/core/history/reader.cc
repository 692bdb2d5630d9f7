#include "history/reader.h"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <ranges>
#include <string_view>
#include <utility>

#include "history/blocks/chunk.h"
#include "history/blocks/hours.h"
#include "history/blocks/rows.h"

namespace gridloom::history {

Error Reader::note_damage(Error fault) const {
  if (fault.code != ErrorCode::kDamaged) return fault;
  shared_->damage->note_page(shared_->clock->now(), fault);
  return {.code = ErrorCode::kDamaged,
          .detail = "history.db is damaged: the requested data are on a page that cannot be read"};
}

bool Reader::needs_no_store(const Error& failure, DeviceNumber device, std::int64_t from) const {
  const auto in_memory = hours_in_memory().all_from(device);
  return failure.code == ErrorCode::kIo && in_memory && from >= *in_memory;
}

Error Reader::unread(Error fault, DeviceNumber device) const {
  const auto in_memory = hours_in_memory().all_from(device);
  if (fault.code != ErrorCode::kIo || !in_memory) return note_damage(std::move(fault));
  spdlog::warn("history cannot be read: {}", fault.detail);
  const TimePoint from{Millis(*in_memory * kHour_ms)};
  return {.code = ErrorCode::kIo,
          .detail = fmt::format(
              "what was reported before {:%Y-%m-%dT%H:%M:%SZ} is not in memory, and the database "
              "does not answer: ask for later values, or again in a moment",
              std::chrono::floor<std::chrono::seconds>(from))};
}

Status Reader::each_block(DeviceNumber device, std::int64_t from, std::int64_t to,
                          const OnBlock& on_block) {
  BlockWalk walk({.device = device, .from = from, .to = to});
  while (!walk.done()) {
    GL_TRY(walk.read(*this, on_block, {}));
  }
  return {};
}

Status Reader::each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                           const StoreReader::OnBytes& on_energy,
                           const StoreReader::OnHour& on_damaged) {
  return note_damage(store_->each_energy(device, from, to, on_energy, on_damaged));
}

Status Reader::each_rollup(DeviceNumber device, std::int64_t from, std::int64_t to,
                           const OnRollup& on_rollup) {
  const auto read_hour = [&](std::int64_t hour, std::string_view bytes) -> Status {
    const auto quarters = read_rollups(hour, bytes);
    if (quarters) return on_rollup(hour, *quarters);
    spdlog::error("the history of device {}, hour {}: {}", device, hour, quarters.error().detail);
    return {};
  };
  Status read = store_->each_rollup(device, from, to, read_hour);
  if (read || needs_no_store(read.error(), device, from)) return {};
  return std::unexpected(unread(std::move(read.error()), device));
}

Result<std::optional<std::int64_t>> Reader::hour_before(DeviceNumber device, std::int64_t hour) {
  const auto head_blocks =
      hours_in_memory().hours(device, std::numeric_limits<std::int64_t>::min(), hour);
  auto found = note_damage(store_->hour_before(device, hour));
  if (!found || head_blocks.empty()) return found;
  return std::max(found->value_or(head_blocks.back()), head_blocks.back());
}

Result<std::optional<std::int64_t>> Reader::hour_from(DeviceNumber device, std::int64_t hour) {
  const auto head_blocks =
      hours_in_memory().hours(device, hour, std::numeric_limits<std::int64_t>::max());
  auto found = note_damage(store_->hour_from(device, hour));
  if (!found || head_blocks.empty()) return found;
  return std::min(found->value_or(head_blocks.front()), head_blocks.front());
}

Result<std::optional<std::int64_t>> Reader::first_hour(DeviceNumber device, std::int64_t hour) {
  const auto in_memory =
      hours_in_memory().hours(device, hour, std::numeric_limits<std::int64_t>::max());
  const auto rollup = store_->rollup_from(device, hour);
  const auto other = rollup ? store_->hour_from(device, hour) : rollup;
  if (!other && !needs_no_store(other.error(), device, hour)) {
    return std::unexpected(unread(other.error(), device));
  }
  std::optional<std::int64_t> first;
  const auto add = [&first](std::int64_t each) { first = std::min(first.value_or(each), each); };
  if (!in_memory.empty()) add(in_memory.front());
  if (other && *other) add(**other);
  if (rollup && *rollup) add(**rollup);
  return first;
}

Result<StoredHours> Reader::hours_since(DeviceNumber device, std::int64_t mark, std::size_t most) {
  return note_damage(store_->hours_since(device, mark, most));
}

Result<std::vector<std::int64_t>> Reader::hours_without_energies(DeviceNumber device,
                                                                 std::int64_t from,
                                                                 std::int64_t to) {
  const std::vector<std::int64_t> head_blocks = hours_in_memory().hours(device, from, to);
  auto found = note_damage(store_->hours_without_energies(device, from, to));
  if (!found) return found;
  found->insert(found->end(), head_blocks.begin(), head_blocks.end());
  std::ranges::sort(*found);
  found->erase(std::ranges::unique(*found).begin(), found->end());
  return found;
}

Status Reader::each_audit(const StoreReader::OnAudit& on_entry) {
  const std::vector<AuditRow> waiting = readable().audit();
  std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  for (const AuditRow& row : std::views::reverse(waiting)) {
    last = row.sequence;
    if (!on_entry(row)) return {};
  }
  return note_damage(store_->each_audit(
      [&](const AuditRow& row) { return row.sequence >= last || on_entry(row); }));
}

Status Reader::each_event(DeviceNumber device, std::int64_t from_ms, const EventPosition& before,
                          const StoreReader::OnEvent& on_event) {
  std::vector<StoredEvent> waiting = readable().events_of(device);
  std::erase_if(waiting, [&](const StoredEvent& each) {
    return each.event.at_ms < from_ms || position_of(each) >= before;
  });
  std::ranges::sort(waiting, {}, position_of);  // the newest last
  bool goes_on = true;
  // Those that wait and are not older than the position.
  const auto take_waiting = [&](const EventPosition& down_to) {
    while (goes_on && !waiting.empty() && position_of(waiting.back()) >= down_to) {
      goes_on = on_event(waiting.back());
      waiting.pop_back();
    }
  };
  Status read =
      note_damage(store_->each_event(device, from_ms, before, [&](const StoredEvent& stored) {
        // An event may have been stored since those that wait were copied.
        const bool waits = std::ranges::any_of(
            waiting, [&](const StoredEvent& each) { return each.id == stored.id; });
        take_waiting(position_of(stored));
        if (goes_on && !waits) goes_on = on_event(stored);
        return goes_on;
      }));
  if (read) take_waiting({.at_ms = from_ms});
  return read;
}

// Those that wait are copied first, and have greater ids: they are stored in their order.
Result<std::vector<StoredEvent>> Reader::events_since(std::uint64_t id, std::size_t most) {
  std::vector<StoredEvent> waiting = readable().events();
  auto events = note_damage(store_->events_since(id, most));
  if (!events) return events;
  if (!events->empty()) id = events->back().id;
  for (StoredEvent& each : waiting) {
    if (events->size() >= most) break;
    if (each.id > id) events->push_back(std::move(each));
  }
  return events;
}

const FieldNames& Reader::names() const { return *shared_->names; }

const HoursInMemory& Reader::hours_in_memory() const {
  return shared_->builder != nullptr ? shared_->builder->head_blocks() : *shared_->hours;
}

const ReadableRecords& Reader::readable() const {
  return shared_->builder != nullptr ? shared_->builder->readable() : *shared_->records;
}

Result<bool> DeviceVisit::enter(const Reader& reader) {
  Route* const route = reader.route();
  if (route == nullptr) return true;
  const auto here = route->reach(device_);
  if (!here || !*here) return here;
  if (origin_.value_or(route->origin()) != route->origin()) {
    return fail(ErrorCode::kIo,
                "the history of a device was moved to another node meanwhile: ask again");
  }
  origin_ = route->origin();
  return true;
}

Result<std::vector<std::string>> chunks_of(StoreReader& store, const DeviceHour& of) {
  std::vector<std::string> chunks;
  GL_TRY(
      store.each_chunk(of.device, of.hour, of.hour + 1, [&](std::int64_t, std::string_view chunk) {
        chunks.emplace_back(chunk);
        return Status();
      }));
  return chunks;
}

std::vector<std::string> merged(std::vector<std::string> chunks) {
  if (chunks.size() == 1 && !is_rows(chunks.front())) return chunks;
  const std::vector<std::string_view> views(chunks.begin(), chunks.end());
  auto blocks = merge(views);
  return blocks ? std::move(*blocks) : std::move(chunks);
}

}  // namespace gridloom::history
