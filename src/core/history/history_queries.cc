#include "history/history_queries.h"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace gridloom::history {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kCatchUp = 1s;  // maximum wait of a read for the builder
constexpr std::size_t kReaders = 2;                 // threads for the queries of accounts
// For administration, which has one thread: a query stays on it until it is done.
constexpr FairLimits kAdminReads{.entries = 64, .at_once = 1};

}  // namespace

HistoryQueries::HistoryQueries(Options options)
    : options_(std::move(options)), reads_(options_.limits), admin_reads_(kAdminReads) {}

HistoryQueries::~HistoryQueries() { stop(); }

Result<std::unique_ptr<HistoryQueries>> HistoryQueries::open(Options options) {
  std::unique_ptr<HistoryQueries> queries(new HistoryQueries(std::move(options)));
  GL_TRY(queries->start());
  return queries;
}

Status HistoryQueries::start() {
  const Reader::Shared& shared = options_.shared;
  check_.emplace(options_.stores, [&shared](const std::string& why) {
    shared.damage->note(shared.clock->now(), why);
  });
  for (std::size_t i = 0; i < kReaders + 1; ++i) {
    auto own = options_.stores->open_reader();
    if (!own) return std::unexpected(own.error());
    ReadQueue& from = i < kReaders ? reads_ : admin_reads_;
    readers_.emplace_back(
        [this, &from, own = std::move(*own)]() mutable { answer(from, std::move(own)); });
  }
  return {};
}

void HistoryQueries::answer(ReadQueue& from, std::unique_ptr<StoreReader> own) const {
  Reader reader(options_.shared, std::move(own));
  while (from.wait_and_run(reader)) {
  }
}

// Wraps a query so that its first slices wait until the builder has taken everything that was
// durable when the query began.
Query HistoryQueries::with_wait(Query query) const {
  using Steady = std::chrono::steady_clock;
  struct Begun {
    std::uint64_t until = 0;  // records the builder must have taken
    Steady::time_point at{};
  };
  query.step = [queue = options_.queue, step = std::move(query.step),
                begun = std::optional<Begun>(), waits = true](Reader& reader) mutable {
    if (!begun) begun = {.until = queue->added(), .at = Steady::now()};
    if (waits) {
      waits = !queue->wait_until_taken(begun->until, Slice::kLength) &&
              Steady::now() < begun->at + kCatchUp;
      if (waits) return Progress::kMore;
    }
    return step(reader);
  };
  return query;
}

bool HistoryQueries::read(Query query) { return reads_.add(with_wait(std::move(query))); }

bool HistoryQueries::read(std::move_only_function<void(Reader&)> task) {
  return admin_reads_.add(with_wait({.step = [task = std::move(task)](Reader& reader) mutable {
    task(reader);
    return Progress::kDone;
  }}));
}

void HistoryQueries::stop() {
  reads_.close();
  admin_reads_.close();
  for (std::jthread& reader : readers_) {
    if (reader.joinable()) reader.join();
  }
}

namespace {

class Outcome {
 public:
  void finish(Status status) {
    const std::lock_guard lock(mutex_);
    if (status_) return;
    status_ = std::move(status);
    finished_.notify_all();
  }
  [[nodiscard]] Status wait(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    if (finished_.wait(lock, stop, [this] { return status_.has_value(); })) return *status_;
    return fail(ErrorCode::kIo, "the one who asked is stopping");
  }

 private:
  std::mutex mutex_;
  std::condition_variable_any finished_;
  std::optional<Status> status_;
};

// A query's step. Finishes the outcome also when the query is dropped.
class WaitedStep {
 public:
  WaitedStep(std::shared_ptr<Outcome> outcome, WorkSome work)
      : outcome_(std::move(outcome)), work_(std::move(work)) {}
  WaitedStep(WaitedStep&&) noexcept = default;
  WaitedStep& operator=(WaitedStep&&) = delete;
  WaitedStep(const WaitedStep&) = delete;
  WaitedStep& operator=(const WaitedStep&) = delete;
  ~WaitedStep() {
    if (!outcome_) return;
    outcome_->finish(fail(ErrorCode::kIo, "history answers no more: try again later"));
  }

  Progress operator()(Reader& reader) {
    const Result<bool> is_last = work_(reader);
    if (is_last && !*is_last) return Progress::kMore;
    outcome_->finish(is_last ? Status() : std::unexpected(is_last.error()));
    return Progress::kDone;
  }

 private:
  std::shared_ptr<Outcome> outcome_;
  WorkSome work_;
};

bool add_turn(Archive& archive, std::shared_ptr<Query> query) {
  return archive.read([&archive, query = std::move(query)](Reader& reader) mutable {
    if (query->step(reader) == Progress::kDone || query->gone.stop_requested()) return;
    static_cast<void>(add_turn(archive, std::move(query)));
  });
}

}  // namespace

Status run_query(const Reads& reads, std::int64_t account, WorkSome work,
                 const std::stop_token& stop) {
  const auto outcome = std::make_shared<Outcome>();
  const bool is_taken =
      reads(Query{.account = account, .gone = stop, .step = WaitedStep(outcome, std::move(work))});
  if (!is_taken) {
    return fail(ErrorCode::kConflict, "too many requests for history are waiting: try again later");
  }
  return outcome->wait(stop);
}

Reads admin_reads(Archive& archive) {
  return [&archive](Query query) {
    return add_turn(archive, std::make_shared<Query>(std::move(query)));
  };
}

}  // namespace gridloom::history
