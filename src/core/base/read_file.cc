#include "base/read_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace gridloom {
namespace {

constexpr std::size_t kAtOnce = std::size_t{64} * 1024;

class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

Result<std::string> read_file(const std::filesystem::path& path, std::size_t most) {
  const auto refuse = [&path](std::string_view why) {
    return fail(ErrorCode::kIo, path.string() + ": cannot be read: " + std::string(why));
  };
  const OpenFile file(path);
  struct stat facts{};
  if (file.get() < 0 || ::fstat(file.get(), &facts) != 0) return refuse(system_message(errno));
  if (S_ISDIR(facts.st_mode)) return refuse("it is a folder, not a file");
  const std::size_t limit = S_ISREG(facts.st_mode) ? most : std::min(most, kMaxOfStream);
  const auto too_long = [&] { return refuse("more than " + std::to_string(limit) + " bytes"); };
  if (S_ISREG(facts.st_mode) && std::cmp_greater(facts.st_size, limit)) return too_long();
  std::string text;
  for (;;) {
    const std::size_t filled = text.size();
    text.resize(filled + std::min(kAtOnce, limit + 1 - filled));
    const ssize_t size = ::read(file.get(), text.data() + filled, text.size() - filled);
    text.resize(filled + static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return refuse(system_message(errno));
    if (size == 0) return text;
    if (text.size() > limit) return too_long();
  }
}

Result<std::string> read_text(const std::filesystem::path& path, std::size_t most) {
  auto text = read_file(path, most);
  if (!text) return text;
  const auto control = std::ranges::find_if(*text, [](char c) {
    return (static_cast<unsigned char>(c) < ' ' && c != '\t' && c != '\n' && c != '\r') ||
           c == '\x7F';
  });
  if (control == text->end()) return text;
  return fail(ErrorCode::kMalformed, path.string() + ": cannot be read: it is not text: byte " +
                                         std::to_string(control - text->begin()) +
                                         " is a control character");
}

Status only_for_its_owner(const std::filesystem::path& path, unsigned mode) {
  constexpr unsigned kOfOthers = 0077;
  if ((mode & kOfOthers) == 0) return {};
  return fail(ErrorCode::kIo,
              fmt::format("{} can be read or written by other users (mode {:04o}); run: chmod 600 "
                          "{}",
                          path.string(), mode & 07777U, path.string()));
}

}  // namespace gridloom
