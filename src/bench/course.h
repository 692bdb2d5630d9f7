// The course of a run, shared by its threads: all connect; when the last one stands, a warm-up
// begins; then comes the time that is measured; then what is still on its way may arrive.
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

class Course {
 public:
  // `server`: the process whose processor time is read too; 0: none.
  Course(unsigned threads, const Timing& timing, pid_t server);

  // Every thread, once, with how its connecting went. Returns when all have called it; kIo and the
  // like if any of them failed.
  [[nodiscard]] Status line_up(Status connected);

  // After line_up(), any thread.
  [[nodiscard]] Moment begin() const { return begin_; }
  [[nodiscard]] bool measured(Moment at) const { return at >= from_ && at < until_; }
  [[nodiscard]] bool over(Moment at) const { return at >= until_; }
  // By one thread, as often as it comes by: reads the processor times at both ends of what is
  // measured.
  void look(Moment now);

  struct Cost {
    double seconds = 0;  // that were measured
    double own_s = 0;    // processor time of this program
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
