// The log's queue and its thread. Only the thread touches the segment files and the records that it
// has taken from the queue; callers touch the queue under the mutex, which is never held during
// disk work or callbacks.
#include "journal/local/log.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "base/log_throttle.h"
#include "journal/local/commit_rule.h"
#include "journal/local/segment.h"
#include "journal/local/segment_files.h"
#include "storage/summed_file.h"

namespace gridloom::journal {
namespace {

constexpr Millis kErrorsEvery{60'000};
constexpr std::string_view kMakeRoom =
    "; make room on that disk (docs/user/damage.md, \"A full disk\"): the server goes on by itself";
constexpr std::size_t kKeptCapacity = 4096;  // in records; a larger queue is shrunk

using Steady = std::chrono::steady_clock;

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

struct Waiting {
  std::uint64_t sequence = 0;
  RecordKind kind{};
  std::string payload;
  Task durable;
};

}  // namespace

struct Log::Impl {
  explicit Impl(Options given)
      : options(std::move(given)),
        clock(options.clock != nullptr ? *options.clock : system_clock()),
        files(*options.disk, clock),
        rule(options.limits.commit) {}

  void work();
  [[nodiscard]] bool has_records() const { return begun < taken.size() || !waiting.empty(); }
  [[nodiscard]] bool is_failing() const { return health.failing.has_value(); }
  void wait_for_group(std::unique_lock<std::mutex>& lock);
  void take();
  [[nodiscard]] Status attempt();
  [[nodiscard]] Status write_some();
  void recovered();
  void failed(const Error& fault);
  void trim(std::uint64_t up_to);

  const Options options;
  const Clock& clock;

  // Owned by the thread once it runs.
  SegmentFiles files;
  std::optional<storage::SeenNumber> seen;
  std::vector<Waiting> taken;
  std::size_t begun = 0;  // index in `taken`: records before it are durable
  LogThrottle warning_throttle{{.times = 1, .within = kErrorsEvery}};

  mutable std::mutex mutex;
  std::condition_variable wake;  // wakes the thread
  std::condition_variable done;  // wakes flush()
  std::vector<Waiting> waiting;
  std::size_t waiting_size = 0;  // bytes in `waiting`
  std::size_t waiters = 0;       // clients that wait for them
  Steady::time_point first_at;   // when the first of them was appended
  CommitRule rule;
  std::uint64_t next_sequence = 1;
  std::uint64_t durable_through = 0;
  std::uint64_t flush_to = 0;
  std::uint64_t flushes = 0;         // calls of flush(): each makes a failing disk be tried at once
  std::uint64_t attempts = 0;        // write attempts begun
  std::uint64_t failed_attempt = 0;  // the last attempt that failed
  std::optional<std::uint64_t> trim_to;
  bool stopping = false;
  LogHealth health;
  LogLoss loss;  // constant once the log is open

  std::atomic<std::size_t> unsafe_bytes{0};  // appended but not yet durable
  std::jthread thread;
};

void Log::Impl::work() {
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait(lock, [this] {
      return stopping || has_records() || trim_to || files.written_bytes() == 0;
    });
    if (trim_to) {
      const std::uint64_t up_to = *std::exchange(trim_to, std::nullopt);
      lock.unlock();
      trim(up_to);
      lock.lock();
    }
    if (stopping && !has_records()) return;
    if (begun == taken.size()) {
      wait_for_group(lock);
      take();
    }
    ++attempts;
    const std::uint64_t asked = flushes;
    lock.unlock();
    const Status status = attempt();
    lock.lock();
    if (status) {
      recovered();
      if (!taken.empty()) rule.end(Steady::now());
      continue;
    }
    failed(status.error());
    if (stopping) {
      spdlog::error("the log ends without {} records that could not be written",
                    taken.size() - begun + waiting.size());
      return;
    }
    wake.wait_for(lock, options.limits.retry,
                  [this, asked] { return stopping || flushes != asked; });
  }
}

void Log::Impl::wait_for_group(std::unique_lock<std::mutex>& lock) {
  if (waiting.empty()) return;
  wake.wait_until(lock, rule.due(), [this] {
    return stopping || flush_to > durable_through || waiting_size >= options.limits.commit_bytes ||
           rule.is_complete(waiters, Steady::now());
  });
  rule.take(std::exchange(waiters, 0), first_at, Steady::now());
}

void Log::Impl::take() {
  taken.clear();
  if (taken.capacity() > kKeptCapacity) taken.shrink_to_fit();
  begun = 0;
  taken.swap(waiting);
  waiting_size = 0;
}

// Makes all taken records durable, with one write and sync per segment, or as many as the disk
// allows.
Status Log::Impl::attempt() {
  do {
    const std::uint64_t written = files.written_bytes();
    if (written == 0 || (written >= options.limits.segment_bytes && begun < taken.size())) {
      // durable_through is changed by this thread only.
      GL_TRY(files.begin(durable_through + 1));
    }
    GL_TRY(write_some());
  } while (begun < taken.size());
  return {};
}

Status Log::Impl::write_some() {
  std::vector<Record> records;
  std::uint64_t size = 0;
  const std::uint64_t written = files.written_bytes();
  for (std::size_t i = begun; i < taken.size(); ++i) {
    if (written + size >= options.limits.segment_bytes && !records.empty()) break;
    const Waiting& each = taken[i];
    records.push_back({.sequence = each.sequence, .kind = each.kind, .payload = each.payload});
    size += kRecordHead_bytes + each.payload.size();
  }
  if (records.empty()) return {};
  GL_TRY(files.write(records));
  {
    const std::lock_guard lock(mutex);
    recovered();
  }
  if (seen) seen->remember(records.back().sequence);
  if (options.written) options.written(records);
  const std::uint64_t last = records.back().sequence;
  for (std::size_t count = records.size(); count != 0; --count) {
    Waiting each = std::move(taken[begun++]);
    if (each.durable) each.durable();
  }
  unsafe_bytes -= size;
  {
    const std::lock_guard lock(mutex);
    durable_through = last;
  }
  done.notify_all();
  return {};
}

void Log::Impl::recovered() {
  if (!is_failing()) return;
  spdlog::info("the log can be written again");
  health.failing.reset();
}

void Log::Impl::failed(const Error& fault) {
  health.failing = fault.detail;
  failed_attempt = attempts;
  done.notify_all();
  if (const auto left_out = warning_throttle.admit(clock.now())) {
    spdlog::error("the log cannot be written; no report or set is acknowledged until it can: {}{}",
                  fault.detail, fault.detail.ends_with(system_message(ENOSPC)) ? kMakeRoom : "");
  }
}

void Log::Impl::trim(std::uint64_t up_to) {
  const Status status = files.trim(up_to);
  if (status) return;
  // The next trim tries again.
  if (const auto left_out = warning_throttle.admit(clock.now())) {
    spdlog::error("old segments of the log could not be removed: {}", status.error().detail);
  }
}

Log::Log(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Log::~Log() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->thread.join();
}

Result<std::unique_ptr<Log>> Log::open(Options options, std::uint64_t after,
                                       const OnRecord& replay) {
  auto impl = std::make_unique<Impl>(std::move(options));
  if (!impl->options.seen.empty()) impl->seen.emplace(impl->options.seen);
  const auto seen = impl->seen ? impl->seen->read() : std::nullopt;
  const std::uint64_t known = std::max(impl->options.known, seen.value_or(0));
  GL_TRY(const auto recovered,
         impl->files.recover({.after = after, .known = known, .synced = seen}, replay));
  if (impl->seen && !seen) impl->seen->create(std::max(known, after));
  impl->next_sequence = recovered.next_sequence;
  impl->durable_through = recovered.next_sequence - 1;
  impl->health.damaged_bytes = recovered.damaged_bytes;
  impl->health.damaged_places = recovered.damaged_places;
  impl->loss = recovered.loss;
  impl->loss.seen = seen.value_or(0);
  // A disk that fails now does not prevent the start.
  if (const Status status = impl->files.begin(impl->next_sequence); !status) {
    impl->failed(status.error());
  }
  impl->thread = std::jthread([impl = impl.get()] { impl->work(); });
  return std::unique_ptr<Log>(new Log(std::move(impl)));
}

std::uint64_t Log::append(RecordKind kind, std::string payload, Task durable, std::size_t waiters) {
  const std::size_t size = kRecordHead_bytes + payload.size();
  impl_->unsafe_bytes += size;
  bool is_due = false;
  std::uint64_t sequence = 0;
  {
    const std::lock_guard lock(impl_->mutex);
    Impl& impl = *impl_;
    const auto reaches = [](std::size_t before, std::size_t more, std::size_t enough) {
      return before < enough && before + more >= enough;
    };
    is_due = impl.waiting.empty() ||
             reaches(impl.waiting_size, size, impl.options.limits.commit_bytes) ||
             reaches(impl.waiters, waiters, impl.rule.enough());
    if (impl.waiting.empty()) impl.first_at = Steady::now();
    sequence = impl.next_sequence++;
    impl.waiting.push_back({.sequence = sequence,
                            .kind = kind,
                            .payload = std::move(payload),
                            .durable = std::move(durable)});
    impl.waiting_size += size;
    impl.waiters += waiters;
  }
  if (is_due) impl_->wake.notify_one();
  return sequence;
}

bool Log::behind() const {
  const LogLimits& limits = impl_->options.limits;
  return waiting_bytes() > limits.waiting_bytes || bytes() > limits.most_bytes;
}

bool Log::is_short_of_room() const { return bytes() > impl_->options.limits.most_bytes / 2; }

bool Log::flush() {
  Impl& impl = *impl_;
  std::unique_lock lock(impl.mutex);
  const std::uint64_t target = impl.next_sequence - 1;
  const std::uint64_t before = impl.attempts;
  impl.flush_to = std::max(impl.flush_to, target);
  ++impl.flushes;
  impl.wake.notify_one();
  impl.done.wait(lock,
                 [&] { return impl.durable_through >= target || impl.failed_attempt > before; });
  return impl.durable_through >= target;
}

void Log::trim(std::uint64_t up_to) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->trim_to = std::max(impl_->trim_to.value_or(0), up_to);
  }
  impl_->wake.notify_one();
}

LogHealth Log::health() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->health;
}

const LogLoss& Log::loss() const { return impl_->loss; }

TimePoint Log::oldest() const { return impl_->files.oldest(); }
std::uint64_t Log::bytes() const { return impl_->files.bytes(); }
std::size_t Log::waiting_bytes() const { return impl_->unsafe_bytes; }

namespace {

std::string gap_text(std::uint64_t first, std::uint64_t last, bool history_is_new) {
  return fmt::format(
      "records {} to {} are neither in the log nor in history.db{}: the reports in them are lost",
      first, last, history_is_new ? ", which is new" : "");
}

std::string end_text(std::uint64_t end, std::uint64_t seen, const StoredUpTo& stored) {
  std::string_view file = "history.db has";
  std::uint64_t last = std::max(stored.history, stored.some_of_history);
  if (stored.sessions > last) {
    file = "sessions.db has";
    last = stored.sessions;
  }
  if (seen > last) {
    file = "log.seen names";
    last = seen;
  }
  return fmt::format("the log {}, but {} records up to {}: the later records of the log are lost",
                     end == 0 ? "has no segment" : fmt::format("ends with record {}", end), file,
                     last);
}

}  // namespace

std::vector<LossNote> loss_notes(const LogLoss& loss, const StoredUpTo& stored) {
  std::vector<LossNote> notes;
  for (const RecordGap& gap : loss.gaps) {
    const std::uint64_t first = std::max(gap.first, stored.history + 1);
    if (first > gap.last) continue;
    notes.push_back({.text = gap_text(first, gap.last, stored.history == 0),
                     .records = RecordGap{.first = first, .last = gap.last}});
  }
  if (loss.ends_early) {
    notes.push_back({.text = end_text(*loss.ends_early, loss.seen, stored),
                     .records = RecordGap{.first = *loss.ends_early + 1,
                                          .last = std::max(loss.seen, *loss.ends_early + 1)}});
  }
  return notes;
}

}  // namespace gridloom::journal
