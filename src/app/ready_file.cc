#include "app/ready_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace gridloom::app {

Result<ReadyFile> ReadyFile::write(const std::filesystem::path& data_folder,
                                   const wire::JsonObject& facts) {
  const std::filesystem::path path = data_folder / "ready.json";
  const std::filesystem::path fresh = data_folder / "ready.json.new";
  const std::string text = wire::to_text(facts) + '\n';
  ::unlink(fresh.c_str());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool good = fd >= 0 && std::cmp_equal(::write(fd, text.data(), text.size()), text.size());
  if (fd >= 0) ::close(fd);
  // The rename is atomic: readers see all of the file or nothing.
  if (!good || ::rename(fresh.c_str(), path.c_str()) != 0) {
    return fail(ErrorCode::kIo, fmt::format("{}: {}", path.string(), system_message(errno)));
  }
  return ReadyFile(path);
}

ReadyFile::~ReadyFile() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove(path_, ignored);
}

}  // namespace gridloom::app
