#include "bench/benchmark_run.h"

#include <utility>

#include "bench/process_use.h"

namespace gridloom::bench {
namespace {

Moment after(Moment from, double seconds) {
  return from +
         std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(seconds));
}

}  // namespace

BenchmarkRun::BenchmarkRun(unsigned threads, const Timing& timing, ServerProcess server)
    : timing_(timing), server_(std::move(server)), barrier_(static_cast<std::ptrdiff_t>(threads)) {}

Status BenchmarkRun::wait_for_all(Status connected) {
  {
    const std::scoped_lock lock(mutex_);
    if (!connected && connected_) connected_ = std::move(connected);
    // The times of the thread that arrives last stay.
    begin_ = Steady::now();
    from_ = after(begin_, timing_.warm_up_s);
    until_ = after(from_, timing_.seconds);
  }
  barrier_.arrive_and_wait();
  return connected_;
}

BenchmarkRun::Reading BenchmarkRun::read(Moment now) const {
  Reading reading{
      .at = now, .own_s = own_time_s(), .server_s = {}, .server_mb = {}, .server_calls = {}};
  if (server_.id != 0) {
    if (const auto time = process_time_s(server_.id)) reading.server_s = *time;
    if (const auto memory = resident_mb(server_.id)) reading.server_mb = *memory;
  }
  if (!server_.call_counts.empty()) {
    if (const auto counts = read_call_counts(server_.call_counts)) reading.server_calls = *counts;
  }
  return reading;
}

void BenchmarkRun::sample(Moment now) {
  if (!first_ && now >= from_) first_ = read(now);
  if (!last_ && now >= until_) last_ = read(now);
}

BenchmarkRun::Cost BenchmarkRun::cost() const {
  if (!first_ || !last_) return {};
  Cost cost{.from_s = std::chrono::duration<double>(first_->at.time_since_epoch()).count(),
            .seconds = std::chrono::duration<double>(last_->at - first_->at).count(),
            .own_s = last_->own_s - first_->own_s,
            .server_s = {},
            .server_mb = last_->server_mb,
            .server_calls = {}};
  if (first_->server_s && last_->server_s) cost.server_s = *last_->server_s - *first_->server_s;
  if (first_->server_calls && last_->server_calls) {
    cost.server_calls = last_->server_calls->since(*first_->server_calls);
  }
  return cost;
}

}  // namespace gridloom::bench
