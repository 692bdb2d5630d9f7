#include "bench/process_use.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <fstream>

namespace gridloom::bench {
namespace {

constexpr pid_t kMaxProcess = 1 << 22;  // Linux has no larger number

}  // namespace

// Not of /proc/PID/stat, whose times are multiples of 10 ms: a paced server needs little more.
Result<double> process_time_s(pid_t process) {
  clockid_t clock{};
  timespec used{};
  // A larger number would be cut off, and be another process.
  const bool is_possible = process > 0 && process <= kMaxProcess;
  if (!is_possible || ::clock_getcpuclockid(process, &clock) != 0 ||
      ::clock_gettime(clock, &used) != 0) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no process {}", process));
  }
  return static_cast<double>(used.tv_sec) + static_cast<double>(used.tv_nsec) / 1e9;
}

double own_time_s() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

Result<double> resident_mb(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/statm", process));
  double all_pages = 0;
  double resident_pages = 0;
  if (!(file >> all_pages >> resident_pages)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no process {}", process));
  }
  return resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1e6;
}

}  // namespace gridloom::bench
