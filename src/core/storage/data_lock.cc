// Uses flock(2), not fcntl(2): a flock belongs to the open file, so the lock is not dropped when
// another thread of the same process closes the file.
#include "storage/data_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <string>
#include <system_error>

namespace gridloom::storage {
namespace {

constexpr std::size_t kLongestNote = 40;
constexpr int kPollInterval_ms = 10;
constexpr std::string_view kServer = "server";
constexpr std::string_view kCommand = "command";

// The content of the lock file: a description of the lock's holder.
struct Note {
  pid_t pid = 0;         // 0: nothing
  bool command = false;  // else a server
};

Note note_in(const FileDescriptor& file, const std::filesystem::path& path) {
  const Result<std::string> text = read_start(file, path, kLongestNote);
  if (!text) return {};
  Note note;
  const char* end = text->data() + text->size();
  const auto [rest, error] = std::from_chars(text->data(), end, note.pid);
  if (error != std::errc() || note.pid <= 0) return {};
  note.command = std::string_view(rest, end).contains(kCommand);
  return note;
}

// The note of a killed process is stale: the present holder of the lock has not written its own
// note yet.
bool is_alive(pid_t pid) { return ::kill(pid, 0) == 0 || errno == EPERM; }

std::unexpected<Error> held(const Note& note, const std::filesystem::path& data_folder) {
  const std::string who = note.pid != 0 ? fmt::format(" (pid {})", note.pid) : "";
  return fail(
      ErrorCode::kConflict,
      fmt::format("{} {}{}", note.command ? "another command works on" : "a server is running on",
                  data_folder.string(), who));
}

}  // namespace

DataLock::~DataLock() {
  // After a clean end, the next holder finds no stale note.
  if (file_.is_open()) static_cast<void>(::ftruncate(file_.get(), 0));
}

DataLock& DataLock::operator=(DataLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

Result<DataLock> DataLock::take(const std::filesystem::path& data_folder, Holder holder,
                                Millis patience) {
  GL_TRY(make_data_folder(data_folder));
  const std::filesystem::path path = data_folder / "lock";
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.is_open()) return system_error("cannot open", path);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EINTR) continue;
    if (errno != EWOULDBLOCK) return system_error("cannot lock", path);
    const Note note = note_in(file, path);
    const bool is_server = note.pid != 0 && !note.command && is_alive(note.pid);
    if (is_server || std::chrono::steady_clock::now() >= until) return held(note, data_folder);
    ::poll(nullptr, 0, kPollInterval_ms);
  }
  const std::string note =
      fmt::format("{} {}\n", ::getpid(), holder == Holder::kServer ? kServer : kCommand);
  // The lock holds without the note, which a full disk may refuse, or take a part of.
  errno = 0;
  const bool is_noted =
      ::ftruncate(file.get(), 0) == 0 &&
      ::pwrite(file.get(), note.data(), note.size(), 0) == static_cast<ssize_t>(note.size());
  const bool is_full = errno == 0 || errno == ENOSPC || errno == EDQUOT;
  if (!is_noted && !is_full) return system_error("cannot write", path);
  return DataLock(std::move(file));
}

}  // namespace gridloom::storage
