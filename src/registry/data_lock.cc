// flock(2), not fcntl(2): its lock belongs to the open file, so that another thread of the same
// process closing the file does not drop it.
#include "registry/data_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>

namespace gridloom::registry {
namespace {

constexpr std::size_t kLongestPid = 20;

std::unexpected<Fault> running(const FileDescriptor& file, const std::filesystem::path& path,
                               const std::filesystem::path& data_folder) {
  std::string pid;
  if (Result<std::string> text = read_start(file, path, kLongestPid)) {
    pid = text->substr(0, text->find('\n'));
  }
  const bool known =
      !pid.empty() && std::ranges::all_of(pid, [](char c) { return c >= '0' && c <= '9'; });
  return fail(FaultKind::kConflict, fmt::format("a server is running on {}{}", data_folder.string(),
                                                known ? fmt::format(" (pid {})", pid) : ""));
}

}  // namespace

Result<DataLock> DataLock::take(const std::filesystem::path& data_folder) {
  if (Status made = make_data_folder(data_folder); !made) return std::unexpected(made.error());
  const std::filesystem::path path = data_folder / "lock";
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.is_open()) return system_fault("cannot open", path);
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return running(file, path, data_folder);
    if (errno != EINTR) return system_fault("cannot lock", path);
  }
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file.get(), 0) != 0 ||
      ::pwrite(file.get(), pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size())) {
    return system_fault("cannot write", path);
  }
  return DataLock(std::move(file));
}

}  // namespace gridloom::registry
