#include "jetstream/slot_opening.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <xxhash.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <limits>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace gridloom::journal {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Millis kWarnEvery{1'000};
// So many messages are read one by one in about the time in which NATS makes a consumer.
constexpr std::uint64_t kNear = 100;

// The size of records that are appended again in one message. Each message is a round trip, and at
// low rates an entry of the copy has one record.
constexpr std::size_t kBatch_bytes = std::size_t{256} * 1024;

// Records of the copy whose hashes are read at once.
constexpr std::uint64_t kCompared = 10'000;

// Records with payloads of its own.
class Batch {
 public:
  void add(std::span<const Record> records) {
    for (const Record& each : records) {
      const std::string& payload = payloads_.emplace_back(each.payload);
      records_.push_back({.sequence = each.sequence, .kind = each.kind, .payload = payload});
      bytes_ += payload.size();
    }
  }
  void clear() {
    records_.clear();
    payloads_.clear();
    bytes_ = 0;
  }
  [[nodiscard]] std::span<const Record> records() const { return records_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  std::vector<Record> records_;
  std::deque<std::string> payloads_;
  std::size_t bytes_ = 0;
};

std::uint64_t hash_of(const Record& record) {
  return XXH3_64bits(record.payload.data(), record.payload.size());
}

// Whether nothing of this line of owners is missing: the copy has what is not stored.
bool has_all(const SlotCopy& copy, std::uint64_t known) {
  return copy.last() >= known || (copy.is_sure() && copy.revision() != 0);
}

}  // namespace

SlotOpening::SlotOpening(nats::JetStream& jet_stream, SlotStream& stream, Options options)
    : jet_stream_(jet_stream), stream_(stream), options_(std::move(options)) {}

// Calls until it succeeds, there is no point in another try, or NATS does not answer for too long.
template <typename T, typename Call>
Result<T> SlotOpening::with_patience(const Call& call) const {
  const auto deadline = Steady::now() + options_.patience;
  auto warned_at = Steady::time_point::min();
  std::mutex mutex;
  std::condition_variable_any pause;
  while (true) {
    Result<T> result = call();
    if (result) return result;
    const ErrorCode code = result.error().code;
    const bool may_pass =
        code == ErrorCode::kOffline || code == ErrorCode::kNoAnswer || code == ErrorCode::kIo;
    if (!may_pass) return result;
    if (const auto now = Steady::now(); now - kWarnEvery > warned_at) {
      spdlog::warn("the log {} cannot be opened yet: {}", stream_.config().name,
                   result.error().detail);
      warned_at = now;
    }
    std::unique_lock lock(mutex);
    pause.wait_for(lock, options_.stop, options_.retry, [] { return false; });
    if (options_.stop.stop_requested() || Steady::now() > deadline) {
      return fail(ErrorCode::kIo, result.error().detail);
    }
  }
}

Result<SlotStream::Fence> SlotOpening::fence_once() {
  GL_TRY(stream_.ensure());
  return stream_.fence([this](const SlotStream::LogEnd& end) { return number_behind(end); });
}

// Records that are appended again get the numbers that they had.
std::uint64_t SlotOpening::number_behind(const SlotStream::LogEnd& end) {
  const std::uint64_t known = std::max(options_.known, end.record);
  const SlotCopy* const copy = options_.copy;
  goes_on_ = copy != nullptr && end.revision <= copy->revision();
  restores_ = false;
  if (!goes_on_ || copy->last() <= end.record) return known + 1;
  const std::uint64_t from = std::max(end.record, after_) + 1;
  restores_ = copy->last() >= options_.known && copy->has_all(from, copy->last());
  return restores_ ? from : std::max(known, copy->last()) + 1;
}

Status SlotOpening::open(std::uint64_t after, const OnRecords& on_records) {
  after_ = after;
  on_records_ = on_records;
  GL_TRY(const auto fence, with_patience<SlotStream::Fence>([this] { return fence_once(); }));
  fence_ = fence;
  next_record_ = fence_.next_record;
  GL_TRY(replay());
  if (options_.copy != nullptr && !has_begun_) {
    GL_TRY(begin_copy(std::numeric_limits<std::uint64_t>::max()));
  }
  if (restores_) {
    GL_TRY(restore());
  }
  const bool is_whole =
      restores_ || (goes_on_ && loss_.gaps.empty() && has_all(*options_.copy, options_.known));
  if (fence_.log_ends < options_.known && !is_whole) loss_.ends_early = fence_.log_ends;
  if (options_.copy != nullptr) {
    const std::vector<LossNote>& notes = options_.copy->notes();
    loss_.of_copy.insert(loss_.of_copy.end(), notes.begin(), notes.end());
  }
  return {};
}

Status SlotOpening::replay() {
  expected_ = after_ + 1;
  GL_TRY(const auto start, with_patience<std::uint64_t>([&] { return stream_.find(after_ + 1); }));
  RecordReader reader(jet_stream_, stream_.config(), std::min(start, fence_.sequence));
  Status taken;
  const auto on_message = [&](std::uint64_t sequence, const MessageHead& head,
                              std::span<const Record> records) {
    taken = take(sequence, head, records, reader.body());
    return taken.has_value();
  };
  while (reader.position() <= fence_.sequence) {
    const bool is_near = fence_.sequence - reader.position() < kNear;
    const auto count = with_patience<std::size_t>([&] {
      auto read = is_near ? Result<std::size_t>(0) : reader.next(Millis(0), on_message);
      const bool is_over = read ? *read != 0 : read.error().code == ErrorCode::kMalformed;
      if (is_over) return read;
      // The messages are there, but the consumer may be at a server that lags behind the others, or
      // that is gone. The leader has them all; it is slow, as each is asked for.
      reader.renew();
      return reader.get(fence_.sequence, on_message);
    });
    if (!count) return std::unexpected(count.error());
    if (!taken) return taken;
  }
  loss_.damaged_messages = reader.damaged();
  return {};
}

Status SlotOpening::take(std::uint64_t sequence, const MessageHead& head,
                         std::span<const Record> records, std::string_view body) {
  if (head.kind != MessageKind::kOrigin && head.part == 0) places_.add(head.first, sequence);
  GL_TRY(follow(sequence, head));
  if (head.kind == MessageKind::kFence) {
    GL_TRY(fill_gap(head.first));
  }
  while (!records.empty() && records.front().sequence < expected_) records = records.subspan(1);
  if (records.empty()) return {};
  GL_TRY(compare(records));
  GL_TRY(fill_gap(records.front().sequence));
  last_read_ = records.back().sequence;
  last_hash_ = hash_of(records.back());
  hand_over(records);
  return add_to_copy(head, body);
}

void SlotOpening::hand_over(std::span<const Record> records) {
  expected_ = records.back().sequence + 1;
  on_records_(records);
}

// Where another owner, or this node without its copy, appended behind what the copy has, the rest
// of the copy was overtaken, but for what that owner had given back from a copy of its own. Where
// messages are missing before that, nobody knows from where on.
Status SlotOpening::follow(std::uint64_t sequence, const MessageHead& head) {
  if (options_.copy == nullptr || has_begun_ || goes_on_ || head.kind == MessageKind::kOrigin) {
    return {};
  }
  // None of the records of those that appended was read: they are all stored.
  if (sequence == fence_.sequence) return begin_copy(same_through_.value_or(fence_.log_ends));
  if (same_through_ || head.revision <= options_.copy->revision()) return {};
  const bool is_fence = head.kind == MessageKind::kFence;
  if (is_fence && head.node == stream_.signed_head({}).node) return {};
  const std::uint64_t next = is_fence ? head.first : std::min(head.first, expected_);
  same_through_ = std::max<std::uint64_t>(next, 1) - 1;
  return *same_through_ < options_.copy->last() ? Status() : begin_copy(*same_through_);
}

Status SlotOpening::compare(std::span<const Record> records) {
  for (const Record& record : records) {
    if (!same_through_ || has_begun_) return {};
    if (record.sequence <= *same_through_) continue;
    GL_TRY(const bool same, is_in_copy(record));
    if (!same) return begin_copy(*same_through_);
    same_through_ = record.sequence;
  }
  return {};
}

Result<bool> SlotOpening::is_in_copy(const Record& record) {
  SlotCopy& copy = *options_.copy;
  if (record.sequence > copy.last()) return false;
  if (copied_.empty() || copied_.rbegin()->first < record.sequence) {
    copied_.clear();
    GL_TRY(copy.read(record.sequence, record.sequence + kCompared - 1,
                     [this](std::span<const Record> records) {
                       for (const Record& each : records) {
                         copied_.emplace(each.sequence, hash_of(each));
                       }
                       return Status();
                     }));
  }
  const auto found = copied_.find(record.sequence);
  return found != copied_.end() && found->second == hash_of(record);
}

Status SlotOpening::begin_copy(std::uint64_t keep) {
  has_begun_ = true;
  return options_.copy->begin(stream_.signed_head({}), keep);
}

Status SlotOpening::add_to_copy(const MessageHead& head, std::string_view body) const {
  SlotCopy* const copy = options_.copy;
  if (copy == nullptr || head.first + head.count - 1 <= copy->last()) return {};
  copy->append(head, body, {});
  return copy->behind() ? copy->flush() : Status();
}

// The records from the expected one to the next one are not in the stream, if there are any.
Status SlotOpening::fill_gap(std::uint64_t next) {
  if (next > expected_ && (goes_on_ || has_begun_)) {
    const auto on_records = [this](std::span<const Record> records) {
      note_gap(records.front().sequence);
      hand_over(records);
      return Status();
    };
    GL_TRY(options_.copy->read(expected_, next - 1, on_records));
  }
  note_gap(next);
  return {};
}

void SlotOpening::note_gap(std::uint64_t next) {
  if (next <= expected_) return;
  if (loss_.gaps.size() < SlotLoss::kMaxGaps) {
    loss_.gaps.push_back({.first = expected_, .last = next - 1});
  }
  expected_ = next;
}

// Two databases of one cluster's id, of which one was restored, may have given a number twice.
Status SlotOpening::check_copy() {
  SlotCopy& copy = *options_.copy;
  if (last_read_ == 0 || last_read_ != fence_.log_ends) return {};
  bool is_other = false;
  const Status read = copy.read(last_read_, last_read_, [&](std::span<const Record> records) {
    is_other = hash_of(records.front()) != last_hash_;
    return Status();
  });
  if (!read || !is_other) return read;
  GL_TRY(begin_copy(0));
  return fail(ErrorCode::kIo,
              fmt::format("record {} of the log {} is another one in this node's copy, which is "
                          "left out from now on",
                          last_read_, stream_.config().name));
}

// The copy is not changed by this, so that it may end at any place: the next opening continues.
Status SlotOpening::restore() {
  SlotCopy& copy = *options_.copy;
  const std::uint64_t last = copy.last();
  if (last < fence_.next_record) return {};
  GL_TRY(check_copy());
  GL_TRY(copy.flush());
  Batch batch;
  const auto append_batch = [&]() -> Status {
    if (batch.records().empty()) return {};
    GL_TRY(append_again(batch.records()));
    hand_over(batch.records());
    batch.clear();
    return {};
  };
  std::uint64_t next = expected_;
  const Status read = copy.read(fence_.next_record, last, [&](std::span<const Record> records) {
    if (records.front().sequence != next) {
      return Status(fail(ErrorCode::kIo, "this node's copy of the slot's log cannot be read"));
    }
    next = records.back().sequence + 1;
    batch.add(records);
    return batch.bytes() < kBatch_bytes ? Status() : append_batch();
  });
  if (!read) return read;
  GL_TRY(append_batch());
  if (expected_ != last + 1) {
    return fail(ErrorCode::kIo, "this node's copy of the slot's log cannot be read");
  }
  next_record_ = expected_;
  spdlog::warn("the log {} had lost records {} to {}, which were in this node's copy",
               stream_.config().name, fence_.next_record, last);
  if (!copy.is_sure()) {
    loss_.of_copy.push_back(
        {.text = "the log of the slot had lost its end, which is back from this node's copy: what "
                 "came later is lost if another node owned the slot meanwhile, unless the same "
                 "folder of that node has it"});
  }
  return {};
}

Status SlotOpening::append_again(std::span<const Record> records) {
  MessageHead head{
      .kind = MessageKind::kRecords, .first = records.front().sequence, .count = records.size()};
  const std::string body = make_body(records);
  head.parts = parts_of(body);
  for (; head.part < head.parts; ++head.part) {
    GL_TRY(const auto outcome, with_patience<SlotStream::Outcome>(
                                   [&] { return stream_.append(head, part_of(body, head.part)); }));
    if (outcome != SlotStream::Outcome::kStored) {
      return fail(
          outcome == SlotStream::Outcome::kOvertaken ? ErrorCode::kConflict : ErrorCode::kIo,
          fmt::format("the log {} changed while it was opened", stream_.config().name));
    }
    if (head.part == 0) places_.add(head.first, stream_.last_sequence());
  }
  return {};
}

}  // namespace gridloom::journal
