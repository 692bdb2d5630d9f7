#include "app/operations/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "app/operations/backup_description.h"
#include "app/operations/virtual_state.h"
#include "mqtt/session_store.h"
#include "parameters/arguments.h"
#include "storage/files.h"
#include "storage/sqlite.h"

namespace gridloom::operations {
namespace {

namespace fs = std::filesystem;
using wire::Json;
using wire::JsonObject;

constexpr mode_t kPrivate = 0600;
// The file that names the database of the folder, if it has one (server/stores.h).
constexpr const char* kDatabase = "database.json";

Status error_of(const fs::path& path, const std::error_code& error) {
  return fail(ErrorCode::kIo, fmt::format("{}: {}", path.string(), error.message()));
}

// A backup has it until it is complete; the process that writes the backup locks it.
constexpr std::string_view kUnfinished = "backup.unfinished";

bool has_nothing(const fs::path& folder) {
  std::error_code error;
  return fs::is_empty(folder, error) && !error;
}

// Removes what a backup consists of, and nothing else.
void clear(const fs::path& folder) {
  std::error_code ignored;
  for (const std::string_view name :
       {"history.db", "sessions.db", "log", "registry.sqlite", "secret.key", "tls", kDatabase}) {
    fs::remove_all(folder / name, ignored);
    for (const char* suffix : {"-journal", "-wal", "-shm"}) {
      fs::remove(folder / std::string(name).append(suffix), ignored);
    }
  }
  fs::remove_all(folder / kVirtualStates, ignored);
  for (const FilesOfHome& each : files_of_home()) fs::remove_all(folder / each.name, ignored);
  for (const char* suffix : {"", ".new"}) {
    fs::remove(folder / std::string(kBackupDescription).append(suffix), ignored);
  }
  fs::remove(folder / kUnfinished, ignored);
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->is_regular_file(error)) files.push_back(entry->path().filename());
  }
  std::ranges::sort(files);
  return files;
}

// Copies the files one by one, and records them for the description.
class Copy {
 public:
  Copy(const Context& context, fs::path folder) : context_(context), folder_(std::move(folder)) {}

  // The order of the steps is what keeps the promise: no record that leaves the log after the first
  // steps is missing in the databases that they copied, and the copied log has the records that
  // these were stored from. History knows no device that the registry does not know, so the
  // registry comes last.
  [[nodiscard]] Status all() {
    const auto hold = context_.archive.pin_log();
    GL_TRY(history());
    if (context_.sessions != nullptr) context_.sessions->flush();
    GL_TRY(database("sessions.db"));
    GL_TRY(files("log"));
    GL_TRY(database("registry.sqlite"));
    GL_TRY(file("secret.key"));
    if (fs::exists(context_.data / kDatabase)) {
      GL_TRY(file(kDatabase));
      has_database_ = true;
    }
    GL_TRY(files(kVirtualStates));
    for (const FilesOfHome& each : files_of_home()) {
      if (each.is_folder) {
        GL_TRY(files(each.name));
      } else if (fs::exists(context_.data / each.name)) {
        GL_TRY(file(each.name));
      }
    }
    return files("tls");
  }
  [[nodiscard]] Status describe() {
    std::vector<fs::path> all = {folder_ / "log", folder_ / "tls", folder_ / kVirtualStates};
    for (const FilesOfHome& each : files_of_home()) {
      if (each.is_folder) all.push_back(folder_ / each.name);
    }
    all.push_back(folder_);
    for (const fs::path& made : all) {
      if (!fs::exists(made)) continue;
      GL_TRY(sync_to_disk(made));
    }
    return storage::write_private_file(
        folder_ / kBackupDescription,
        write_description(
            {.at = context_.clock.now(), .of = context_.data.string(), .files = list_},
            context_.zone));
  }
  [[nodiscard]] Json answer() const {
    JsonObject answer{{"backup", folder_.string()}, {"files", list_.size()}, {"bytes", bytes_}};
    if (has_database_) {
      answer["leftOut"] =
          "accounts, devices, sessions and history, which are in the database that database.json "
          "names: back it up with its own tools, such as pg_dump";
    }
    return answer;
  }

 private:
  Status made(const fs::path& name) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(folder_ / name, error);
    if (error) return error_of(folder_ / name, error);
    GL_TRY(auto sha256, sha256_of_file(folder_ / name));
    list_.push_back({.name = name, .bytes = size, .sha256 = std::move(sha256)});
    bytes_ += size;
    return {};
  }
  Status history() {
    GL_TRY(const auto names, context_.archive.backup_store(folder_, context_.stop));
    for (const fs::path& name : names) {
      GL_TRY(made(name));
    }
    return {};
  }
  Status database(const fs::path& name) {
    if (!fs::exists(context_.data / name)) return {};
    GL_TRY(auto database, storage::Database::open(context_.data / name));
    GL_TRY(database.copy_to(folder_ / name, context_.stop));
    return made(name);
  }
  Status file(const fs::path& name) {
    GL_TRY(copy_file(context_.data / name, folder_ / name, kPrivate));
    return made(name);
  }
  Status files(const fs::path& sub) {
    if (!fs::exists(context_.data / sub)) return {};
    GL_TRY(storage::make_data_folder(folder_ / sub));
    for (const fs::path& name : files_in(context_.data / sub)) {
      if (context_.stop.stop_requested()) return fail(ErrorCode::kConflict, "it was interrupted");
      const Status done = file(sub / name);
      // The segment is gone, so all its records are in history.db.
      if (!done && done.error().code == ErrorCode::kNotFound) continue;
      if (!done) return done;
    }
    return {};
  }

  const Context& context_;
  fs::path folder_;
  std::vector<BackupFile> list_;
  std::uintmax_t bytes_ = 0;
  bool has_database_ = false;
};

// The folder of a backup while it is being written. Unless it was completed, its content is removed
// at the end, and so is the folder if it was made for the backup. After a kill the content stays,
// with a marker by which the next backup knows it.
class Target {
 public:
  [[nodiscard]] static Result<Target> take(const fs::path& folder) {
    std::error_code error;
    const bool was_there = fs::exists(folder, error);
    if (was_there && !has_nothing(folder)) {
      GL_TRY(clear_unfinished(folder));
    }
    GL_TRY(storage::make_data_folder(folder));
    Target target(folder, !was_there);
    if (::chmod(folder.c_str(), 0700) != 0) return storage::system_error("cannot protect", folder);
    target.marker_ = open_marker(folder, O_RDWR | O_CREAT);
    if (!target.marker_.is_open()) return storage::system_error("cannot make", marker_of(folder));
    if (::flock(target.marker_.get(), LOCK_EX | LOCK_NB) != 0) {
      target.folder_.clear();  // what is in it is another's
      return being_written(folder);
    }
    return target;
  }
  Target(Target&& other) noexcept
      : folder_(std::exchange(other.folder_, {})),
        marker_(std::move(other.marker_)),
        is_ours_(other.is_ours_) {}
  Target& operator=(Target&&) = delete;
  Target(const Target&) = delete;
  Target& operator=(const Target&) = delete;
  ~Target() {
    if (folder_.empty()) return;
    clear(folder_);
    std::error_code ignored;
    if (is_ours_) fs::remove(folder_, ignored);
  }

  void complete() {
    std::error_code ignored;
    fs::remove(marker_of(folder_), ignored);
    folder_.clear();
  }

 private:
  Target(fs::path folder, bool is_ours) : folder_(std::move(folder)), is_ours_(is_ours) {}

  static fs::path marker_of(const fs::path& folder) { return folder / kUnfinished; }
  static storage::FileDescriptor open_marker(const fs::path& folder, int flags) {
    return storage::FileDescriptor(::open(marker_of(folder).c_str(), flags | O_CLOEXEC, kPrivate));
  }
  static std::unexpected<Error> being_written(const fs::path& folder) {
    return fail(ErrorCode::kConflict,
                fmt::format("another backup is being written into {}", folder.string()));
  }
  // Removes the rest of a backup that was interrupted.
  [[nodiscard]] static Status clear_unfinished(const fs::path& folder) {
    const storage::FileDescriptor marker = open_marker(folder, O_RDWR);
    std::error_code error;
    if (marker.is_open() && !fs::exists(folder / kBackupDescription, error)) {
      if (::flock(marker.get(), LOCK_EX | LOCK_NB) != 0) return being_written(folder);
      clear(folder);
      if (has_nothing(folder)) return {};
    }
    return fail(ErrorCode::kBadParams,
                fmt::format("{} exists and is not an empty folder", folder.string()));
  }

  fs::path folder_;  // empty: nothing to clear
  storage::FileDescriptor marker_;
  bool is_ours_ = false;
};

}  // namespace

Result<Json> back_up(const Context& context, const fs::path& folder) {
  if (!folder.is_absolute()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{:?} is not an absolute path", folder.string()));
  }
  GL_TRY(auto target, Target::take(folder));
  Copy copy(context, folder);
  Status done = copy.all();
  if (done) done = copy.describe();
  if (!done) return std::unexpected(done.error());
  target.complete();
  return copy.answer();
}

namespace {

Result<Json> make_backup(const Context& context, const Arguments& arguments) {
  return back_up(context, arguments.text("folder"));
}

constexpr std::array kParameters = {
    Parameter{.name = "folder",
              .text = "Target folder; it must be empty or must not exist yet",
              .required = true,
              .most_bytes = 4096},
};

constexpr std::array kBackupOperations = {
    Operation{.name = kBackupOp,
              .text = "Makes a backup of a data folder, also while its server runs",
              .parameters = kParameters,
              // A disk that refuses the audit is a good reason for a backup.
              .audit = {Recorded::kAtBegin, "backup", {"folder"}},
              .function = make_backup,
              .timing = Timing::kLong},
};
static_assert(are_complete(kBackupOperations));

}  // namespace

std::span<const Operation> backup_operations() { return kBackupOperations; }

}  // namespace gridloom::operations
