// The file contains one line twice: if the two lines differ, the file is damaged.
#include "registry/revision.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <string_view>
#include <system_error>

#include "storage/files.h"

namespace gridloom::registry {
namespace {

using storage::FileDescriptor;
using storage::read_start;
using storage::replace_private_file;

constexpr std::size_t kIdDigits = 32;
constexpr std::size_t kMaxBytes = 256;

std::filesystem::path file_in(const std::filesystem::path& data_folder) {
  return data_folder / "registry.seen";
}

}  // namespace

std::optional<Revision> last_seen(const std::filesystem::path& data_folder) {
  const std::filesystem::path path = file_in(data_folder);
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return std::nullopt;
  const auto bytes = read_start(file, path, kMaxBytes);
  if (!bytes || bytes->size() % 2 != 0) return std::nullopt;
  std::string_view line = *bytes;
  const std::string_view second = line.substr(line.size() / 2);
  line = line.substr(0, line.size() / 2);
  if (line != second || line.size() < kIdDigits + 3 || line[kIdDigits] != ' ') return std::nullopt;
  Revision revision{.registry = std::string(line.substr(0, kIdDigits))};
  const char* const end = line.data() + line.size() - 1;
  const auto [stop, error] = std::from_chars(line.data() + kIdDigits + 1, end, revision.number);
  if (error != std::errc() || stop != end || *end != '\n') return std::nullopt;
  return revision;
}

Status check_seen_readable(const std::filesystem::path& data_folder) {
  return storage::check_readable(file_in(data_folder));
}

void remember(const std::filesystem::path& data_folder, const Revision& revision) {
  const std::filesystem::path path = file_in(data_folder);
  const std::string line = fmt::format("{} {}\n", revision.registry, revision.number);
  if (const Status written = replace_private_file(path, line + line); written) return;
  // An old file could report a setback that never happened.
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
}

std::string setback_between(const Revision& seen, const Revision& now) {
  if (seen.registry != now.registry) {
    return fmt::format("it is not the registry that was in this folder, which had {} changes",
                       seen.number);
  }
  if (seen.number <= now.number) return {};
  return fmt::format("its last {} changes are missing: it is an old copy, or was damaged",
                     seen.number - now.number);
}

}  // namespace gridloom::registry
