#include "slot_history/head_bytes.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <span>

#include "base/bytes.h"
#include "history/builder.h"
#include "history/head_blocks.h"
#include "history/reader.h"
#include "journal/device_event.h"

namespace gridloom::history {
namespace {

constexpr std::uint64_t kVersion = 1;
constexpr std::int64_t kFirstHour = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kLastHour = std::numeric_limits<std::int64_t>::max();

struct Lists {
  std::set<FieldId> fields;
  std::string hours;
  std::size_t hour_count = 0;
};

void add_hours(const Builder& builder, DeviceNumber device, Lists& lists) {
  const HeadBlocks& heads = builder.head_blocks();
  for (const std::int64_t hour : heads.hours(device, kFirstHour, kLastHour)) {
    HeadBlocks::Copy copy = heads.copy({.device = device, .hour = hour});
    std::erase_if(copy.buffers, [](const HeadBlocks::Buffer& buffer) { return buffer->empty(); });
    if (copy.buffers.empty()) continue;  // it was stored meanwhile, or has no rows
    ++lists.hour_count;
    append_signed(lists.hours, hour);
    append_varint(lists.hours, copy.first_sequence);
    append_varint(lists.hours, copy.buffers.size());
    for (const HeadBlocks::Buffer& buffer : copy.buffers) {
      lists.fields.merge(heads.fields_of(*buffer));
      append_text(lists.hours, heads.chunk_of(*buffer));
    }
  }
}

std::string bytes_of(const Reader& reader, const Builder& builder, cluster::Revision revision,
                     DeviceNumber device) {
  Lists lists;
  if (device != kNoDevice) add_hours(builder, device, lists);
  std::string bytes;
  append_varint(bytes, kVersion);
  append_signed(bytes, revision);
  append_varint(bytes, lists.fields.size());
  for (const FieldId field : lists.fields) {
    append_varint(bytes, field);
    append_text(bytes, reader.names().name_of(field));
  }
  append_varint(bytes, lists.hour_count);
  bytes += lists.hours;
  const std::vector<StoredEvent> events =
      device == kNoDevice ? builder.readable().events() : builder.readable().events_of(device);
  append_varint(bytes, events.size());
  for (const StoredEvent& each : events) {
    append_varint(bytes, each.id);
    append_text(bytes, journal::make_events(std::span(&each.event, 1)));
  }
  const std::vector<AuditRow> audit =
      device == kNoDevice ? builder.readable().audit() : std::vector<AuditRow>();
  append_varint(bytes, audit.size());
  for (const AuditRow& row : audit) {
    append_varint(bytes, row.sequence);
    append_text(bytes, row.entry);
  }
  return bytes;
}

// Bytes that are not what they should be end a list early.
template <typename ReadOne>
void each_of(Cursor& rest, ReadOne read_one) {
  for (std::uint64_t left = rest.varint(); left > 0 && !rest.failed(); --left) read_one();
}

std::vector<StoredEvent> read_events(Cursor& rest) {
  std::vector<StoredEvent> events;
  each_of(rest, [&] {
    const std::uint64_t id = rest.varint();
    auto event = journal::read_events(rest.text());
    if (!event || event->size() != 1) return rest.fail();
    events.push_back({.id = id, .event = std::move(event->front())});
  });
  return events;
}

std::vector<AuditRow> read_audit_rows(Cursor& rest) {
  std::vector<AuditRow> audit;
  each_of(rest, [&] {
    const std::uint64_t sequence = rest.varint();
    audit.push_back({.sequence = sequence, .entry = std::string(rest.text())});
  });
  return audit;
}

}  // namespace

void head_bytes_of(Archive& archive, cluster::Revision revision, DeviceNumber device,
                   Callback<Result<std::string>> done) {
  const auto whom = std::make_shared<Callback<Result<std::string>>>(std::move(done));
  // Each device has a turn of its own, among those of the accounts.
  const bool is_taken =
      archive.read(Query{.account = -device, .step = [whom, revision, device](Reader& reader) {
                           (*whom)(bytes_of(reader, *reader.builder(), revision, device));
                           return Progress::kDone;
                         }});
  if (!is_taken) (*whom)(fail(ErrorCode::kIo, "too many nodes read the history of the device"));
}

Result<std::shared_ptr<const SentHeads>> SentHeads::read(std::string_view bytes) {
  auto heads = std::make_shared<SentHeads>();
  Cursor rest(bytes);
  if (rest.varint() != kVersion) {
    return fail(ErrorCode::kMalformed, "another node sent heads of another version");
  }
  heads->revision_ = rest.signed_varint();
  each_of(rest, [&] {
    const auto id = static_cast<FieldId>(rest.varint());
    heads->names_.emplace_back(id, rest.text());
  });
  each_of(rest, [&] {
    const std::int64_t hour = rest.signed_varint();
    Copy& copy = heads->hours_[hour];
    copy.first_sequence = rest.varint();
    each_of(rest,
            [&] { copy.buffers.push_back(std::make_shared<const std::string>(rest.text())); });
  });
  std::vector<StoredEvent> events = read_events(rest);
  std::vector<AuditRow> audit = read_audit_rows(rest);
  heads->records_ = std::make_unique<const ReadableRecords>(std::move(audit), std::move(events));
  if (rest.failed() || !rest.at_end()) {
    return fail(ErrorCode::kMalformed, "another node sent heads that cannot be read");
  }
  return heads;
}

HoursInMemory::Copy SentHeads::copy(const DeviceHour& of) const {
  const auto found = hours_.find(of.hour);
  return found == hours_.end() ? Copy() : found->second;
}

std::vector<std::int64_t> SentHeads::hours(DeviceNumber /*device*/, std::int64_t from,
                                           std::int64_t to) const {
  std::vector<std::int64_t> some;
  for (auto hour = hours_.lower_bound(from); hour != hours_.end() && hour->first < to; ++hour) {
    some.push_back(hour->first);
  }
  return some;
}

}  // namespace gridloom::history
