// The few things the registry needs of the file system: a data folder that is private, files that
// are on the disk when we say so, and locks that end with their holder.
//
// Invariant: nothing made here is readable by another user, whatever the umask. No function throws.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace gridloom::registry {

// Owns a file descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileDescriptor();

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

// kIo with the path and the system's reason. Reads errno: call it right after the failure.
[[nodiscard]] std::unexpected<Fault> system_fault(std::string_view what,
                                                  const std::filesystem::path& path);

// Makes `folder` with mode 0700, and its parents as usual. A folder that is there stays as it is.
[[nodiscard]] Status make_data_folder(const std::filesystem::path& folder);

// Waits until nobody else holds the folder's lock; released with the descriptor.
[[nodiscard]] Result<FileDescriptor> lock_folder(const std::filesystem::path& folder);

// Up to `limit` bytes from the start.
[[nodiscard]] Result<std::string> read_start(const FileDescriptor& file,
                                             const std::filesystem::path& path, std::size_t limit);

// Writes a new file of mode 0600 under a second name, then gives it its own: after a crash `path`
// holds all of `bytes` or does not exist. The caller holds the folder's lock; `path` must be free.
[[nodiscard]] Status write_private_file(const std::filesystem::path& path, std::string_view bytes);

// The same without a sync, in place of what is there: after a loss of power it may be the old file,
// or an empty one.
[[nodiscard]] Status replace_private_file(const std::filesystem::path& path,
                                          std::string_view bytes);

// Makes an empty file of mode 0600; takes other users' rights away from one that is there.
[[nodiscard]] Status make_private(const std::filesystem::path& path);

}  // namespace gridloom::registry
