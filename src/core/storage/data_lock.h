// The exclusive lock of a data folder: DIR/lock. A server holds the lock for its whole life; a
// command that changes the folder of a stopped server holds the lock while it works.
//
// The kernel releases the lock when its holder ends, for whatever reason, so the lock is never
// stale. The file's text ("PID server" or "PID command") tells other processes who holds the lock.
// The file itself is never removed: removing it would let two processes hold "the" lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "storage/files.h"

namespace gridloom::storage {

class DataLock {
 public:
  enum class Holder : std::uint8_t { kServer, kCommand };
  static constexpr Millis kPatience{5'000};

  // Creates the folder if necessary. Waits at most `patience` for a command that holds the lock,
  // but does not wait for a server. kConflict: "a server is running on DIR (pid N)", or "another
  // command works on DIR (pid N)". Any thread; blocks.
  [[nodiscard]] static Result<DataLock> take(const std::filesystem::path& data_folder,
                                             Holder holder = Holder::kServer,
                                             Millis patience = kPatience);
  DataLock(DataLock&&) noexcept = default;
  DataLock& operator=(DataLock&& other) noexcept;
  DataLock(const DataLock&) = delete;
  DataLock& operator=(const DataLock&) = delete;
  ~DataLock();

 private:
  explicit DataLock(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

}  // namespace gridloom::storage
