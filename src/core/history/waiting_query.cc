#include "history/waiting_query.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

namespace gridloom::history {
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
