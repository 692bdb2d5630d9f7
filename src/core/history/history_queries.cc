#include "history/history_queries.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
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

}  // namespace gridloom::history
