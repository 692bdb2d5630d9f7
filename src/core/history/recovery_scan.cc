#include "history/recovery_scan.h"

#include <algorithm>
#include <utility>

namespace gridloom::history {
namespace {

constexpr std::size_t kMaxWaitingBytes = std::size_t{16} * 1024 * 1024;

}  // namespace

void RecoveryScan::take(std::string_view batch) {
  journal::BatchReader reader(batch);
  of_batch_.clear();
  while (const journal::BatchReader::Row* row = reader.next()) {
    while (of_batch_.size() < reader.names().size()) {
      const std::string_view name = reader.names()[of_batch_.size()];
      of_batch_.push_back({.field = names_.id_of(name), .own = journal::is_own(name)});
    }
    Device& device = devices_[row->device];
    // Reports of one kind have the same fields in the same order, so the next field is usually
    // here.
    auto& values = device.values;
    auto at = values.begin();
    for (const journal::BatchReader::Field& said : reader.fields()) {
      const Name& name = of_batch_[said.name];
      if (name.own) continue;
      device.at_ms = std::max(device.at_ms, row->at_ms);
      if (at == values.end() || at->field != name.field) {
        at = std::ranges::find(values, name.field, &Last::field);
        if (at == values.end()) at = values.insert(at, {.field = name.field});
      }
      at->number = said.value.number;
      at->text = said.value.text;
      ++at;
    }
  }
}

Recovered RecoveryScan::recovered(StoredTwin twin, Device& device) const {
  std::vector<journal::LastValue> values;
  values.reserve(device.values.size());
  for (Last& last : device.values) {
    values.push_back({.name = names_.name_of(last.field),
                      .text = last.text.empty() ? text_of(last.number) : std::move(last.text)});
  }
  std::ranges::sort(values, {}, &journal::LastValue::name);
  Recovered recovered{.twin = std::move(twin), .values = std::move(values)};
  if (device.at_ms != 0) recovered.at = TimePoint(Millis(device.at_ms));
  return recovered;
}

std::vector<Recovered> RecoveryScan::with(std::vector<StoredTwin> twins) {
  std::vector<Recovered> all;
  all.reserve(std::max(twins.size(), devices_.size()));
  for (StoredTwin& twin : twins) {
    auto newer = devices_.extract(twin.device);
    Device none;
    all.push_back(recovered(std::move(twin), newer.empty() ? none : newer.mapped()));
  }
  for (auto& [device, said] : devices_) {
    all.push_back(recovered({.device = device, .sn = {}, .text = {}}, said));
  }
  devices_.clear();
  std::ranges::sort(all, {}, [](const Recovered& one) { return one.twin.device; });
  return all;
}

ParallelRecoveryScan::ParallelRecoveryScan(RecoveryScan& scan)
    : thread_([this, &scan] { run(scan); }) {}

ParallelRecoveryScan::~ParallelRecoveryScan() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
}

void ParallelRecoveryScan::take(std::string batch) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return bytes_ < kMaxWaitingBytes; });
  bytes_ += batch.size();
  batches_.push_back(std::move(batch));
  if (batches_.size() > 1) return;
  lock.unlock();
  changed_.notify_all();
}

void ParallelRecoveryScan::run(RecoveryScan& scan) {
  std::vector<std::string> batches;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ends_ || !batches_.empty(); });
    if (batches_.empty()) return;
    batches.swap(batches_);
    bytes_ = 0;
    lock.unlock();
    changed_.notify_all();
    for (const std::string& batch : batches) scan.take(batch);
    batches.clear();
    lock.lock();
  }
}

}  // namespace gridloom::history
