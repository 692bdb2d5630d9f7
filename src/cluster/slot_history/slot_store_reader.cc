#include "slot_history/slot_store_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "tables/connection.h"

namespace gridloom::history {
namespace {

constexpr std::int64_t kOfOwner = -1;  // no field has this number

}  // namespace

Status SlotStoreReader::check_owner_and_read_names() {
  SlotNames& known = *options_.names;
  const std::int64_t stored = known.stored;
  std::int64_t next = stored;
  bool is_owner = false;
  const auto on_row = [&](const tables::RowView& row) -> Result<bool> {
    const std::int64_t id = row.integer(0);
    if (id == kOfOwner) {
      is_owner = row.integer(1) == static_cast<std::int64_t>(known.revision);
      return is_owner;
    }
    if (!is_owner) return false;
    if (id != next) {
      return fail(
          ErrorCode::kMalformed,
          fmt::format("the name of field {} is missing in the database; restore a backup", next));
    }
    known.names.set(static_cast<FieldId>(next++), row.bytes(2));
    return true;
  };
  // One statement: the rows come first that tell whose the names are.
  GL_TRY(store_->connection().each(
      fmt::format("SELECT {} AS id, revision, CAST('' AS bytea) FROM {}.cluster_slot "
                  "WHERE slot = $1 UNION ALL "
                  "SELECT id, 0, bytes FROM field_name WHERE id >= $2 ORDER BY id",
                  kOfOwner, options_.cluster_schema),
      {static_cast<std::int64_t>(cluster::number_of(options_.slot)), stored}, on_row));
  if (!is_owner) {
    return fail(ErrorCode::kIo,
                "the history of a device was moved to another node meanwhile: ask again");
  }
  // Others may have read more of them meanwhile.
  for (std::int64_t before = known.stored;
       before < next && !known.stored.compare_exchange_weak(before, next);) {
  }
  return {};
}

Status SlotStoreReader::begin_snapshot() {
  GL_TRY(auto begun, store_->snapshot());
  moment_.emplace(std::move(begun));
  Status checked = check_owner_and_read_names();
  if (!checked) moment_.reset();
  return checked;
}

template <typename Read>
std::invoke_result_t<Read> SlotStoreReader::in_moment(const Read& read) {
  if (moment_) return read();
  GL_TRY(const auto own, snapshot());
  return read();
}

Result<bool> SlotStoreReader::has_taken(const DeviceHour& of, std::uint64_t record) {
  return in_moment([&] { return store_->has_taken(of, record); });
}

Status SlotStoreReader::each_chunk(DeviceNumber device, std::int64_t from, std::int64_t to,
                                   const OnBytes& on_chunk) {
  return in_moment([&] { return store_->each_chunk(device, from, to, on_chunk); });
}

Result<bool> SlotStoreReader::chunks_from(DeviceNumber device, const ChunkPosition& place,
                                          std::int64_t to, const OnChunk& on_chunk) {
  return in_moment([&] { return store_->chunks_from(device, place, to, on_chunk); });
}

Result<StoreReader::ChunkPosition> SlotStoreReader::resume(DeviceNumber device,
                                                           const ChunkPosition& place) {
  return in_moment([&] { return store_->resume(device, place); });
}

Status SlotStoreReader::each_energy(DeviceNumber device, std::int64_t from, std::int64_t to,
                                    const OnBytes& on_energy, const OnHour& on_damaged) {
  return in_moment([&] { return store_->each_energy(device, from, to, on_energy, on_damaged); });
}

Status SlotStoreReader::each_rollup(DeviceNumber device, std::int64_t from, std::int64_t to,
                                    const OnBytes& on_rollup) {
  return in_moment([&] { return store_->each_rollup(device, from, to, on_rollup); });
}

Result<std::optional<std::int64_t>> SlotStoreReader::hour_before(DeviceNumber device,
                                                                 std::int64_t hour) {
  return in_moment([&] { return store_->hour_before(device, hour); });
}

Result<std::optional<std::int64_t>> SlotStoreReader::hour_from(DeviceNumber device,
                                                               std::int64_t hour) {
  return in_moment([&] { return store_->hour_from(device, hour); });
}

Result<std::optional<std::int64_t>> SlotStoreReader::rollup_from(DeviceNumber device,
                                                                 std::int64_t hour) {
  return in_moment([&] { return store_->rollup_from(device, hour); });
}

Result<StoredHours> SlotStoreReader::hours_since(DeviceNumber device, std::int64_t mark,
                                                 std::size_t most) {
  return in_moment([&] { return store_->hours_since(device, mark, most); });
}

Result<std::vector<std::int64_t>> SlotStoreReader::hours_without_energies(DeviceNumber device,
                                                                          std::int64_t from,
                                                                          std::int64_t to) {
  return in_moment([&] { return store_->hours_without_energies(device, from, to); });
}

Status SlotStoreReader::each_audit(const OnAudit& on_entry) {
  return in_moment([&] { return store_->each_audit(on_entry); });
}

Status SlotStoreReader::each_event(DeviceNumber device, std::int64_t from_ms,
                                   const EventPosition& before, const OnEvent& on_event) {
  return in_moment([&] { return store_->each_event(device, from_ms, before, on_event); });
}

Result<std::vector<StoredEvent>> SlotStoreReader::events_since(std::uint64_t id, std::size_t most) {
  return in_moment([&] { return store_->events_since(id, most); });
}

}  // namespace gridloom::history
