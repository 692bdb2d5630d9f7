// The log's queue and its thread. Only the thread appends to the stream and touches the records
// that it has taken from the queue; callers touch the queue under the mutex, which is never held
// during a call of NATS or a callback.
#include "jetstream/slot_log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "base/log_throttle.h"
#include "base/secret.h"
#include "jetstream/message.h"
#include "jetstream/record_places.h"
#include "jetstream/record_reader.h"
#include "jetstream/slot_copy.h"
#include "jetstream/slot_opening.h"
#include "jetstream/slot_stream.h"
#include "nats/jet_stream.h"

namespace gridloom::journal {
namespace {

using Steady = std::chrono::steady_clock;

constexpr Millis kErrorsEvery{60'000};
// How long one read waits for a message that is known to be there.
constexpr Millis kReadWait{500};
// One call of read() hands over about as much.
constexpr std::size_t kReadBytes = std::size_t{1} * 1024 * 1024;
// The records of one write have about as many bytes before they are compressed.
constexpr std::size_t kWriteBytes = kLargestBody_bytes;
constexpr std::size_t kRecordHead_bytes = 16;
constexpr std::size_t kLargestPayload_bytes = kLargestUnpacked_bytes / 2;

struct Waiting {
  std::uint64_t sequence = 0;
  RecordKind kind{};
  std::string payload;
  Task durable;

  [[nodiscard]] std::size_t size() const { return kRecordHead_bytes + payload.size(); }
};

using Call = std::function<Result<SlotStream::Outcome>()>;

struct Attempts {
  std::uint64_t begun = 0;
  std::uint64_t failed = 0;  // the last one that did
  std::string failing{};     // why; empty: the last one succeeded
};

// With a reconnect, NATS may have lost something.
struct Reconnects {
  bool happened = false;  // since the stream was looked at
  std::optional<nats::ReconnectListener> listener{};
};

// The state of a read that SlotLog::read() continues.
struct Reading {
  std::mutex mutex;
  std::optional<RecordReader> reader;
  std::uint64_t after = 0;  // the record behind which it is
};

std::uint64_t random_number() {
  std::uint64_t number = 0;
  const std::string digits = random_hex(sizeof(number));
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

}  // namespace

struct SlotLog::Impl {
  explicit Impl(Options given) : options(std::move(given)) {}

  [[nodiscard]] Status open(std::uint64_t after);

  // The log's thread.
  void work();
  [[nodiscard]] std::vector<Waiting> take_group();
  [[nodiscard]] bool write(std::vector<Waiting> group);
  [[nodiscard]] bool append_body(MessageHead head, std::string_view body);
  [[nodiscard]] bool until_stored(const Call& call);
  void append_to_copy(const MessageHead& head, std::string_view body);
  [[nodiscard]] bool await_copy(std::uint64_t record);
  void failed(const std::string& why);
  void recovered();
  void fence(const Error& error);
  void close(const std::string& why);
  void serve_trim();

  const Options options;
  OnRecords on_records;
  SlotLoss loss;  // constant once the log is open
  std::optional<nats::JetStream> jet_stream;
  std::optional<SlotStream> stream;

  // Owned by the thread once it runs.
  RecordPlaces places;
  std::optional<Steady::time_point> lost_since;
  LogThrottle warning_throttle{{.times = 1, .within = kErrorsEvery}};
  SystemClock clock;

  mutable std::mutex mutex;
  std::condition_variable wake;  // wakes the thread
  std::condition_variable done;  // wakes flush()
  std::deque<Waiting> waiting;
  std::uint64_t next_sequence = 1;
  std::uint64_t durable_through = 0;
  Attempts attempts;
  std::optional<std::uint64_t> trim_to;
  std::uint64_t copied_through = 0;  // the last record that is in the copy
  Reconnects reconnects;
  bool stopping = false;
  bool fenced = false;

  std::unique_ptr<SlotCopy> copy;  // as the members above; none without Options::copy

  std::atomic<std::size_t> unsafe_bytes{0};    // appended but not yet durable
  std::atomic<std::uint64_t> last_message{0};  // of the stream, that is durable

  Reading reading;

  std::jthread thread;
};

Status SlotLog::Impl::open(std::uint64_t after) {
  GL_TRY(auto opened, nats::JetStream::open(*options.connection, {.wait = options.limits.wait}));
  jet_stream.emplace(std::move(opened));
  stream.emplace(*jet_stream,
                 nats::StreamConfig{.name = stream_name(options.slot),
                                    .subject = subject(options.slot),
                                    .replicas = options.replicas,
                                    .max_bytes = options.max_bytes},
                 SlotWriter{.revision = options.revision,
                            .writer = random_number(),
                            .node = options.node,
                            .on_later_owner = options.on_later_owner});
  if (options.copy) {
    GL_TRY(auto copied,
           SlotCopy::open(*options.copy, {.revision = options.revision, .stored = after}));
    copy = std::move(copied);
  }
  SlotOpening opening(*jet_stream, *stream,
                      {.known = std::max(options.known, after),
                       .retry = options.limits.retry,
                       .patience = options.limits.open,
                       .copy = copy.get(),
                       .stop = options.stop});
  GL_TRY(opening.open(after, on_records));
  next_sequence = opening.next_record();
  durable_through = next_sequence - 1;
  last_message = stream->last_sequence();
  loss = opening.loss();
  places = opening.take_places();
  return {};
}

void SlotLog::Impl::work() {
  std::unique_lock lock(mutex);
  while (!fenced) {
    wake.wait(lock, [this] {
      return stopping || fenced || !waiting.empty() || trim_to || reconnects.happened;
    });
    // Where nothing is written for long, a loss of the stream would not be seen.
    if (std::exchange(reconnects.happened, false) && waiting.empty() && !stopping) {
      lock.unlock();
      const bool is_whole = until_stored([this] { return stream->look(); });
      lock.lock();
      if (!is_whole) break;
    }
    if (trim_to) {
      lock.unlock();
      serve_trim();
      lock.lock();
    }
    if (waiting.empty()) {
      if (stopping) return;
      continue;
    }
    std::vector<Waiting> group = take_group();
    lock.unlock();
    const bool is_written = write(std::move(group));
    lock.lock();
    if (!is_written) break;
  }
  if (fenced || waiting.empty()) return;
  spdlog::error("the log of slot {} ends without {} records that could not be sent", options.slot,
                waiting.size());
}

std::vector<Waiting> SlotLog::Impl::take_group() {
  std::vector<Waiting> group;
  std::size_t bytes = 0;
  while (!waiting.empty() && (group.empty() || bytes + waiting.front().size() <= kWriteBytes)) {
    bytes += waiting.front().size();
    group.push_back(std::move(waiting.front()));
    waiting.pop_front();
  }
  return group;
}

// False: the log ends, by a fence, because it was given up, or by its destructor.
bool SlotLog::Impl::write(std::vector<Waiting> group) {
  std::vector<Record> records;
  records.reserve(group.size());
  std::size_t bytes = 0;
  for (const Waiting& each : group) {
    records.push_back({.sequence = each.sequence, .kind = each.kind, .payload = each.payload});
    bytes += each.size();
  }
  const MessageHead head{
      .kind = MessageKind::kRecords, .first = records.front().sequence, .count = records.size()};
  const std::string body = make_body(records);
  const std::uint64_t last = records.back().sequence;
  append_to_copy(head, body);
  if (!append_body(head, body) || !await_copy(last)) {
    unsafe_bytes -= bytes;
    return false;
  }
  on_records(records);
  for (Waiting& each : group) {
    if (each.durable) each.durable();
    each = {};
  }
  unsafe_bytes -= bytes;
  if (copy) copy->acknowledged(last);
  {
    const std::lock_guard lock(mutex);
    durable_through = last;
  }
  done.notify_all();
  return true;
}

// While the stream takes the message.
void SlotLog::Impl::append_to_copy(const MessageHead& head, std::string_view body) {
  if (!copy) return;
  const std::uint64_t last = head.first + head.count - 1;
  copy->append(stream->signed_head(head), body, [this, last] {
    {
      const std::lock_guard lock(mutex);
      copied_through = last;
    }
    wake.notify_all();
  });
}

// Returns when the copy has the record. False: as for write().
bool SlotLog::Impl::await_copy(std::uint64_t record) {
  if (!copy) return true;
  while (true) {
    {
      std::unique_lock lock(mutex);
      ++attempts.begun;
      wake.wait_for(lock, options.limits.retry, [&] { return fenced || copied_through >= record; });
      if (fenced) return false;
      if (copied_through >= record) break;
    }
    if (const std::string why = copy->failing(); !why.empty()) {
      failed(why);
      const std::lock_guard lock(mutex);
      if (stopping) return false;
    }
    // Records that are removed make room on a disk that is full.
    serve_trim();
  }
  recovered();
  return true;
}

bool SlotLog::Impl::append_body(MessageHead head, std::string_view body) {
  head.parts = parts_of(body);
  for (; head.part < head.parts; ++head.part) {
    const std::string_view part = part_of(body, head.part);
    if (!until_stored([&] { return stream->append(head, part); })) return false;
    if (head.part == 0) places.add(head.first, stream->last_sequence());
  }
  last_message = stream->last_sequence();
  // Given up meanwhile: what is stored is the next owner's.
  const std::lock_guard lock(mutex);
  return !fenced;
}

// Calls until the stream has all that this owner appended. False: as for write().
bool SlotLog::Impl::until_stored(const Call& call) {
  while (true) {
    {
      const std::lock_guard lock(mutex);
      ++attempts.begun;
    }
    const auto outcome = call();
    if (outcome && *outcome == SlotStream::Outcome::kStored) {
      lost_since.reset();
      recovered();
      return true;
    }
    if (outcome && *outcome == SlotStream::Outcome::kOvertaken) {
      fence(
          {.code = ErrorCode::kConflict,
           .detail = fmt::format("another node has taken the log {} over", stream->config().name)});
      return false;
    }
    if (outcome) {
      const std::string why = fmt::format("the stream {} has lost messages", stream->config().name);
      if (!lost_since) lost_since = Steady::now();
      if (Steady::now() - *lost_since >= options.limits.lost) {
        fence({.code = ErrorCode::kDamaged, .detail = why});
        return false;
      }
      failed(why);
    } else {
      lost_since.reset();
      failed(outcome.error().detail);
    }
    // Records that are removed make room in a stream that is full.
    serve_trim();
    std::unique_lock lock(mutex);
    if (stopping || fenced) return false;
    wake.wait_for(lock, options.limits.retry, [this] { return stopping || fenced; });
    if (fenced) return false;
  }
}

void SlotLog::Impl::failed(const std::string& why) {
  {
    const std::lock_guard lock(mutex);
    attempts.failing = why;
    attempts.failed = attempts.begun;
  }
  done.notify_all();
  if (const auto left_out = warning_throttle.admit(clock.now())) {
    spdlog::error("the log of slot {} cannot be written; nothing is acknowledged until it can: {}",
                  options.slot, why);
  }
}

void SlotLog::Impl::recovered() {
  const std::lock_guard lock(mutex);
  if (attempts.failing.empty()) return;
  spdlog::info("the log of slot {} can be written again", options.slot);
  attempts.failing.clear();
}

void SlotLog::Impl::fence(const Error& error) {
  close(error.detail);
  spdlog::warn("the log of slot {} is closed: {}", options.slot, error.detail);
  if (options.on_fenced) options.on_fenced(error);
}

// Any thread.
void SlotLog::Impl::close(const std::string& why) {
  std::deque<Waiting> dropped;
  {
    const std::lock_guard lock(mutex);
    fenced = true;
    attempts.failing = why;
    dropped.swap(waiting);
    for (const Waiting& each : dropped) unsafe_bytes -= each.size();
  }
  done.notify_all();
  wake.notify_all();
}

void SlotLog::Impl::serve_trim() {
  std::optional<std::uint64_t> through;
  {
    const std::lock_guard lock(mutex);
    through = std::exchange(trim_to, std::nullopt);
  }
  if (!through) return;
  if (copy) copy->trim(*through);
  const std::uint64_t before = places.before(*through + 1);
  if (before == 0) return;
  if (const Status status = stream->purge(before); status) {
    places.forget(before);
  } else if (const auto left_out = warning_throttle.admit(clock.now())) {
    // The next trim tries again.
    spdlog::error("old records of slot {} could not be removed: {}", options.slot,
                  status.error().detail);
  }
}

SlotLog::SlotLog(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}

SlotLog::~SlotLog() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  if (impl_->thread.joinable()) impl_->thread.join();
}

std::string SlotLog::stream_name(std::uint32_t slot) { return fmt::format("GL_LOG_{}", slot); }
std::string SlotLog::subject(std::uint32_t slot) { return fmt::format("gl.log.{}", slot); }

Status SlotLog::from(const Positions& positions, OnRecords on_records) {
  GL_TRY(const auto after, positions.common());
  impl_->on_records = std::move(on_records);
  impl_->reconnects.listener.emplace(*impl_->options.connection, [impl = impl_.get()] {
    {
      const std::lock_guard lock(impl->mutex);
      impl->reconnects.happened = true;
    }
    impl->wake.notify_all();
  });
  GL_TRY(impl_->open(after));
  impl_->thread = std::jthread([this] { impl_->work(); });
  return {};
}

Result<Positions> SlotLog::read(const Positions& after, const Positions& through,
                                const OnRecord& on_record) {
  GL_TRY(const auto first, after.common());
  GL_TRY(const auto last, through.common());
  Impl& impl = *impl_;
  const std::lock_guard lock(impl.reading.mutex);
  std::uint64_t at = first;
  if (!impl.reading.reader || impl.reading.after != at) {
    GL_TRY(const auto start, impl.stream->find(at + 1));
    impl.reading.reader.emplace(*impl.jet_stream, impl.stream->config(), start);
  }
  bool is_enough = false;
  std::size_t bytes = 0;
  while (!is_enough && bytes < kReadBytes && at < last &&
         impl.reading.reader->position() <= impl.last_message) {
    const auto count = impl.reading.reader->next(
        kReadWait, [&](std::uint64_t, const MessageHead&, std::span<const Record> records) {
          for (const Record& record : records) {
            if (record.sequence <= at) continue;
            if (record.sequence > last) is_enough = true;
            if (is_enough) break;
            at = record.sequence;
            bytes += record.payload.size();
            is_enough = !on_record(record);
          }
          return !is_enough;
        });
    if (count && *count != 0) continue;
    impl.reading.reader.reset();
    if (at != first) return Positions::everywhere(at);
    if (!count) return std::unexpected(count.error());
    return fail(ErrorCode::kIo, "NATS sends no message of the log");
  }
  if (is_enough) impl.reading.reader.reset();
  impl.reading.after = at;
  return Positions::everywhere(at);
}

void SlotLog::trim(const Positions& positions) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->trim_to = std::max(impl_->trim_to.value_or(0), positions.least());
  }
  impl_->wake.notify_one();
}

bool SlotLog::behind() const { return waiting_bytes() > impl_->options.limits.waiting_bytes; }

std::string SlotLog::failing() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->attempts.failing;
}

bool SlotLog::is_fenced() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->fenced;
}

std::size_t SlotLog::waiting_bytes() const { return impl_->unsafe_bytes; }

std::uint64_t SlotLog::copy_bytes() const { return impl_->copy ? impl_->copy->bytes() : 0; }

bool SlotLog::flush() {
  Impl& impl = *impl_;
  std::unique_lock lock(impl.mutex);
  const std::uint64_t target = impl.next_sequence - 1;
  const std::uint64_t before = impl.attempts.begun;
  impl.done.wait(lock, [&] {
    return impl.durable_through >= target || impl.fenced || impl.attempts.failed > before;
  });
  return !impl.fenced && impl.durable_through >= target;
}

const SlotLoss& SlotLog::loss() const { return impl_->loss; }

void SlotLog::abandon() { impl_->close("the log was given up"); }

std::uint64_t SlotLog::append_record(RecordKind kind, std::string payload, Task durable,
                                     std::size_t /*waiters*/) {
  if (payload.size() > kLargestPayload_bytes) std::abort();
  Impl& impl = *impl_;
  Waiting record{.kind = kind, .payload = std::move(payload), .durable = std::move(durable)};
  const std::size_t size = record.size();
  std::uint64_t sequence = 0;
  {
    const std::lock_guard lock(impl.mutex);
    if (impl.fenced) return impl.next_sequence;
    sequence = impl.next_sequence++;
    record.sequence = sequence;
    impl.unsafe_bytes += size;
    impl.waiting.push_back(std::move(record));
  }
  impl.wake.notify_one();
  return sequence;
}

}  // namespace gridloom::journal
