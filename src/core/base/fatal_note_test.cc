#include "base/fatal_note.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace gridloom {
namespace {

// A process in which a thread with the name starts one that takes the signal; what it noted, and
// what ended it.
struct End {
  std::size_t noted = 0;
  int signal = 0;
};
End end_of(const char* thread_name, int signal) {
  std::array<int, 2> pipe{};
  EXPECT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int each : {SIGSEGV, SIGABRT}) ::signal(each, SIG_DFL);  // not the sanitizers'
    note_fatal_end(pipe[1], "bridges");
    std::thread([&] {
      name_this_thread(thread_name);
      std::thread([&] { ::raise(signal); }).join();
    }).join();
    ::_exit(0);
  }
  ::close(pipe[1]);
  End end;
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  std::array<char, 8> bytes{};
  const ssize_t size = ::read(pipe[0], bytes.data(), bytes.size());
  end.noted = size > 0 ? static_cast<std::size_t>(size) : 0;
  end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  ::close(pipe[0]);
  return end;
}

TEST(FatalNote, IsOfTheThreadsWithTheNameAndChangesNothingElse) {
  for (const int signal : {SIGABRT, SIGSEGV}) {
    const End ours = end_of("bridges", signal);
    EXPECT_EQ(ours.noted, 1U);
    EXPECT_EQ(ours.signal, signal);
    const End other = end_of("shard", signal);
    EXPECT_EQ(other.noted, 0U);
    EXPECT_EQ(other.signal, signal);
  }
  EXPECT_EQ(end_of("bridges", SIGKILL).noted, 0U) << "nobody's fault";
}

}  // namespace
}  // namespace gridloom
