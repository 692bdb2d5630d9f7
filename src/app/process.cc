#include "app/process.h"

#include <pthread.h>
#include <sys/resource.h>

#include <cerrno>

namespace gridloom::app {

Status raise_descriptor_limit() {
  rlimit limit{};
  bool raised = getrlimit(RLIMIT_NOFILE, &limit) == 0;
  limit.rlim_cur = limit.rlim_max;
  raised = raised && setrlimit(RLIMIT_NOFILE, &limit) == 0;
  return raised ? Status() : fail(FaultKind::kIo, system_message(errno));
}

sigset_t block_ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

}  // namespace gridloom::app
