// The phases of a benchmark run, shared by its threads: all threads connect; when the last one has
// connected, a warm-up begins; the measured time follows; then messages in flight may still arrive.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <mutex>
#include <optional>

#include "base/result.h"

namespace gridloom::bench {

using Steady = std::chrono::steady_clock;
using Moment = Steady::time_point;

struct Timing {
  double warm_up_s = 1;
  double seconds = 5;
};

class BenchmarkRun {
 public:
  // `server`: a process whose CPU time is also measured; 0: none.
  BenchmarkRun(unsigned threads, const Timing& timing, pid_t server);

  // Every thread calls it once, with the result of its connecting. Returns when all have called it;
  // with kIo and the like if any of them failed.
  [[nodiscard]] Status wait_for_all(Status connected);

  // After wait_for_all(), any thread.
  [[nodiscard]] Moment begin() const { return begin_; }
  [[nodiscard]] bool measured(Moment at) const { return at >= from_ && at < until_; }
  [[nodiscard]] bool over(Moment at) const { return at >= until_; }
  // Called by one thread, as often as it can: reads the CPU times at both ends of the measured
  // time.
  void sample(Moment now);

  struct Cost {
    double seconds = 0;  // length of the measured time
    double own_s = 0;    // CPU time of this program
    std::optional<double> server_s;
  };
  // After the threads have ended.
  [[nodiscard]] Cost cost() const;

 private:
  struct Reading {
    Moment at;
    double own_s = 0;
    std::optional<double> server_s;
  };
  [[nodiscard]] Reading read(Moment now) const;

  Timing timing_;
  pid_t server_;
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
