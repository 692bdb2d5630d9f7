// Who serves a data folder: the holder of DIR/lock. A server takes it for its whole life; a command
// that wants to change the folder of a stopped server takes it for a moment.
//
// The kernel drops the lock with its holder, however that ends, so a lock never goes stale; the pid
// in the file is for messages only. The file itself stays: removing it would let two hold "the"
// lock.
#pragma once

#include <filesystem>
#include <utility>

#include "base/result.h"
#include "registry/files.h"

namespace gridloom::registry {

class DataLock {
 public:
  // Makes the folder if need be. kConflict: "a server is running on DIR (pid N)".
  [[nodiscard]] static Result<DataLock> take(const std::filesystem::path& data_folder);

 private:
  explicit DataLock(FileDescriptor file) : file_(std::move(file)) {}

  FileDescriptor file_;
};

}  // namespace gridloom::registry
