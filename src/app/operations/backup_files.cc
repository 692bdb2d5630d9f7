#include "app/operations/backup_files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>
#include <vector>

#include "base/sha256.h"
#include "storage/files.h"

namespace gridloom::operations {
namespace {

constexpr std::size_t kAtOnce = std::size_t{256} * 1024;

}  // namespace

Status copy_file(const std::filesystem::path& from, const std::filesystem::path& to, mode_t mode) {
  std::error_code error;
  std::filesystem::copy_file(from, to, error);
  if (error == std::errc::no_such_file_or_directory) {
    return fail(ErrorCode::kNotFound, fmt::format("{} does not exist", from.string()));
  }
  if (error) return fail(ErrorCode::kIo, fmt::format("{}: {}", to.string(), error.message()));
  if (::chmod(to.c_str(), mode) != 0) return storage::system_error("cannot protect", to);
  return sync_to_disk(to);
}

Status sync_to_disk(const std::filesystem::path& path) {
  const storage::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open() || ::fsync(file.get()) != 0) {
    return storage::system_error("cannot sync", path);
  }
  return {};
}

Result<std::string> sha256_of_file(const std::filesystem::path& path) {
  const storage::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return storage::system_error("cannot open", path);
  Sha256 hash;
  std::vector<char> bytes(kAtOnce);
  while (true) {
    const ssize_t got = ::read(file.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return storage::system_error("cannot read", path);
    if (got == 0) break;
    hash.add({bytes.data(), static_cast<std::size_t>(got)});
  }
  return hash.finish();
}

}  // namespace gridloom::operations
