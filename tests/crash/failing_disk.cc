// A library to preload (LD_PRELOAD) into a server: its disk fails, the process ends or its clock is
// set at the operation that tests/crash/sequences_test.py has chosen. Operations on files below
// GL_DISK_ROOT are counted, so that a seed finds the same moment again. Without that variable
// nothing happens.
//
// It also keeps what a loss of power would leave: with each sync that succeeds, the content of the
// file goes to GL_DISK_SHADOW under its inode's number (which the file system must not use again,
// as tmpfs does not), and the names of a folder as lines of numbers and names. A sync that fails
// loses the pages that were to be written: INODE.lost has a byte for each page, not 0 until it is
// written again. For a process with glibc that does not fork, without sanitizers.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t kFaults = 4;
constexpr std::size_t kPage_bytes = 4096;
constexpr std::size_t kSector_bytes = 512;  // a disk writes it as a whole
constexpr std::int64_t kMicro = 1'000'000;

enum Kind : std::uint64_t {
  kNone,
  kKillBefore,
  kKillWithin,
  kKillAfter,
  kRefuse,
  kRefuseRead,
  kSetClock
};

// The file `control` in the shadow, which the test maps too.
struct Control {
  struct DiskFault {
    std::uint64_t kind;
    std::uint64_t at;  // the first operation, counted from 1 over all processes
    std::uint64_t times;
    std::int64_t value;  // an errno, or the seconds by which the clock is ahead
  };
  std::uint64_t changes;  // operations that change something, a sync too
  std::uint64_t reads;
  std::int64_t ahead_s;
  std::uint64_t slow_us;  // what each sync takes longer
  std::uint64_t keeps;    // 0: there is no shadow
  DiskFault faults[kFaults];
};

Control* control = nullptr;  // until begin()
std::string root;
std::string shadow;
thread_local bool is_inside = false;  // the calls of this library are not counted

template <typename... Words>
long call(long number, Words... words) {
  return ::syscall(number, words...);
}

Control* begin() {
  const char* const root_path = std::getenv("GL_DISK_ROOT");
  const char* const shadow_path = std::getenv("GL_DISK_SHADOW");
  if (root_path == nullptr || shadow_path == nullptr) return nullptr;
  root = root_path;
  shadow = shadow_path;
  const auto fd = static_cast<int>(
      call(SYS_openat, AT_FDCWD, (shadow + "/control").c_str(), O_RDWR | O_CLOEXEC, 0));
  void* const mapped = ::mmap(nullptr, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (fd < 0 || mapped == MAP_FAILED) ::abort();
  return static_cast<Control*>(mapped);
}

// Behind the strings, which calls of other libraries' constructors must not meet.
[[maybe_unused]] const bool kIsBegun = (control = begin()) != nullptr;

bool is_ours(std::string_view path) {
  return path.starts_with(root) && !path.ends_with("-shm") && path != root + "/lock";
}

std::string path_of(int fd) {
  char path[PATH_MAX];
  const long size = call(SYS_readlinkat, AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str(),
                         path, sizeof(path));
  return {path, static_cast<std::size_t>(std::max(size, 0L))};
}

bool watches(int fd) { return control != nullptr && !is_inside && is_ours(path_of(fd)); }
bool watches(const char* path) {  // the server's paths are absolute
  return control != nullptr && !is_inside && is_ours(path);
}

[[noreturn]] void end() {
  while (true) call(SYS_kill, ::getpid(), SIGKILL);
}

using DiskFault = Control::DiskFault;

// Counts an operation; the fault that meets it. `turn`: how often that fault has been met before.
const DiskFault* meet(std::uint64_t& counter, std::uint64_t* turn = nullptr) {
  const std::uint64_t now = __atomic_add_fetch(&counter, 1, __ATOMIC_SEQ_CST);
  for (const DiskFault& fault : control->faults) {
    if (fault.kind == kNone || now < fault.at || now - fault.at >= fault.times) continue;
    if ((fault.kind == kRefuseRead) != (&counter == &control->reads)) continue;
    if (fault.kind == kSetClock) {
      control->ahead_s = fault.value;
      continue;
    }
    if (fault.kind == kKillBefore) end();
    if (turn != nullptr) *turn = now - fault.at;
    return &fault;
  }
  return nullptr;
}
const DiskFault* meet_change(std::uint64_t* turn = nullptr) { return meet(control->changes, turn); }
bool refuses(const DiskFault* fault) {
  if (fault == nullptr || (fault->kind != kRefuse && fault->kind != kRefuseRead)) return false;
  errno = static_cast<int>(fault->value);
  return true;
}
// The operation was done.
void after(const DiskFault* fault) {
  if (fault != nullptr && (fault->kind == kKillAfter || fault->kind == kKillWithin)) end();
}

std::string name_of(int fd) {
  struct stat facts{};
  ::fstat(fd, &facts);
  return shadow + "/" + std::to_string(facts.st_ino);
}

std::string whole(const std::string& path) {
  std::string bytes;
  const auto fd =
      static_cast<int>(call(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC, 0));
  if (fd < 0) return bytes;
  struct stat facts{};
  ::fstat(fd, &facts);
  bytes.resize(static_cast<std::size_t>(facts.st_size));
  const long got = call(SYS_pread64, fd, bytes.data(), bytes.size(), 0L);
  bytes.resize(static_cast<std::size_t>(std::max(got, 0L)));
  call(SYS_close, fd);
  return bytes;
}

// The process may end meanwhile: the file is the old or the new one.
void keep(const std::string& path, std::string_view bytes) {
  const std::string fresh = shadow + "/new";
  const auto fd = static_cast<int>(
      call(SYS_openat, AT_FDCWD, fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  call(SYS_write, fd, bytes.data(), bytes.size());
  call(SYS_close, fd);
  call(SYS_rename, fresh.c_str(), path.c_str());
}

std::mutex keeping;

void keep_content(int fd) {
  const std::string name = name_of(fd);
  std::string bytes = whole("/proc/self/fd/" + std::to_string(fd));
  if (const std::string lost = whole(name + ".lost"); !lost.empty()) {
    std::string old = whole(name);
    old.resize(bytes.size());
    for (std::size_t page = 0; page < lost.size() && page * kPage_bytes < bytes.size(); ++page) {
      const std::size_t at = page * kPage_bytes;
      if (lost[page] != 0) bytes.replace(at, kPage_bytes, old, at, kPage_bytes);
    }
  }
  keep(name, bytes);
}

void lose_pages(int fd) {
  const std::string name = name_of(fd);
  const std::string bytes = whole("/proc/self/fd/" + std::to_string(fd));
  std::string old = whole(name);
  std::string lost = whole(name + ".lost");
  old.resize(bytes.size());
  lost.resize((bytes.size() + kPage_bytes - 1) / kPage_bytes);
  for (std::size_t page = 0; page < lost.size(); ++page) {
    const std::size_t at = page * kPage_bytes;
    if (bytes.compare(at, kPage_bytes, old, at, kPage_bytes) != 0) lost[page] = 1;
  }
  keep(name + ".lost", lost);
}

// Written again, a page is written by the next sync.
void find_pages(int fd, std::uint64_t begin, std::uint64_t size) {
  const std::string name = name_of(fd) + ".lost";
  std::string lost = whole(name);
  if (lost.empty() || size == 0) return;
  const std::uint64_t end =
      std::min<std::uint64_t>(lost.size(), ((begin + size - 1) / kPage_bytes) + 1);
  for (std::uint64_t page = begin / kPage_bytes; page < end; ++page) lost[page] = 0;
  keep(name, lost);
}

void keep_names(int fd) {
  std::string folder = path_of(fd);
  std::string lines;
  DIR* const open = ::opendir(folder.c_str());
  while (const dirent* const entry = open == nullptr ? nullptr : ::readdir(open)) {
    if (entry->d_type == DT_REG) lines += std::to_string(entry->d_ino) + " " + entry->d_name + "\n";
  }
  if (open != nullptr) ::closedir(open);
  std::ranges::replace(folder, '/', '%');
  keep(shadow + "/names" + folder.substr(root.size()), lines);
}

int sync(int fd, long number) {
  if (!watches(fd)) return static_cast<int>(call(number, fd));
  const DiskFault* const fault = meet_change();
  if (control->slow_us != 0) {
    const auto us = static_cast<std::int64_t>(control->slow_us);
    const timespec pause{.tv_sec = us / kMicro, .tv_nsec = us % kMicro * 1000};
    call(SYS_nanosleep, &pause, nullptr);
  }
  const std::lock_guard lock(keeping);
  is_inside = true;
  struct stat facts{};
  ::fstat(fd, &facts);
  const bool is_folder = S_ISDIR(facts.st_mode);
  const bool fails = refuses(fault);
  if (fails && !is_folder && control->keeps != 0) lose_pages(fd);
  const int done = fails ? -1 : static_cast<int>(call(number, fd));
  if (done == 0 && control->keeps != 0) is_folder ? keep_names(fd) : keep_content(fd);
  is_inside = false;
  after(fault);
  if (fails) refuses(fault);
  return done;
}

// `at`: -1 is the file's own place.
ssize_t put(int fd, std::vector<iovec> parts, off64_t at) {
  const auto write = [&] {
    const auto count = static_cast<int>(parts.size());
    return at < 0 ? call(SYS_writev, fd, parts.data(), count)
                  : call(SYS_pwritev, fd, parts.data(), count, at, 0L);
  };
  if (!watches(fd)) return write();
  std::uint64_t turn = 0;
  const DiskFault* const fault = meet_change(&turn);
  std::size_t size = 0;
  for (const iovec& part : parts) size += part.iov_len;
  // A disk that is full takes the first write in part.
  const bool is_short = fault != nullptr && size > 1 &&
                        (fault->kind == kKillWithin || (fault->kind == kRefuse && turn % 2 == 0));
  if (!is_short && refuses(fault)) return -1;
  if (is_short) {
    std::size_t left = size / 2;
    if (fault->kind == kKillWithin) {
      const off64_t from = at < 0 ? ::lseek64(fd, 0, SEEK_CUR) : at;
      const std::size_t behind = static_cast<std::size_t>(from) % kSector_bytes;
      left -= std::min(left, (behind + left) % kSector_bytes);
    }
    for (iovec& part : parts) {
      part.iov_len = std::min(part.iov_len, left);
      left -= part.iov_len;
    }
  }
  const ssize_t done = write();
  const int error = errno;
  if (done > 0 && control->keeps != 0) {
    const std::lock_guard lock(keeping);
    is_inside = true;
    const off64_t end = at < 0 ? ::lseek64(fd, 0, SEEK_CUR) : at + done;
    find_pages(fd, static_cast<std::uint64_t>(end - done), static_cast<std::uint64_t>(done));
    is_inside = false;
  }
  after(fault);
  errno = error;
  return done;
}

// What has no content: making, cutting, renaming, removing.
template <typename Operation>
long change(const Operation& operation) {
  const DiskFault* const fault = meet_change();
  if (refuses(fault)) return -1;
  const long done = operation();
  const int error = errno;
  after(fault);
  errno = error;
  return done;
}

int open_file(const char* path, int flags, mode_t mode) {
  const auto open = [&] { return call(SYS_openat, AT_FDCWD, path, flags, mode); };
  const bool may_change = (flags & (O_CREAT | O_TRUNC)) != 0 && watches(path);
  return static_cast<int>(
      may_change && ((flags & O_TRUNC) != 0 || ::access(path, F_OK) != 0) ? change(open) : open());
}

int cut(int fd, off64_t size) {
  const auto cut_file = [&] { return call(SYS_ftruncate, fd, size); };
  return static_cast<int>(watches(fd) ? change(cut_file) : cut_file());
}

int remove_name(int folder, const char* path, int flags) {
  const auto remove = [&] { return call(SYS_unlinkat, folder, path, flags); };
  const bool is_watched = folder == AT_FDCWD && flags == 0 && watches(path);
  return static_cast<int>(is_watched ? change(remove) : remove());
}

bool refuses_read(int fd) { return watches(fd) && refuses(meet(control->reads)); }

ssize_t get(int fd, void* to, std::size_t size, off64_t at) {
  return refuses_read(fd) ? -1 : call(SYS_pread64, fd, to, size, at);
}

int read_clock(clockid_t which, timespec* now) {
  using Read = int(clockid_t, timespec*);
  static Read* const real = reinterpret_cast<Read*>(::dlsym(RTLD_NEXT, "clock_gettime"));
  const int done = real(which, now);
  if (which == CLOCK_REALTIME && control != nullptr) now->tv_sec += control->ahead_s;
  return done;
}

}  // namespace

// Under assembler names: the headers' declarations have attributes of their own.
#define GL_REPLACE(RESULT, NAME, PARAMETERS)                  \
  extern "C" RESULT failing_##NAME PARAMETERS __asm__(#NAME); \
  RESULT failing_##NAME PARAMETERS

GL_REPLACE(ssize_t, write, (int fd, const void* from, std::size_t size)) {
  return put(fd, {{const_cast<void*>(from), size}}, -1);
}
GL_REPLACE(ssize_t, pwrite, (int fd, const void* from, std::size_t size, off64_t at)) {
  return put(fd, {{const_cast<void*>(from), size}}, at);
}
GL_REPLACE(ssize_t, pwrite64, (int fd, const void* from, std::size_t size, off64_t at)) {
  return put(fd, {{const_cast<void*>(from), size}}, at);
}
GL_REPLACE(ssize_t, writev, (int fd, const iovec* parts, int count)) {
  return put(fd, {parts, parts + count}, -1);
}
GL_REPLACE(ssize_t, read, (int fd, void* to, std::size_t size)) {
  return refuses_read(fd) ? -1 : call(SYS_read, fd, to, size);
}
GL_REPLACE(ssize_t, pread, (int fd, void* to, std::size_t size, off64_t at)) {
  return get(fd, to, size, at);
}
GL_REPLACE(ssize_t, pread64, (int fd, void* to, std::size_t size, off64_t at)) {
  return get(fd, to, size, at);
}
GL_REPLACE(int, fsync, (int fd)) { return sync(fd, SYS_fsync); }
GL_REPLACE(int, fdatasync, (int fd)) { return sync(fd, SYS_fdatasync); }
GL_REPLACE(int, ftruncate, (int fd, off64_t size)) { return cut(fd, size); }
GL_REPLACE(int, ftruncate64, (int fd, off64_t size)) { return cut(fd, size); }
GL_REPLACE(int, posix_fallocate, (int fd, off64_t at, off64_t size)) {
  const auto allocate = [&] { return call(SYS_fallocate, fd, 0, at, size); };
  return (watches(fd) ? change(allocate) : allocate()) == 0 ? 0 : errno;
}
GL_REPLACE(int, rename, (const char* from, const char* to)) {
  const auto rename = [&] { return call(SYS_rename, from, to); };
  return static_cast<int>(watches(to) ? change(rename) : rename());
}
GL_REPLACE(int, unlink, (const char* path)) { return remove_name(AT_FDCWD, path, 0); }
GL_REPLACE(int, unlinkat, (int folder, const char* path, int flags)) {
  return remove_name(folder, path, flags);
}
GL_REPLACE(int, remove, (const char* path)) {
  struct stat facts{};
  const bool is_folder = ::lstat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
  return remove_name(AT_FDCWD, path, is_folder ? AT_REMOVEDIR : 0);
}
GL_REPLACE(int, open, (const char* path, int flags, ...)) {
  va_list words;
  va_start(words, flags);
  const mode_t mode = va_arg(words, mode_t);
  va_end(words);
  return open_file(path, flags, mode);
}
GL_REPLACE(int, open64, (const char* path, int flags, ...)) {
  va_list words;
  va_start(words, flags);
  const mode_t mode = va_arg(words, mode_t);
  va_end(words);
  return open_file(path, flags, mode);
}
GL_REPLACE(int, clock_gettime, (clockid_t which, timespec* now)) { return read_clock(which, now); }
GL_REPLACE(time_t, time, (time_t* at)) {
  timespec now{};
  read_clock(CLOCK_REALTIME, &now);
  if (at != nullptr) *at = now.tv_sec;
  return now.tv_sec;
}
