// The file has its one line twice: a line that is not what the other is was damaged.
#include "mqtt/sessions_seen.h"

#include <fmt/format.h>

#include <charconv>
#include <string>
#include <string_view>
#include <system_error>

#include "base/read_file.h"
#include "registry/files.h"

namespace gridloom::mqtt {
namespace {

constexpr std::size_t kMostBytes = 64;

std::filesystem::path file_in(const std::filesystem::path& data_folder) {
  return data_folder / "sessions.seen";
}

}  // namespace

std::optional<std::uint64_t> sessions_seen(const std::filesystem::path& data_folder) {
  const std::filesystem::path path = file_in(data_folder);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return std::nullopt;
  const auto bytes = read_file(path, kMostBytes);
  if (!bytes || bytes->size() < 4 || bytes->size() % 2 != 0) return std::nullopt;
  const std::string_view line = std::string_view(*bytes).substr(0, bytes->size() / 2);
  if (line != std::string_view(*bytes).substr(line.size()) || line.back() != '\n') {
    return std::nullopt;
  }
  std::uint64_t record = 0;
  const char* const end = line.data() + line.size() - 1;
  const auto [stop, wrong] = std::from_chars(line.data(), end, record);
  return wrong == std::errc() && stop == end ? std::optional(record) : std::nullopt;
}

void remember_sessions(const std::filesystem::path& data_folder, std::uint64_t record) {
  const std::string line = fmt::format("{}\n", record);
  if (registry::replace_private_file(file_in(data_folder), line + line)) return;
  // An old one would not tell of a loss.
  std::error_code ignored;
  std::filesystem::remove(file_in(data_folder), ignored);
}

}  // namespace gridloom::mqtt
