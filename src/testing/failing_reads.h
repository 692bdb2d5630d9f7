// Makes reads of SQLite's files fail as those of a broken disk do, in all databases that are opened
// while this object lives. One object at a time; databases that were opened meanwhile must be
// closed before it ends. Test-only.
#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>

namespace gridloom {

struct ReadFault {
  std::uint64_t at = 1;  // the first read that fails, counted from 1
  std::uint64_t times = 1;
};

class FailingReads {
 public:
  static constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();
  explicit FailingReads(ReadFault fault) : real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
    injected = fault;
    reads = 0;
    vfs_.zName = "failing-reads";
    vfs_.xOpen = [](sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
      sqlite3_vfs* const real = sqlite3_vfs_find("unix");
      const int code = real->xOpen(real, name, file, flags, out);
      if (code != SQLITE_OK || file->pMethods == nullptr) return code;
      const std::scoped_lock lock(guard);
      real_read = file->pMethods->xRead;
      const auto [methods, is_new] = failing_methods.try_emplace(file->pMethods, *file->pMethods);
      if (is_new) methods->second.xRead = read;
      file->pMethods = &methods->second;
      return code;
    };
    sqlite3_vfs_register(&vfs_, 1);
  }
  FailingReads(const FailingReads&) = delete;
  FailingReads& operator=(const FailingReads&) = delete;
  ~FailingReads() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(real_, 1);
  }

  [[nodiscard]] bool has_failed() const { return reads >= injected.at; }

 private:
  static int read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 offset) {
    const std::uint64_t number = ++reads;
    if (number < injected.at || number - injected.at >= injected.times) {
      return real_read.load()(file, to, bytes, offset);
    }
    errno = EIO;
    return SQLITE_IOERR_CORRUPTFS;  // what SQLite makes of EIO
  }

  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  static inline ReadFault injected;
  static inline std::atomic<std::uint64_t> reads{0};
  using Read = int (*)(sqlite3_file*, void*, int, sqlite3_int64);
  static inline std::atomic<Read> real_read = nullptr;  // reads any of the files
  // The methods of databases, and those of their write-ahead logs, with read() instead.
  static inline std::map<const sqlite3_io_methods*, sqlite3_io_methods> failing_methods;
  static inline std::mutex guard;
};

}  // namespace gridloom
