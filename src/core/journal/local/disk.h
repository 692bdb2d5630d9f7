// The file system operations of the log, as an interface so that tests can inject faults: torn,
// short and lost writes, a full disk, I/O errors. Paths are names in one folder.
//
// Thread rule: one thread at a time; the owner has to ensure it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace gridloom::journal {

// A file that is written only at its end.
class AppendFile {
 public:
  AppendFile() = default;
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  virtual ~AppendFile() = default;
  // Appends all chunks, one after the other. kIo: any part of them may have been written.
  [[nodiscard]] virtual Status append(std::span<const std::string_view> chunks) = 0;
  // After success the appended data survive a loss of power; after a failure their state is
  // unknown.
  [[nodiscard]] virtual Status sync() = 0;
};

class Disk {
 public:
  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;
  // Creates an empty file that replaces any file of that name, and makes the name durable. The old
  // file is never truncated and reused: once a sync failed, the result of the next sync on that
  // file means nothing.
  [[nodiscard]] virtual Result<std::unique_ptr<AppendFile>> create(const std::string& name) = 0;
  [[nodiscard]] virtual Result<std::string> read(const std::string& name) = 0;  // whole
  [[nodiscard]] virtual Result<std::vector<std::string>> list() = 0;            // sorted
  // Removes the file; it may reappear after a loss of power. A missing file is not an error.
  [[nodiscard]] virtual Status remove(const std::string& name) = 0;
  // Makes the file durable, as far as its first `size` bytes were.
  [[nodiscard]] virtual Status truncate(const std::string& name, std::uint64_t size) = 0;
  // Makes a file of these bytes, durable, in place of one of that name. Until it has succeeded, a
  // loss of power may leave either.
  [[nodiscard]] virtual Status replace(const std::string& name, std::string_view bytes) = 0;
  // Makes the file durable as it is, unless a sync of it failed before, in whichever process.
  [[nodiscard]] virtual Status sync(const std::string& name) = 0;
};

// Opens a folder; creates it (mode 0700; files 0600) if it does not exist.
[[nodiscard]] Result<std::unique_ptr<Disk>> open_folder(const std::filesystem::path& folder);

}  // namespace gridloom::journal
