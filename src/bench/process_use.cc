#include "bench/process_use.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <limits>
#include <string>

namespace gridloom::bench {

Result<double> process_time_s(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  // The second field is the program's name in brackets, which may contain any characters.
  file.ignore(std::numeric_limits<std::streamsize>::max(), ')');
  std::string skipped;
  for (int field = 3; field < 14; ++field) file >> skipped;
  double user_ticks = 0;
  double kernel_ticks = 0;
  if (!(file >> user_ticks >> kernel_ticks)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no process {}", process));
  }
  return (user_ticks + kernel_ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
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
