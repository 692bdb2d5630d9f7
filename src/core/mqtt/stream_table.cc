#include "mqtt/stream_table.h"

#include <algorithm>
#include <utility>
#include <variant>

namespace gridloom::mqtt {

void StreamTable::restore(StoredStream stream) {
  highest_ = std::max(highest_, stream.number);
  const std::int64_t number = stream.number;
  streams_.insert_or_assign(number, Held{.stream = std::move(stream)});
}

void StreamTable::changed(std::int64_t number) {
  if (const auto held = streams_.find(number); held != streams_.end()) {
    if (std::exchange(held->second.changed, true)) return;
  }
  changed_.push_back(number);
}

// An unknown stream has ended, or the file that had it is lost: its changes are ignored.
void StreamTable::apply(const hub::SessionChange& change) {
  if (const auto* begun = std::get_if<hub::StreamBegun>(&change)) {
    restore({.number = begun->stream,
             .user = std::string(begun->user),
             .client_id = std::string(begun->client_id),
             .receipts = {}});
    return changed(begun->stream);
  }
  const std::int64_t number = std::visit(
      [](const auto& one) {
        if constexpr (requires { one.stream; }) {
          return one.stream;
        } else {
          return std::int64_t{0};
        }
      },
      change);
  const auto held = streams_.find(number);
  if (held == streams_.end()) return;
  Receipts& receipts = held->second.stream.receipts;
  if (std::holds_alternative<hub::StreamEnded>(change)) {
    streams_.erase(held);
    changed_.push_back(number);
    return;
  }
  if (const auto* taken = std::get_if<hub::PublicationTaken>(&change)) {
    receipts.take(taken->receipt, taken->settled);
  } else if (const auto* released = std::get_if<hub::PublicationReleased>(&change)) {
    receipts.remove(released->packet_id);
  } else if (std::holds_alternative<hub::StreamCleared>(change)) {
    receipts.clear_owed();
  }
  changed(number);
}

std::vector<StreamTable::ChangedStream> StreamTable::take_changed() {
  std::vector<ChangedStream> rows;
  std::ranges::sort(changed_);
  changed_.erase(std::ranges::unique(changed_).begin(), changed_.end());
  rows.reserve(changed_.size());
  for (const std::int64_t number : std::exchange(changed_, {})) {
    const auto held = streams_.find(number);
    if (held == streams_.end()) {
      rows.push_back({.number = number, .ended = true});
      continue;
    }
    held->second.changed = false;
    const StoredStream& stream = held->second.stream;
    rows.push_back({.number = number,
                    .user = stream.user,
                    .client_id = stream.client_id,
                    .receipts = stream.receipts.bytes()});
  }
  return rows;
}

void StreamTable::put_back(const std::vector<ChangedStream>& rows) {
  for (const ChangedStream& row : rows) changed(row.number);
}

StoredStreams StreamTable::all() const {
  StoredStreams all;
  all.reserve(streams_.size());
  for (const auto& [number, held] : streams_) all.push_back(held.stream);
  std::ranges::sort(all, {}, &StoredStream::number);
  return all;
}

}  // namespace gridloom::mqtt
