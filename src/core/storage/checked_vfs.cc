#include "storage/checked_vfs.h"

#include <sqlite3.h>

#include <map>
#include <mutex>

namespace gridloom::storage {
namespace {

constexpr const char* kName = "gridloom";

thread_local std::uint64_t reads_that_failed = 0;

// `ours` comes first: a file's pointer to it is one to the whole.
struct Methods {
  sqlite3_io_methods ours{};
  const sqlite3_io_methods* real = nullptr;
};

int read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 offset) {
  const int code =
      reinterpret_cast<const Methods*>(file->pMethods)->real->xRead(file, to, bytes, offset);
  if (code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ) return code;
  ++reads_that_failed;
  return code == SQLITE_IOERR_CORRUPTFS ? SQLITE_IOERR_READ : code;
}

const Methods& methods_like(const sqlite3_io_methods* real) {
  static std::mutex mutex;
  static std::map<const sqlite3_io_methods*, Methods> all;  // a few: of databases, of other files
  const std::scoped_lock lock(mutex);
  const auto [found, is_new] = all.try_emplace(real);
  if (is_new) {
    found->second = {.ours = *real, .real = real};
    found->second.ours.xRead = read;
  }
  return found->second;
}

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
  sqlite3_vfs* const real = sqlite3_vfs_find(nullptr);
  const int code = real->xOpen(real, name, file, flags, out);
  if (file->pMethods != nullptr) file->pMethods = &methods_like(file->pMethods).ours;
  return code;
}

}  // namespace

const char* checked_vfs() {
  static const bool is_registered = [] {
    static sqlite3_vfs vfs = *sqlite3_vfs_find(nullptr);
    vfs.zName = kName;
    vfs.xOpen = open;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
  }();
  return is_registered ? kName : nullptr;  // null: SQLite's own
}

std::uint64_t failed_reads() { return reads_that_failed; }

}  // namespace gridloom::storage
