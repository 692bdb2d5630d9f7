#include "app/ready_file.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <system_error>

#include "base/read_file.h"
#include "storage/files.h"

namespace gridloom::app {
namespace {

constexpr const char* kName = "ready.json";
constexpr std::size_t kMaxReady = 65'536;  // bytes

Result<wire::Json> facts_in(const std::filesystem::path& data_folder) {
  const auto text = read_file(data_folder / kName, kMaxReady);
  return wire::parse_json(text.value_or(""));
}

}  // namespace

Result<ReadyFile> ReadyFile::write(const std::filesystem::path& data_folder,
                                   const wire::JsonObject& facts) {
  const std::filesystem::path path = data_folder / kName;
  // Readers see all of the file or nothing.
  GL_TRY(storage::replace_private_file(path, wire::to_text(facts) + '\n'));
  return ReadyFile(path);
}

ReadyFile::~ReadyFile() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove(path_, ignored);
}

std::filesystem::path devices_of_server(const std::filesystem::path& data_folder) {
  const auto facts = facts_in(data_folder);
  return facts ? std::filesystem::path(wire::text_in(*facts, "devices")) : std::filesystem::path();
}

ReadyWatch::ReadyWatch(std::filesystem::path data_folder)
    : folder_(std::move(data_folder)), changes_(::inotify_init1(IN_CLOEXEC)) {
  static_cast<void>(::inotify_add_watch(changes_.get(), folder_.c_str(), IN_MOVED_TO));
}

Status ReadyWatch::await(std::int64_t run, Millis patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  while (true) {
    const auto facts = facts_in(folder_);
    if (facts && wire::whole_in(*facts, "run").value_or(0) >= run) return {};
    const auto left = std::chrono::ceil<Millis>(deadline - std::chrono::steady_clock::now());
    pollfd wanted{.fd = changes_.get(), .events = POLLIN, .revents = 0};
    if (left <= Millis(0) || ::poll(&wanted, 1, static_cast<int>(left.count())) <= 0) {
      return fail(ErrorCode::kNoAnswer,
                  fmt::format("the server of {} is not back after {} s; its log says why",
                              folder_.string(), patience.count() / 1000));
    }
    std::array<char, 4096> events{};
    static_cast<void>(::read(changes_.get(), events.data(), events.size()));
  }
}

}  // namespace gridloom::app
