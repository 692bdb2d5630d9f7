// Wraps system calls and describes their errors in words. A file's name is durable only after its
// folder was synced: write_private_file() syncs both.
#include "storage/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace gridloom::storage {
namespace {

constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPrivateFolder = 0700;

FileDescriptor open_file(const std::filesystem::path& path, int flags) {
  return FileDescriptor(::open(path.c_str(), flags | O_CLOEXEC, kPrivateFile));
}

Status write_all(const FileDescriptor& file, const std::filesystem::path& path,
                 std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("cannot write", path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

// Removes the file at the end, unless it was renamed by then.
class Unfinished {
 public:
  explicit Unfinished(std::filesystem::path path) : path_(std::move(path)) { path_ += ".new"; }
  Unfinished(const Unfinished&) = delete;
  Unfinished& operator=(const Unfinished&) = delete;
  ~Unfinished() {
    if (!is_renamed_) ::unlink(path_.c_str());
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] Status rename_to(const std::filesystem::path& path) {
    if (::rename(path_.c_str(), path.c_str()) != 0) return system_error("cannot make", path);
    is_renamed_ = true;
    return {};
  }

 private:
  std::filesystem::path path_;
  bool is_renamed_ = false;
};

}  // namespace

std::unexpected<Error> system_error(std::string_view what, const std::filesystem::path& path) {
  const int error = errno;
  return fail(ErrorCode::kIo, fmt::format("{} {}: {}", what, path.string(),
                                          std::generic_category().message(error)));
}

Status make_data_folder(const std::filesystem::path& folder) {
  std::error_code error;
  if (std::filesystem::is_directory(folder, error)) return {};
  if (folder.has_parent_path()) std::filesystem::create_directories(folder.parent_path(), error);
  // If a parent could not be created, mkdir fails too, with an error that names the cause.
  if (::mkdir(folder.c_str(), kPrivateFolder) != 0) {
    if (errno == EEXIST && std::filesystem::is_directory(folder, error)) return {};
    return system_error("cannot create the folder", folder);
  }
  return {};
}

Result<FileDescriptor> lock_folder(const std::filesystem::path& folder) {
  FileDescriptor handle = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!handle.is_open()) return system_error("cannot open the data folder", folder);
  while (::flock(handle.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return system_error("cannot lock the data folder", folder);
  }
  return handle;
}

Status check_readable(const std::filesystem::path& file) {
  const FileDescriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!opened.is_open() && errno == ENOENT) return {};
  if (!opened.is_open()) return system_error("cannot open", file);
  const auto start = read_start(opened, file, 1);
  return start ? Status() : std::unexpected(start.error());
}

Result<std::string> read_start(const FileDescriptor& file, const std::filesystem::path& path,
                               std::size_t limit) {
  std::string bytes(limit, '\0');
  std::size_t filled = 0;
  while (filled < limit) {
    const ssize_t got =
        ::pread(file.get(), bytes.data() + filled, limit - filled, static_cast<off_t>(filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read", path);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Status write_private_file(const std::filesystem::path& path, std::string_view bytes) {
  Unfinished kept(path);
  const std::filesystem::path& unfinished = kept.path();
  // A file left behind by a crash was never in use.
  if (::unlink(unfinished.c_str()) != 0 && errno != ENOENT) {
    return system_error("cannot remove", unfinished);
  }
  const FileDescriptor file = open_file(unfinished, O_WRONLY | O_CREAT | O_EXCL);
  if (!file.is_open()) return system_error("cannot make", unfinished);
  if (::fchmod(file.get(), kPrivateFile) != 0) return system_error("cannot protect", unfinished);
  GL_TRY(write_all(file, unfinished, bytes));
  if (::fsync(file.get()) != 0) return system_error("cannot sync", unfinished);
  GL_TRY(kept.rename_to(path));
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  const FileDescriptor handle = open_file(folder, O_RDONLY | O_DIRECTORY);
  if (!handle.is_open() || ::fsync(handle.get()) != 0) return system_error("cannot sync", folder);
  return {};
}

Status replace_private_file(const std::filesystem::path& path, std::string_view bytes) {
  Unfinished kept(path);
  // A file that a crash left behind may have another mode.
  if (::unlink(kept.path().c_str()) != 0 && errno != ENOENT) {
    return system_error("cannot remove", kept.path());
  }
  const FileDescriptor file = open_file(kept.path(), O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.is_open()) return system_error("cannot make", kept.path());
  GL_TRY(write_all(file, kept.path(), bytes));
  return kept.rename_to(path);
}

Status make_private(const std::filesystem::path& path) {
  // An existing file is not opened: closing it would drop this process's SQLite locks on it.
  const FileDescriptor made = open_file(path, O_RDWR | O_CREAT | O_EXCL);
  if (!made.is_open() && errno != EEXIST) return system_error("cannot make", path);
  if (::chmod(path.c_str(), kPrivateFile) != 0) return system_error("cannot protect", path);
  return {};
}

}  // namespace gridloom::storage
