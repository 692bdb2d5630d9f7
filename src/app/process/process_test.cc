// Process settings of a server.
#include "app/process/process.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>

namespace gridloom::app {
namespace {

bool is_dumpable() {
  rlimit limit{};
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-vararg): the system's interface
  return getrlimit(RLIMIT_CORE, &limit) != 0 || prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0 ||
         limit.rlim_cur != 0 || limit.rlim_max != 0;
}

// Each in a child process, because the setting cannot be undone.
TEST(Process, ForbidsCoreDumpsUnlessTheyAreWanted) {
  for (const bool wanted : {false, true}) {
    const auto prepare = [wanted] {
      prepare_process({.may_dump_core = wanted});
      std::quick_exit(is_dumpable() ? 1 : 0);
    };
    EXPECT_EXIT(prepare(), testing::ExitedWithCode(wanted ? 1 : 0), "") << wanted;
  }
}

}  // namespace
}  // namespace gridloom::app
