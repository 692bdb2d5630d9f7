#include "base/clock.h"

#include <ctime>

namespace gridloom {

Millis SteadyClock::since_boot() {
  timespec time{};
  ::clock_gettime(CLOCK_BOOTTIME, &time);
  return std::chrono::floor<Millis>(std::chrono::seconds(time.tv_sec) +
                                    std::chrono::nanoseconds(time.tv_nsec));
}

}  // namespace gridloom
