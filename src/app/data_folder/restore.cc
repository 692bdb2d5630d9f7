#include "app/data_folder/restore.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "app/operations/backup_description.h"
#include "storage/files.h"

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kPrivate = 0600;
constexpr mode_t kPublic = 0644;  // for certificates
constexpr mode_t kPrivateFolder = 0700;
// One of them is in every data folder.
constexpr std::string_view kRegistry = "registry.sqlite";
constexpr std::string_view kDatabase = "database.json";

// In the staging folder: the copy, and a file with the names of the entries moved out of the copy.
constexpr const char* kCopy = "data";
constexpr const char* kMoving = "moving";
constexpr std::size_t kMaxNames = std::size_t{64} * 1024;

// The path without a trailing slash and with links resolved: a rename affects the folder itself.
fs::path resolved(const fs::path& data) {
  std::error_code error;
  fs::path whole = fs::weakly_canonical(fs::absolute(data, error), error);
  if (error) whole = data;
  return whole.has_filename() ? whole : whole.parent_path();
}

fs::path beside(const fs::path& data) {
  return data.parent_path() / (data.filename().string() + ".restoring");
}
fs::path inside(const fs::path& data) { return data / "restoring"; }

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

Status remove_tree(const fs::path& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (!error) return {};
  return fail(ErrorCode::kIo, fmt::format("cannot remove {}: {}", path.string(), error.message()));
}

Status move(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return {};
  return storage::system_error("cannot move the restored files to", to);
}

// Whether a sibling folder of `data` can be renamed to `data`.
bool can_be_replaced(const fs::path& data) {
  if (::access(data.parent_path().c_str(), W_OK | X_OK) != 0) return false;
  struct statx facts{};
  if (::statx(AT_FDCWD, data.c_str(), 0, STATX_BASIC_STATS, &facts) != 0) return true;
  return (facts.stx_attributes & STATX_ATTR_MOUNT_ROOT) == 0;
}

// The staging folder of a restore, locked by one restore at a time. Unless commit() was called, the
// destructor removes the folder and everything that was moved out of it.
class Staging {
 public:
  // Locks the folder, creating it if needed. kConflict: another restore holds the lock; kBadParams:
  // the folder was not created by a restore.
  static Result<Staging> take(const fs::path& folder, const fs::path& data) {
    while (true) {
      GL_TRY(storage::make_data_folder(folder));
      storage::FileDescriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!handle.is_open() && errno == ENOENT) continue;
      if (!handle.is_open()) return storage::system_error("cannot open", folder);
      if (::flock(handle.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK) return storage::system_error("cannot lock", folder);
        return fail(ErrorCode::kConflict,
                    fmt::format("another restore into {} is running", data.string()));
      }
      // The previous owner of the lock may have removed the folder meanwhile.
      struct stat ours{};
      struct stat now{};
      if (::fstat(handle.get(), &ours) != 0 || ::stat(folder.c_str(), &now) != 0 ||
          ours.st_ino != now.st_ino || ours.st_dev != now.st_dev) {
        continue;
      }
      for (const std::string& name : names_in(folder)) {
        if (name == kCopy || name.starts_with(kMoving)) continue;
        return fail(ErrorCode::kBadParams,
                    fmt::format("{} exists and was not left behind by a restore: move it away",
                                folder.string()));
      }
      return Staging(folder, data, std::move(handle));
    }
  }
  Staging(Staging&& other) noexcept = default;
  Staging& operator=(Staging&&) = delete;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    if (handle_.is_open()) static_cast<void>(clean());
  }

  [[nodiscard]] fs::path copy() const { return folder_ / kCopy; }

  // Removes the remains of a restore that was killed.
  Status clean_copy() {
    for (const std::string& name : moved_names()) {
      GL_TRY(remove_tree(data_ / name));
    }
    GL_TRY(remove_tree(folder_ / kMoving));
    return remove_tree(copy());
  }
  Status clean() {
    GL_TRY(clean_copy());
    return remove_tree(folder_);
  }

  // Moves the copy, which is completely on disk, to its destination.
  Status commit() {
    const bool in_data = folder_.parent_path() == data_;
    GL_TRY(in_data ? move_out() : move(copy(), data_));
    // Sync the names first, so that a data folder without a staging folder is always complete.
    GL_TRY(operations::sync_to_disk(folder_.parent_path()));
    GL_TRY(remove_tree(folder_));
    storage::FileDescriptor ended = std::move(handle_);
    return operations::sync_to_disk(folder_.parent_path());
  }

 private:
  Staging(fs::path folder, fs::path data, storage::FileDescriptor handle)
      : folder_(std::move(folder)), data_(std::move(data)), handle_(std::move(handle)) {}

  Status move_out() {
    const std::vector<std::string> names = names_in(copy());
    const std::string text = fmt::format("{}\n", fmt::join(names, "\n"));
    GL_TRY(storage::write_private_file(folder_ / kMoving, text));
    for (const std::string& name : names) {
      GL_TRY(move(copy() / name, data_ / name));
    }
    return {};
  }

  // Names moved by move_out(), in this restore or in one that was killed.
  [[nodiscard]] std::vector<std::string> moved_names() const {
    const fs::path path = folder_ / kMoving;
    const storage::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) return {};
    const auto text = storage::read_start(file, path, kMaxNames);
    std::vector<std::string> names;
    if (!text) return names;
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text->find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      std::string name = text->substr(begin, end - begin);
      const bool plain = !name.empty() && name != "." && name != ".." && !name.contains('/');
      if (plain) names.push_back(std::move(name));
    }
    return names;
  }

  fs::path folder_;
  fs::path data_;
  storage::FileDescriptor handle_;
};

// Removes the remains of killed restores. kBadParams: after that, `data` is still not empty.
Status make_room(const fs::path& data) {
  for (const fs::path& left : {beside(data), inside(data)}) {
    if (!is_there(left)) continue;
    GL_TRY(auto staging, Staging::take(left, data));
    GL_TRY(staging.clean());
  }
  if (!is_there(data)) return {};
  std::error_code error;
  if (fs::is_directory(data, error) && fs::is_empty(data, error) && !error) return {};
  return fail(ErrorCode::kBadParams,
              fmt::format("{} exists and is not an empty folder", data.string()));
}

// A link would bring a file of this machine into the data folder.
Status check_plain(const fs::path& folder, const fs::path& name) {
  fs::path at = folder;
  for (const fs::path& part : name) {
    at /= part;
    std::error_code error;
    if (!fs::is_symlink(fs::symlink_status(at, error))) continue;
    return fail(ErrorCode::kMalformed, fmt::format("{} is a link: must be a file of the backup, in "
                                                   "its folders",
                                                   name.string()));
  }
  return {};
}

// A file with holes has less room in the copy than it takes in the data folder.
Status check_room(const std::vector<operations::BackupFile>& files, const fs::path& parent) {
  std::uintmax_t bytes = 0;
  for (const operations::BackupFile& each : files) {
    bytes += std::min(each.bytes, std::numeric_limits<std::uintmax_t>::max() - bytes);
  }
  std::error_code error;
  const fs::space_info space = fs::space(parent, error);
  if (error || bytes <= space.available) return {};
  return fail(ErrorCode::kIo, fmt::format("{}: the backup has {} bytes, and {} are free",
                                          parent.string(), bytes, space.available));
}

// Verifies each copy: neither the backup's bytes nor the copied bytes are wrong.
Status copy_back(const std::vector<operations::BackupFile>& files, const fs::path& folder,
                 const fs::path& data) {
  GL_TRY(check_room(files, data.parent_path()));
  for (const operations::BackupFile& each : files) {
    GL_TRY(check_plain(folder, each.name));
    // All sizes first, because that check is cheap.
    GL_TRY(operations::verify({.name = each.name, .bytes = each.bytes}, folder / each.name));
  }
  GL_TRY(storage::make_data_folder(data));
  std::vector<fs::path> folders{data};
  for (const operations::BackupFile& each : files) {
    const fs::path to = data / each.name;
    if (std::ranges::find(folders, to.parent_path()) == folders.end()) {
      GL_TRY(storage::make_data_folder(to.parent_path()));
      folders.insert(folders.begin(), to.parent_path());
    }
    const mode_t mode = each.name.extension() == ".pem" ? kPublic : kPrivate;
    GL_TRY(operations::copy_file(folder / each.name, to, mode));
    GL_TRY(operations::verify(each, to));
  }
  for (const fs::path& made : folders) {
    GL_TRY(operations::sync_to_disk(made));
  }
  return {};
}

Status not_whole(const fs::path& folder, const Error& fault) {
  if (fault.code != ErrorCode::kMalformed && fault.code != ErrorCode::kNotFound) {
    return std::unexpected(fault);
  }
  return fail(ErrorCode::kBadParams,
              fmt::format("{} is not a complete backup: {}", folder.string(), fault.detail));
}

}  // namespace

Result<Restored> restore(const fs::path& folder, const fs::path& data) {
  if (!is_there(folder)) {
    return fail(ErrorCode::kNotFound, fmt::format("there is no folder {}", folder.string()));
  }
  GL_TRY(const auto description, operations::read_description(folder));
  const fs::path target = resolved(data);
  GL_TRY(make_room(target));
  const bool in_data = is_there(target) && !can_be_replaced(target);
  if (in_data && ::chmod(target.c_str(), kPrivateFolder) != 0) {
    return storage::system_error("cannot protect", target);
  }
  GL_TRY(auto staging, Staging::take(in_data ? inside(target) : beside(target), target));
  Status done = staging.clean_copy();
  if (done) {
    done = copy_back(description.files, folder, staging.copy());
    if (!done) done = not_whole(folder, done.error());
  }
  if (done) done = staging.commit();
  if (!done) return std::unexpected(done.error());
  const bool hashed = std::ranges::none_of(
      description.files, [](const operations::BackupFile& file) { return file.sha256.empty(); });
  return Restored{.hashed = hashed};
}

Status check_no_restore(const fs::path& data) {
  const fs::path target = resolved(data);
  const auto unfinished = [&](std::string_view cure) {
    return fail(ErrorCode::kConflict,
                fmt::format("a restore into {} has not ended: if it was interrupted, run `gridloom "
                            "restore` again{}",
                            data.string(), cure));
  };
  if (is_there(inside(target))) return unfinished("");
  const bool is_used = is_there(target / kRegistry) || is_there(target / kDatabase);
  if (is_used || !is_there(beside(target))) return {};
  return unfinished(
      fmt::format(", or remove {} to continue without the restored data", beside(target).string()));
}

}  // namespace gridloom::app
