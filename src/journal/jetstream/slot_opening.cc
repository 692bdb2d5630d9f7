#include "journal/jetstream/slot_opening.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <utility>

#include "journal/jetstream/record_reader.h"

namespace gridloom::journal {
namespace {

using Steady = std::chrono::steady_clock;

// How long one read waits for a message that is known to be there.
constexpr Millis kReadWait{500};

}  // namespace

SlotOpening::SlotOpening(nats::JetStream& jet_stream, SlotStream& stream, Options options)
    : jet_stream_(jet_stream), stream_(stream), options_(std::move(options)) {}

// Calls until it succeeds, there is no point in another try, or NATS does not answer for too long.
template <typename T, typename Call>
Result<T> SlotOpening::with_patience(const Call& call) const {
  const auto deadline = Steady::now() + options_.patience;
  std::mutex mutex;
  std::condition_variable_any pause;
  while (true) {
    Result<T> result = call();
    if (result) return result;
    const ErrorCode code = result.error().code;
    const bool may_pass =
        code == ErrorCode::kOffline || code == ErrorCode::kNoAnswer || code == ErrorCode::kIo;
    if (!may_pass) return result;
    std::unique_lock lock(mutex);
    pause.wait_for(lock, options_.stop, options_.retry, [] { return false; });
    if (options_.stop.stop_requested() || Steady::now() > deadline) {
      return fail(ErrorCode::kIo, result.error().detail);
    }
  }
}

Result<SlotStream::Fence> SlotOpening::fence_once() {
  if (Status status = stream_.ensure(); !status) return std::unexpected(status.error());
  return stream_.fence(options_.known);
}

Status SlotOpening::open(std::uint64_t after, const OnRecords& on_records) {
  const auto fence = with_patience<SlotStream::Fence>([this] { return fence_once(); });
  if (!fence) return std::unexpected(fence.error());
  fence_ = *fence;
  if (fence_.log_ends < options_.known) loss_.ends_early = fence_.log_ends;
  return replay(after, on_records);
}

Status SlotOpening::replay(std::uint64_t after, const OnRecords& on_records) {
  expected_ = after + 1;
  const auto start = with_patience<std::uint64_t>([&] { return stream_.find(after + 1); });
  if (!start) return std::unexpected(start.error());
  RecordReader reader(jet_stream_, stream_.config(), std::min(*start, fence_.sequence));
  while (reader.position() <= fence_.sequence) {
    const auto count = with_patience<std::size_t>([&]() -> Result<std::size_t> {
      auto read = reader.next(kReadWait, [&](std::uint64_t sequence, const MessageHead& head,
                                             std::span<const Record> records) {
        take(sequence, head, records, on_records);
        return true;
      });
      if (read && *read == 0) return fail(ErrorCode::kNoAnswer, "no message of the log came");
      return read;
    });
    if (!count) return std::unexpected(count.error());
  }
  loss_.damaged_messages = reader.damaged();
  return {};
}

void SlotOpening::take(std::uint64_t sequence, const MessageHead& head,
                       std::span<const Record> records, const OnRecords& on_records) {
  if (head.kind != MessageKind::kOrigin && head.part == 0) places_.add(head.first, sequence);
  if (head.kind == MessageKind::kFence) note_gap(head.first);
  while (!records.empty() && records.front().sequence < expected_) records = records.subspan(1);
  if (records.empty()) return;
  note_gap(records.front().sequence);
  expected_ = records.back().sequence + 1;
  on_records(records);
}

// The records from the expected one to the next one are missing, if there are any.
void SlotOpening::note_gap(std::uint64_t next) {
  if (next <= expected_) return;
  if (loss_.gaps.size() < SlotLoss::kMaxGaps) {
    loss_.gaps.push_back({.first = expected_, .last = next - 1});
  }
  expected_ = next;
}

}  // namespace gridloom::journal
