#include "history/head_blocks.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/bytes.h"
#include "journal/journal.h"

namespace gridloom::history {

std::string HeadBlocks::chunk_of(const std::string& buffer) const {
  return shapes_.chunk_of(buffer);
}

std::set<FieldId> HeadBlocks::fields_of(const std::string& buffer) const {
  return shapes_.fields_of(buffer);
}

HeadBlocks::OfBatch HeadBlocks::shape_of(const journal::BatchReader::Shape& names,
                                         const journal::BatchReader& reader) {
  RowShapes::Shape shape;
  bool is_resent = false;
  for (const std::uint32_t name : names) {
    if (reader.names()[name] == journal::kResent) {
      is_resent = true;
    } else {
      shape.push_back(of_batch_.ids[name]);
    }
  }
  return {.beginning = shapes_.beginning_of(std::move(shape)), .resent = is_resent};
}

void HeadBlocks::name_shapes(const journal::BatchReader& reader) {
  while (of_batch_.ids.size() < reader.names().size()) {
    of_batch_.ids.push_back(names_.id_of(reader.names()[of_batch_.ids.size()]));
  }
  while (of_batch_.shapes.size() < reader.shapes().size()) {
    of_batch_.shapes.push_back(shape_of(reader.shapes()[of_batch_.shapes.size()], reader));
  }
}

bool HeadBlocks::came_before(const journal::BatchReader::Row& row, journal::BatchReader& reader) {
  const OfBatch& shape = of_batch_.shapes[row.shape];
  of_batch_.samples.clear();
  of_batch_.values.clear();
  for (const journal::BatchReader::Field& field : reader.fields()) {
    if (reader.names()[field.name] == journal::kResent) continue;
    of_batch_.values += field.bytes;
    of_batch_.samples.push_back({.field = of_batch_.ids[field.name], .value = field.value});
  }
  of_batch_.row = shape.beginning.bytes;
  append_text(of_batch_.row, of_batch_.values);
  return knows({.device = row.device, .hour = hour_of(row.at_ms)}, row.at_ms);
}

const HeadBlocks::Head* HeadBlocks::find(const DeviceHour& of) const {
  const auto device = devices_.find(of.device);
  if (device == devices_.end()) return nullptr;
  const auto head = device->second.find(of.hour);
  return head == device->second.end() ? nullptr : &head->second;
}

// True if of_batch_.row, whose samples are in of_batch_.samples, is among the rows of an hour, in
// memory or in the store.
bool HeadBlocks::knows(const DeviceHour& of, std::int64_t at_ms) const {
  if (const Head* head = find(of)) {
    const auto has = [&](const Buffer& buffer) { return has_row(*buffer, at_ms, of_batch_.row); };
    if (has_row(head->rows, at_ms, of_batch_.row) || std::ranges::any_of(head->full, has)) {
      return true;
    }
  }
  return in_store_ && in_store_(of, at_ms, of_batch_.samples);
}

void HeadBlocks::set_stored(std::map<DeviceHour, std::uint64_t> taken) {
  stored_ = std::move(taken);
  for (const auto& [of, record] : stored_) stored_through_ = std::max(stored_through_, record);
}

Status HeadBlocks::take(std::uint64_t sequence, std::string_view batch) {
  const bool comes_again = sequence <= stored_through_;
  if (!comes_again && !stored_.empty()) stored_.clear();
  journal::BatchReader reader(batch);
  of_batch_.ids.clear();
  of_batch_.shapes.clear();
  const std::lock_guard lock(mutex_);
  while (const journal::BatchReader::Row* row = reader.next()) {
    name_shapes(reader);
    if (!purged_.empty() && purged_.contains(row->device)) continue;
    if (comes_again) {
      const auto stored = stored_.find({.device = row->device, .hour = hour_of(row->at_ms)});
      if (stored != stored_.end() && sequence <= stored->second) continue;
    }
    const OfBatch& shape = of_batch_.shapes[row->shape];
    if (shape.resent && came_before(*row, reader)) continue;
    if (reader.failed()) break;
    Head& head = devices_[row->device][hour_of(row->at_ms)];
    if (head.bytes == 0) head.first_sequence = sequence;
    if (head.rows.size() >= kBufferBytes) {
      head.rows.shrink_to_fit();  // what it had for more is memory that nobody counts
      head.full.push_back(std::make_shared<const std::string>(std::move(head.rows)));
      head.rows.clear();
    }
    const std::size_t before = head.rows.size();
    append_fixed64(head.rows, static_cast<std::uint64_t>(row->at_ms));
    if (shape.resent) {
      head.rows += of_batch_.row;
    } else {
      head.rows += shape.beginning.bytes;
      append_text(head.rows, row->values);
    }
    head.bytes += head.rows.size() - before;
    bytes_ += head.rows.size() - before;
    if (!energies_) continue;
    energies_->add({.device = row->device,
                    .hour = hour_of(row->at_ms),
                    .at_ms = row->at_ms,
                    .shape = shape.beginning.number,
                    .fields = shapes_.fields(shape.beginning),
                    .values = shape.resent ? std::string_view(of_batch_.values) : row->values});
  }
  if (reader.failed()) return fail(ErrorCode::kMalformed, "a record of reports is not a batch");
  return {};
}

std::vector<DeviceHour> HeadBlocks::before(std::int64_t hour, std::size_t most) const {
  const std::lock_guard lock(mutex_);
  std::vector<DeviceHour> found;
  for (const auto& [device, hours] : devices_) {
    for (const auto& [its, head] : hours) {
      if (its >= hour) break;
      if (found.size() == most) return found;
      found.push_back({.device = device, .hour = its});
    }
  }
  return found;
}

std::vector<DeviceHour> HeadBlocks::oldest(std::size_t most) const {
  std::vector<std::pair<std::uint64_t, DeviceHour>> all;
  {
    const std::lock_guard lock(mutex_);
    all.reserve(devices_.size());
    for (const auto& [device, hours] : devices_) {
      for (const auto& [hour, head] : hours) {
        all.emplace_back(head.first_sequence, DeviceHour{.device = device, .hour = hour});
      }
    }
  }
  const std::size_t count = std::min(most, all.size());
  std::ranges::partial_sort(all, all.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<DeviceHour> found;
  found.reserve(count);
  for (std::size_t i = 0; i < count; ++i) found.push_back(all[i].second);
  return found;
}

HeadBlocks::Copy HeadBlocks::copy(const DeviceHour& of) const {
  const std::lock_guard lock(mutex_);
  const Head* head = find(of);
  if (head == nullptr) return {};
  Copy copy{.first_sequence = head->first_sequence, .buffers = head->full};
  copy.buffers.push_back(std::make_shared<const std::string>(head->rows));
  return copy;
}

void HeadBlocks::drop_rows(const DeviceHour& of, const IsStored& is_stored) {
  std::string kept;
  RowShapes::Shape fields;
  for (const Buffer& buffer : copy(of).buffers) {
    Cursor cursor(*buffer);
    while (!cursor.at_end()) {
      const std::string_view rest = cursor.rest();
      const auto at_ms = static_cast<std::int64_t>(cursor.fixed64());
      Cursor values(shapes_.read_row(cursor, fields));
      of_batch_.samples.clear();
      for (const FieldId field : fields) {
        of_batch_.samples.push_back({.field = field, .value = values.value()});
      }
      if (!values.failed() && is_stored(at_ms, of_batch_.samples)) continue;
      kept += rest.substr(0, rest.size() - cursor.rest().size());
    }
  }
  const std::lock_guard lock(mutex_);
  Head& head = devices_[of.device][of.hour];
  bytes_ -= head.bytes - kept.size();
  head.full.clear();
  head.bytes = kept.size();
  head.rows = std::move(kept);
}

void HeadBlocks::purge(DeviceNumber device) {
  if (energies_) energies_->purge(device);
  const std::lock_guard lock(mutex_);
  purged_.insert(device);
  const auto gone = devices_.extract(device);
  if (gone.empty()) return;
  for (const auto& [hour, head] : gone.mapped()) bytes_ -= head.bytes;
}

std::vector<DeviceNumber> HeadBlocks::devices() const {
  std::vector<DeviceNumber> all;
  const std::lock_guard lock(mutex_);
  all.reserve(devices_.size());
  for (const auto& [device, hours] : devices_) all.push_back(device);
  return all;
}

std::vector<std::int64_t> HeadBlocks::hours(DeviceNumber device, std::int64_t from,
                                            std::int64_t to) const {
  std::vector<std::int64_t> found;
  const std::lock_guard lock(mutex_);
  each_hour(device, from, to, [&](std::int64_t hour, const Head&) { found.push_back(hour); });
  return found;
}

void HeadBlocks::drop(const DeviceHour& of) {
  note_stored(of);
  const std::lock_guard lock(mutex_);
  const auto device = devices_.find(of.device);
  if (device == devices_.end()) return;
  Hours& hours = device->second;
  const auto gone = hours.find(of.hour);
  if (gone != hours.end()) {
    bytes_ -= gone->second.bytes;
    hours.erase(gone);
  }
  if (hours.empty()) devices_.erase(device);
}

std::optional<std::uint64_t> HeadBlocks::first_sequence() const {
  const std::lock_guard lock(mutex_);
  std::optional<std::uint64_t> first;
  for (const auto& [device, hours] : devices_) {
    for (const auto& [hour, head] : hours) {
      first = std::min(first.value_or(head.first_sequence), head.first_sequence);
    }
  }
  return first;
}

}  // namespace gridloom::history
