#include "storage/reserve.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/statvfs.h>

#include <cstdint>
#include <system_error>

#include "storage/files.h"

namespace gridloom::storage {
namespace {

constexpr int kFiles = 16;  // a start makes about ten
constexpr off_t kFile_bytes = off_t{64} * 1024;
constexpr std::uint64_t kPlenty_bytes = std::uint64_t{64} * 1024 * 1024;
constexpr std::uint64_t kPlenty_inodes = 1024;
constexpr std::uint64_t kNeeded_bytes = std::uint64_t{512} * 1024;
constexpr std::uint64_t kNeeded_inodes = 16;

struct Room {
  std::uint64_t bytes = 0;
  std::uint64_t inodes = 0;
};

bool has(const std::filesystem::path& folder, const Room& wanted) {
  struct statvfs facts{};
  if (::statvfs(folder.c_str(), &facts) != 0) return true;  // not known: no reason to act
  const bool counts_inodes = facts.f_files != 0;
  return facts.f_bavail * facts.f_frsize >= wanted.bytes &&
         (!counts_inodes || facts.f_favail >= wanted.inodes);
}

std::filesystem::path reserve_in(const std::filesystem::path& data_folder) {
  return data_folder / "reserve";
}

}  // namespace

void keep_reserve(const std::filesystem::path& data_folder) {
  const std::filesystem::path folder = reserve_in(data_folder);
  if (!has(data_folder, {.bytes = kPlenty_bytes, .inodes = kPlenty_inodes})) return;
  if (!make_data_folder(folder)) return;
  for (int number = 0; number < kFiles; ++number) {
    const std::filesystem::path path = folder / fmt::format("{:02}", number);
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (!file.is_open() || ::posix_fallocate(file.get(), 0, kFile_bytes) != 0) return;
  }
}

bool use_reserve(const std::filesystem::path& data_folder) {
  std::error_code ignored;
  const std::uintmax_t removed = std::filesystem::remove_all(reserve_in(data_folder), ignored);
  return !ignored && removed != 0;
}

bool is_nearly_full(const std::filesystem::path& data_folder) {
  return !has(data_folder, {.bytes = kNeeded_bytes, .inodes = kNeeded_inodes});
}

}  // namespace gridloom::storage
