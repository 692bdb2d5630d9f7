// A library to preload (LD_PRELOAD) into a server that is measured: it counts the server's system
// calls, allocations and copies, and writes the counts into the file that GL_CALL_COUNTS names
// (src/lab/bench/call_counts_file.h has its format and what is not counted). Without that variable
// nothing is counted.
//
// Each thread counts in a row of its own, so counting takes neither a lock nor a locked
// instruction. A count costs about a nanosecond: CPU times are measured in runs without it. For a
// process that does not fork, with glibc, without sanitizers.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "bench/call_counts_file.h"

namespace {

using gridloom::bench::Call;
using gridloom::bench::kCallCountsMagic;
using gridloom::bench::kCallFileWords;
using gridloom::bench::kCallRows;
using gridloom::bench::kCallRowWords;

using Move = void*(void*, const void*, std::size_t);

std::uint64_t* words = nullptr;  // of the file
Move* move_bytes = nullptr;      // the C library's memmove
thread_local std::uint64_t* row __attribute__((tls_model("initial-exec"))) = nullptr;

std::uint64_t* claim_row() {
  if (words == nullptr) return nullptr;
  const std::uint64_t index = __atomic_fetch_add(&words[1], 1, __ATOMIC_RELAXED);
  if (index >= kCallRows) {
    ::dprintf(STDERR_FILENO, "call counter: more than %zu threads\n", kCallRows);
    ::abort();
  }
  return words + (index + 1) * kCallRowWords;
}

void count(Call call, std::uint64_t by = 1) {
  if (row == nullptr && (row = claim_row()) == nullptr) return;
  std::uint64_t* const counter = row + static_cast<std::size_t>(call);
  // The only writer is this thread; a reader sees each word whole.
  __atomic_store_n(counter, *counter + by, __ATOMIC_RELAXED);
}

void count_allocation(std::size_t size) {
  count(Call::kAllocations);
  count(Call::kAllocatedBytes, size);
}

void* copy(void* to, const void* from, std::size_t size) {
  count(Call::kCopies);
  count(Call::kCopiedBytes, size);
  if (move_bytes != nullptr) return move_bytes(to, from, size);
  // Constructors of other libraries run before open_file().
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  if (out < in) {
    for (; size > 0; --size) *out++ = *in++;
  } else {
    for (; size > 0; --size) out[size - 1] = in[size - 1];
  }
  return to;
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

__attribute__((constructor)) void open_file() {
  move_bytes = next<Move>("memmove");
  const char* const path = std::getenv("GL_CALL_COUNTS");
  if (path == nullptr) return;
  const int fd = ::open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  constexpr std::size_t kBytes = kCallFileWords * sizeof(std::uint64_t);
  void* mapped = MAP_FAILED;
  if (fd >= 0 && ::ftruncate(fd, kBytes) == 0) {
    mapped = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (mapped == MAP_FAILED) {
    ::dprintf(STDERR_FILENO, "call counter: %s cannot be written: %d\n", path, errno);
    ::abort();
  }
  ::close(fd);
  words = static_cast<std::uint64_t*>(mapped);
  words[0] = kCallCountsMagic;
}

}  // namespace

extern "C" {

// Functions under assembler names: the headers' declarations differ between versions.

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t number, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* counted_malloc(std::size_t size) __asm__("malloc");
void* counted_malloc(std::size_t size) {
  count_allocation(size);
  return __libc_malloc(size);
}

void* counted_calloc(std::size_t number, std::size_t size) __asm__("calloc");
void* counted_calloc(std::size_t number, std::size_t size) {
  count_allocation(number * size);
  return __libc_calloc(number, size);
}

void* counted_realloc(void* memory, std::size_t size) __asm__("realloc");
void* counted_realloc(void* memory, std::size_t size) {
  count_allocation(size);
  return __libc_realloc(memory, size);
}

void* counted_memalign(std::size_t alignment, std::size_t size) __asm__("memalign");
void* counted_memalign(std::size_t alignment, std::size_t size) {
  count_allocation(size);
  return __libc_memalign(alignment, size);
}

void* counted_aligned_alloc(std::size_t alignment, std::size_t size) __asm__("aligned_alloc");
void* counted_aligned_alloc(std::size_t alignment, std::size_t size) {
  count_allocation(size);
  return __libc_memalign(alignment, size);
}

int counted_posix_memalign(void** memory, std::size_t alignment,
                           std::size_t size) __asm__("posix_memalign");
int counted_posix_memalign(void** memory, std::size_t alignment, std::size_t size) {
  const bool is_power = alignment != 0 && (alignment & (alignment - 1)) == 0;
  if (!is_power || alignment % sizeof(void*) != 0) return EINVAL;
  count_allocation(size);
  void* const allocated = __libc_memalign(alignment, size);
  if (allocated == nullptr) return ENOMEM;
  *memory = allocated;
  return 0;
}

void* counted_memcpy(void* to, const void* from, std::size_t size) __asm__("memcpy");
void* counted_memcpy(void* to, const void* from, std::size_t size) { return copy(to, from, size); }
void* counted_memmove(void* to, const void* from, std::size_t size) __asm__("memmove");
void* counted_memmove(void* to, const void* from, std::size_t size) { return copy(to, from, size); }

// What fortified code calls; `space` bytes are at `to`.
void* counted_memcpy_chk(void* to, const void* from, std::size_t size,
                         std::size_t space) __asm__("__memcpy_chk");
void* counted_memcpy_chk(void* to, const void* from, std::size_t size, std::size_t space) {
  if (size > space) ::abort();
  return copy(to, from, size);
}
void* counted_memmove_chk(void* to, const void* from, std::size_t size,
                          std::size_t space) __asm__("__memmove_chk");
void* counted_memmove_chk(void* to, const void* from, std::size_t size, std::size_t space) {
  if (size > space) ::abort();
  return copy(to, from, size);
}

// GL_COUNTED(CALL, RESULT, NAME, PARAMETERS, ARGUMENTS): the C library's function, counted.
#define GL_COUNTED(CALL, RESULT, NAME, PARAMETERS, ARGUMENTS) \
  RESULT counted_##NAME PARAMETERS __asm__(#NAME);            \
  RESULT counted_##NAME PARAMETERS {                          \
    using Function = RESULT PARAMETERS;                       \
    static Function* const real = next<Function>(#NAME);      \
    count(Call::CALL);                                        \
    return real ARGUMENTS;                                    \
  }

GL_COUNTED(kRecv, ssize_t, recv, (int fd, void* to, std::size_t size, int flags),
           (fd, to, size, flags))
GL_COUNTED(kRecv, ssize_t, __recv_chk,
           (int fd, void* to, std::size_t size, std::size_t space, int flags),
           (fd, to, size, space, flags))
GL_COUNTED(kRecv, ssize_t, recvfrom,
           (int fd, void* to, std::size_t size, int flags, sockaddr* from, socklen_t* length),
           (fd, to, size, flags, from, length))
GL_COUNTED(kRecv, ssize_t, recvmsg, (int fd, msghdr* message, int flags), (fd, message, flags))
GL_COUNTED(kRead, ssize_t, read, (int fd, void* to, std::size_t size), (fd, to, size))
GL_COUNTED(kRead, ssize_t, __read_chk, (int fd, void* to, std::size_t size, std::size_t space),
           (fd, to, size, space))
GL_COUNTED(kRead, ssize_t, readv, (int fd, const iovec* to, int number), (fd, to, number))
GL_COUNTED(kSend, ssize_t, send, (int fd, const void* bytes, std::size_t size, int flags),
           (fd, bytes, size, flags))
GL_COUNTED(kSend, ssize_t, sendto,
           (int fd, const void* bytes, std::size_t size, int flags, const sockaddr* to,
            socklen_t length),
           (fd, bytes, size, flags, to, length))
GL_COUNTED(kSend, ssize_t, sendmsg, (int fd, const msghdr* message, int flags),
           (fd, message, flags))
GL_COUNTED(kSend, ssize_t, sendfile, (int to, int from, off_t* at, std::size_t size),
           (to, from, at, size))
GL_COUNTED(kSend, ssize_t, sendfile64, (int to, int from, off64_t* at, std::size_t size),
           (to, from, at, size))
GL_COUNTED(kWrite, ssize_t, write, (int fd, const void* bytes, std::size_t size), (fd, bytes, size))
GL_COUNTED(kWritev, ssize_t, writev, (int fd, const iovec* bytes, int number), (fd, bytes, number))
GL_COUNTED(kPoll, int, epoll_wait, (int fd, epoll_event* events, int number, int timeout_ms),
           (fd, events, number, timeout_ms))
GL_COUNTED(kPoll, int, epoll_pwait,
           (int fd, epoll_event* events, int number, int timeout_ms, const sigset_t* mask),
           (fd, events, number, timeout_ms, mask))
GL_COUNTED(kPoll, int, epoll_pwait2,
           (int fd, epoll_event* events, int number, const timespec* timeout, const sigset_t* mask),
           (fd, events, number, timeout, mask))
GL_COUNTED(kPoll, int, poll, (pollfd * descriptors, nfds_t number, int timeout_ms),
           (descriptors, number, timeout_ms))
GL_COUNTED(kEpollCtl, int, epoll_ctl, (int fd, int operation, int of, epoll_event* event),
           (fd, operation, of, event))
GL_COUNTED(kSync, int, fsync, (int fd), (fd))
GL_COUNTED(kSync, int, fdatasync, (int fd), (fd))
GL_COUNTED(kPread, ssize_t, pread, (int fd, void* to, std::size_t size, off_t at),
           (fd, to, size, at))
GL_COUNTED(kPread, ssize_t, pread64, (int fd, void* to, std::size_t size, off64_t at),
           (fd, to, size, at))
GL_COUNTED(kPwrite, ssize_t, pwrite, (int fd, const void* bytes, std::size_t size, off_t at),
           (fd, bytes, size, at))
GL_COUNTED(kPwrite, ssize_t, pwrite64, (int fd, const void* bytes, std::size_t size, off64_t at),
           (fd, bytes, size, at))
GL_COUNTED(kAccept, int, accept, (int fd, sockaddr* from, socklen_t* length), (fd, from, length))
GL_COUNTED(kAccept, int, accept4, (int fd, sockaddr* from, socklen_t* length, int flags),
           (fd, from, length, flags))
// The C library has it with a variable number of arguments; no system call has more than six.
GL_COUNTED(kSyscall, long, syscall, (long number, long a, long b, long c, long d, long e, long f),
           (number, a, b, c, d, e, f))

}  // extern "C"
