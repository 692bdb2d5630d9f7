// What the log needs of a file system, so that a test can put faults in its way: torn, short and
// lost writes, no room, I/O errors. Paths are names in one folder.
//
// Thread rule: one thread at a time, as its owner arranges.
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

namespace gridloom::history {

// A file that is written at its end.
class AppendFile {
 public:
  AppendFile() = default;
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  virtual ~AppendFile() = default;
  // All parts, one behind the other, or kIo: then anything of it may be there.
  [[nodiscard]] virtual Status append(std::span<const std::string_view> parts) = 0;
  // What was appended survives the loss of power. After a failure nothing is known of it.
  [[nodiscard]] virtual Status sync() = 0;
};

class Disk {
 public:
  Disk() = default;
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;
  virtual ~Disk() = default;
  // A new, empty file in place of what has that name, the name durable. It is never the old file
  // emptied: of one whose sync failed nobody knows what the next sync would mean.
  [[nodiscard]] virtual Result<std::unique_ptr<AppendFile>> create(const std::string& name) = 0;
  [[nodiscard]] virtual Result<std::string> read(const std::string& name) = 0;  // whole
  [[nodiscard]] virtual Result<std::vector<std::string>> list() = 0;            // sorted
  // Gone, but after a loss of power it may be there again. No such file: that is no failure.
  [[nodiscard]] virtual Status remove(const std::string& name) = 0;
  // Durable, as far as the first `size` bytes were.
  [[nodiscard]] virtual Status truncate(const std::string& name, std::uint64_t size) = 0;
};

// A folder, made (mode 0700; files 0600) if it is not there.
[[nodiscard]] Result<std::unique_ptr<Disk>> open_folder(const std::filesystem::path& folder);

}  // namespace gridloom::history
