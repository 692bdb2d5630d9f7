// Who serves a data folder: the holder of DIR/lock. A server takes it for its whole life; a command
// that wants to change the folder of a stopped server takes it for a moment.
//
// The kernel drops the lock with its holder, however that ends, so a lock never goes stale; what
// the file says of its holder ("PID server" or "PID command") tells others whom they wait for. The
// file itself stays: removing it would let two hold "the" lock.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "registry/files.h"

namespace gridloom::registry {

class DataLock {
 public:
  enum class Holder : std::uint8_t { kServer, kCommand };
  static constexpr Millis kPatience{5'000};

  // Makes the folder if need be. Waits for a command that holds the lock, `patience` at most; a
  // server that holds it is not waited for. kConflict: "a server is running on DIR (pid N)", or
  // "another command works on DIR (pid N)". Any thread; blocks.
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

}  // namespace gridloom::registry
