#include "history/heads.h"

#include <algorithm>

#include "history/bytes.h"
#include "history/journal.h"

namespace gridloom::history {
namespace {

// A device that was not acknowledged sends again when it is back.
constexpr std::int64_t kResentWithin_ms = std::int64_t{15} * 60 * 1000;

void skip_row(Cursor& cursor) {
  for (std::uint64_t fields = cursor.varint(); fields > 0; --fields) {
    static_cast<void>(cursor.varint());
    static_cast<void>(cursor.value());
  }
}

void append_blocks(const std::string& rows, std::vector<std::string>& blocks) {
  BlockWriter writer;
  std::vector<Sample> samples;
  Cursor cursor(rows);
  while (!cursor.at_end()) {
    const auto at_ms = static_cast<std::int64_t>(cursor.fixed64());
    samples.resize(cursor.varint());
    for (Sample& sample : samples) {
      sample.field = static_cast<FieldId>(cursor.varint());
      sample.value = cursor.value();
    }
    if (writer.full()) blocks.push_back(writer.finish());
    writer.add(at_ms, samples);
  }
  if (!writer.empty()) blocks.push_back(writer.finish());
}

}  // namespace

void Heads::name_fields(const BatchReader& reader) {
  while (ids_.size() < reader.names().size()) {
    const std::string_view name = reader.names()[ids_.size()];
    if (name == kResent) resent_ = static_cast<std::uint32_t>(ids_.size());
    ids_.push_back(names_.id_of(name));
  }
}

bool Heads::encode(const BatchReader::Row& row) {
  const auto marks =
      resent_ ? std::ranges::count(row.fields, *resent_, &BatchReader::Field::name) : 0;
  row_.clear();
  append_varint(row_, row.fields.size() - static_cast<std::size_t>(marks));
  for (const BatchReader::Field& field : row.fields) {
    if (field.name == resent_) continue;
    append_varint(row_, ids_[field.name]);
    row_ += field.bytes;
  }
  return marks != 0;
}

bool Heads::came_before(const BatchReader::Row& row) {
  samples_.clear();
  for (const BatchReader::Field& field : row.fields) {
    if (field.name != resent_) {
      samples_.push_back({.field = ids_[field.name], .value = field.value});
    }
  }
  const std::int64_t since_ms = row.at_ms - kResentWithin_ms;
  const std::int64_t hour = hour_of(row.at_ms);
  return knows({.device = row.device, .hour = hour}, since_ms) ||
         knows({.device = row.device, .hour = hour - 1}, since_ms);
}

// Whether row_, which is samples_, is among the rows of an hour, in memory or in the store.
bool Heads::knows(const DeviceHour& of, std::int64_t since_ms) const {
  const auto head = heads_.find(of);
  Cursor cursor(head == heads_.end() ? std::string_view() : head->second.rows);
  while (!cursor.at_end()) {
    const auto row_at_ms = static_cast<std::int64_t>(cursor.fixed64());
    const std::string_view rest = cursor.rest();
    skip_row(cursor);
    const std::string_view row = rest.substr(0, rest.size() - cursor.rest().size());
    if (row == row_ && row_at_ms >= since_ms) return true;
  }
  return in_store_ && in_store_(of, since_ms, samples_);
}

Status Heads::take(std::uint64_t sequence, std::string_view batch) {
  BatchReader reader(batch);
  ids_.clear();
  resent_.reset();
  std::string* rows = nullptr;
  DeviceHour last;
  const std::lock_guard lock(mutex_);
  while (const BatchReader::Row* row = reader.next()) {
    name_fields(reader);
    if (!forgotten_.empty() && forgotten_.contains(row->device)) continue;
    const DeviceHour of{.device = row->device, .hour = hour_of(row->at_ms)};
    if (encode(*row) && came_before(*row)) continue;
    if (rows == nullptr || of != last) {
      Head& head = heads_[of];
      if (head.rows.empty()) head.first_sequence = sequence;
      rows = &head.rows;
      last = of;
    }
    append_fixed64(*rows, static_cast<std::uint64_t>(row->at_ms));
    *rows += row_;
    bytes_ += sizeof(std::uint64_t) + row_.size();
  }
  if (reader.failed()) return fail(FaultKind::kMalformed, "a record of reports is no batch");
  return {};
}

std::vector<DeviceHour> Heads::before(std::int64_t hour, std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<DeviceHour> found;
  for (const auto& [of, head] : heads_) {
    if (found.size() == most) break;
    if (of.hour < hour) found.push_back(of);
  }
  return found;
}

std::vector<DeviceHour> Heads::oldest(std::size_t most) const {
  std::vector<std::pair<std::uint64_t, DeviceHour>> all;
  {
    const std::lock_guard lock(mutex_);
    all.reserve(heads_.size());
    for (const auto& [of, head] : heads_) all.emplace_back(head.first_sequence, of);
  }
  const std::size_t count = std::min(most, all.size());
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<DeviceHour> found;
  found.reserve(count);
  for (std::size_t i = 0; i < count; ++i) found.push_back(all[i].second);
  return found;
}

std::vector<std::string> Heads::blocks(const DeviceHour& of) const {
  return blocks(of.device, of.hour, of.hour + 1);
}

std::vector<std::string> Heads::blocks(DeviceNumber device, std::int64_t from,
                                       std::int64_t to) const {
  std::vector<std::string> copies;
  {
    const std::lock_guard lock(mutex_);
    const auto first = heads_.lower_bound({.device = device, .hour = from});
    const auto last = heads_.lower_bound({.device = device, .hour = to});
    for (auto head = first; head != last; ++head) copies.push_back(head->second.rows);
  }
  std::vector<std::string> blocks;
  for (const std::string& rows : copies) append_blocks(rows, blocks);
  return blocks;
}

void Heads::forget(DeviceNumber device) {
  const std::lock_guard lock(mutex_);
  forgotten_.insert(device);
  std::erase_if(heads_, [&](const auto& head) {
    const bool gone = head.first.device == device;
    if (gone) bytes_ -= head.second.rows.size();
    return gone;
  });
}

std::vector<DeviceNumber> Heads::devices() const {
  std::vector<DeviceNumber> all;
  const std::lock_guard lock(mutex_);
  for (const auto& [of, head] : heads_) {
    if (all.empty() || all.back() != of.device) all.push_back(of.device);
  }
  return all;
}

std::vector<std::int64_t> Heads::hours(DeviceNumber device, std::int64_t from,
                                       std::int64_t to) const {
  std::vector<std::int64_t> found;
  const std::lock_guard lock(mutex_);
  const auto first = heads_.lower_bound({.device = device, .hour = from});
  const auto last = heads_.lower_bound({.device = device, .hour = to});
  for (auto head = first; head != last; ++head) found.push_back(head->first.hour);
  return found;
}

void Heads::drop(const DeviceHour& of) {
  const std::lock_guard lock(mutex_);
  const auto found = heads_.find(of);
  if (found == heads_.end()) return;
  bytes_ -= found->second.rows.size();
  heads_.erase(found);
}

std::optional<std::uint64_t> Heads::first_sequence() const {
  const std::lock_guard lock(mutex_);
  std::optional<std::uint64_t> first;
  for (const auto& [of, head] : heads_) {
    first = std::min(first.value_or(head.first_sequence), head.first_sequence);
  }
  return first;
}

}  // namespace gridloom::history
