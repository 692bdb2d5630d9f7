#include "base/fatal_note.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <mutex>
#include <string_view>

namespace gridloom {
namespace {

constexpr std::size_t kNameBytes = 16;  // of the kernel, with its end
constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

// The handler reads these: it may use nothing that takes memory or a lock.
std::atomic<int> noted_in = -1;
std::array<char, kNameBytes> noted_name{};
std::array<struct sigaction, kSignals.size()> actions_before{};

void note(int signal) {
  const int error = errno;
  std::array<char, kNameBytes> name{};
  ::prctl(PR_GET_NAME, name.data());
  const int fd = noted_in.load(std::memory_order_acquire);
  if (fd >= 0 && std::strncmp(name.data(), noted_name.data(), kNameBytes) == 0) {
    static_cast<void>(!::write(fd, "!", 1));
  }
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (kSignals[i] == signal) ::sigaction(signal, &actions_before[i], nullptr);
  }
  errno = error;
  ::raise(signal);  // once this handler has returned
}

}  // namespace

void note_fatal_end(int fd, const char* thread_name) {
  noted_in = -1;
  noted_name = {};
  const std::string_view name(thread_name);
  std::ranges::copy(name.substr(0, kNameBytes - 1), noted_name.begin());
  noted_in.store(fd, std::memory_order_release);
  static std::once_flag is_installed;
  std::call_once(is_installed, [] {
    struct sigaction action{};
    action.sa_handler = note;
    action.sa_flags = SA_ONSTACK;
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
      ::sigaction(kSignals[i], &action, &actions_before[i]);
    }
  });
}

void name_this_thread(const char* name) { ::pthread_setname_np(::pthread_self(), name); }

}  // namespace gridloom
