// The queries of history and the threads that answer them: two for accounts, round-robin and a few
// milliseconds at a time (history/fair_queue.h), and one for administration, which no load of
// accounts delays.
//
// A query sees everything that was durable when it began: its first slices wait until the builder
// has it, without blocking the thread for others.
//
// Another thread verifies all of the store once (history/store/background_check.h).
//
// Thread rule: any function from any thread, and stop() not from a query.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "base/result.h"
#include "history/archive.h"
#include "history/builder_queue.h"
#include "history/fair_queue.h"
#include "history/reader.h"
#include "history/store/background_check.h"
#include "history/store/store.h"
#include "history/store/store_factory.h"

namespace gridloom::history {

// Queries of history for threads that may wait for the answer, as those of administration.
// Works for one step, on a thread of history. True: it was the last one. An error ends the query.
using WorkSome = std::move_only_function<Result<bool>(Reader&)>;

// Administration.
inline constexpr std::int64_t kNoAccount = 0;

// Runs a query to its end and waits for it. `work` may refer to what the caller has, unless there
// is a `stop`, which ends the waiting while a step may still run. kConflict: the account has the
// maximum number of queries already; kIo: history answers no more, or the stop; and the errors of
// `work`.
[[nodiscard]] Status run_query(const Reads& reads, std::int64_t account, WorkSome work,
                               const std::stop_token& stop = {});

// Queries on the archive's thread for administration, in turns with others; of any account. The
// archive outlives them.
[[nodiscard]] Reads admin_reads(Archive& archive);

class HistoryQueries {
 public:
  struct Options {
    std::shared_ptr<StoreFactory> stores;  // opened for each thread
    FairLimits limits{};                   // for the queries of one account
    Reader::Shared shared{};               // what it points to outlives the queries
    BuilderQueue* queue = nullptr;         // outlives the queries
  };
  // Opens the store for each thread, and starts them. Fails as StoreFactory does.
  [[nodiscard]] static Result<std::unique_ptr<HistoryQueries>> open(Options options);
  ~HistoryQueries();  // as stop()
  HistoryQueries(const HistoryQueries&) = delete;
  HistoryQueries& operator=(const HistoryQueries&) = delete;

  // Queues an account's query, which is processed in turn with those of other accounts. False: the
  // account has the maximum number of queries already.
  [[nodiscard]] bool read(Query query);
  // Runs `task` on the thread that is reserved for administration. False: too many tasks wait.
  [[nodiscard]] bool read(std::move_only_function<void(Reader&)> task);
  // Whether an account's query is not answered yet: its last step has not returned.
  [[nodiscard]] bool has_queries() const { return !reads_.empty(); }

  // Drops the queries that wait, and returns when none is being answered. Later ones are refused.
  void stop();

 private:
  explicit HistoryQueries(Options options);
  [[nodiscard]] Status start();
  [[nodiscard]] Query with_wait(Query query) const;
  void answer(ReadQueue& from, std::unique_ptr<StoreReader> own) const;

  const Options options_;
  ReadQueue reads_;
  ReadQueue admin_reads_;
  std::vector<std::jthread> readers_;
  std::optional<BackgroundCheck> check_;
};

}  // namespace gridloom::history
