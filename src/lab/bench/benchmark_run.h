// The phases of a benchmark run, shared by its threads: all threads connect; when the last one has
// connected, a warm-up begins; the measured time follows; then messages in flight may still arrive.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>

#include "base/result.h"
#include "bench/call_counts.h"

namespace gridloom::bench {

using Steady = std::chrono::steady_clock;
using Moment = Steady::time_point;

struct Timing {
  double warm_up_s = 1;
  double seconds = 5;
};

// The server, where it is a process of this machine that is to be measured as well.
struct ServerProcess {
  pid_t id = 0;                       // 0: neither its CPU time nor its memory is measured
  std::filesystem::path call_counts;  // file of its counts (call_counts_file.h); empty: none
};

class BenchmarkRun {
 public:
  BenchmarkRun(unsigned threads, const Timing& timing, ServerProcess server);

  // Every thread calls it once, with the result of its connecting. Returns when all have called it;
  // with kIo and the like if any of them failed.
  [[nodiscard]] Status wait_for_all(Status connected);

  // After wait_for_all(), any thread.
  [[nodiscard]] Moment begin() const { return begin_; }
  [[nodiscard]] bool measured(Moment at) const { return at >= from_ && at < until_; }
  [[nodiscard]] bool over(Moment at) const { return at >= until_; }
  // Called by one thread, as often as it can: reads CPU times and counts at both ends of the
  // measured time.
  void sample(Moment now);

  struct Cost {
    double from_s = 0;   // when the measured time began, by CLOCK_MONOTONIC
    double seconds = 0;  // its length
    double own_s = 0;    // CPU time of this program
    std::optional<double> server_s;
    std::optional<double> server_mb;         // resident, in 1,000,000 bytes, at the end
    std::optional<CallCounts> server_calls;  // within the measured time
  };
  // After the threads have ended.
  [[nodiscard]] Cost cost() const;

 private:
  struct Reading {
    Moment at;
    double own_s = 0;
    std::optional<double> server_s;
    std::optional<double> server_mb;
    std::optional<CallCounts> server_calls;
  };
  [[nodiscard]] Reading read(Moment now) const;

  Timing timing_;
  ServerProcess server_;
  Moment begin_;
  Moment from_;
  Moment until_;
  std::optional<Reading> first_;
  std::optional<Reading> last_;
  std::mutex mutex_;
  Status connected_;
  std::barrier<> barrier_;
};

}  // namespace gridloom::bench
