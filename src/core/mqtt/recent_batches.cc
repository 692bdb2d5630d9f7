#include "mqtt/recent_batches.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace gridloom::mqtt {
namespace {

std::size_t bytes_of(const RecentBatch& batch) {
  std::size_t bytes = batch.rows.bytes() + batch.rows.size() * kRowBytes;
  for (const StreamTable::ChangedStream& stream : batch.streams) {
    bytes += kRowBytes + stream.receipts.size();
  }
  for (const auto& [topic, row] : batch.rows.retained()) bytes += topic.size() + row.packet.size();
  return bytes;
}

}  // namespace

void RecentBatches::add(RecentBatch batch, Moment now) {
  while (!kept_.empty() && kept_.back().batch.number > batch.before) {
    bytes_ -= kept_.back().bytes;
    kept_.pop_back();
  }
  const std::size_t bytes = bytes_of(batch);
  bytes_ += bytes;
  kept_.push_back({.batch = std::move(batch), .bytes = bytes, .added = now});
  while (!kept_.empty() && (bytes_ > kMaxBytes || now - kept_.front().added > kKeptFor)) {
    bytes_ -= kept_.front().bytes;
    kept_.pop_front();
  }
}

std::optional<RecentBatch> RecentBatches::after(std::int64_t number) const {
  const auto first =
      std::ranges::find(kept_, number, [](const Kept& kept) { return kept.batch.before; });
  if (first == kept_.end()) return std::nullopt;
  RecentBatch all = first->batch;
  for (auto next = std::next(first); next != kept_.end(); ++next) {
    append(all, next->batch.rows, next->batch.streams);
    all.number = next->batch.number;
  }
  return all;
}

void append(RecentBatch& batch, PendingRows rows, std::vector<StreamTable::ChangedStream> streams) {
  batch.rows.append(std::move(rows));
  // Each stream once, in its last state.
  std::ranges::sort(streams, {}, &StreamTable::ChangedStream::number);
  std::erase_if(batch.streams, [&streams](const StreamTable::ChangedStream& stream) {
    return std::ranges::binary_search(streams, stream.number, {},
                                      &StreamTable::ChangedStream::number);
  });
  std::ranges::move(streams, std::back_inserter(batch.streams));
}

}  // namespace gridloom::mqtt
