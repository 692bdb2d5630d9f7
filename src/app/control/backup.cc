#include "app/control/backup.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "app/data_folder/backup_description.h"
#include "app/data_folder/backup_files.h"
#include "app/data_folder/virtual_state.h"
#include "mqtt/session_store.h"
#include "storage/files.h"
#include "storage/sqlite.h"

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;
using wire::Json;
using wire::JsonObject;

constexpr mode_t kPrivate = 0600;

Status error_of(const fs::path& path, const std::error_code& error) {
  return fail(ErrorCode::kIo, fmt::format("{}: {}", path.string(), error.message()));
}

bool has_nothing(const fs::path& folder) {
  std::error_code error;
  return fs::is_empty(folder, error) && !error;
}

void clear(const fs::path& folder) {
  std::error_code ignored;
  for (fs::directory_iterator entry(folder, ignored); entry != fs::directory_iterator();
       entry.increment(ignored)) {
    fs::remove_all(entry->path(), ignored);
  }
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
  Copy(const AdminContext& context, fs::path folder)
      : context_(context), folder_(std::move(folder)) {}

  // The order of the steps is what keeps the promise: no record that leaves the log after the first
  // steps is missing in the databases that they copied, and the copied log has the records that
  // these were stored from. History knows no device that the registry does not know, so the
  // registry comes last.
  [[nodiscard]] Status all() {
    const auto hold = context_.archive.pin_log();
    if (Status done = database("history.db"); !done) return done;
    if (context_.sessions != nullptr) context_.sessions->flush();
    if (Status done = database("sessions.db"); !done) return done;
    if (Status done = files("log"); !done) return done;
    if (Status done = database("registry.sqlite"); !done) return done;
    if (Status done = file("secret.key"); !done) return done;
    if (Status done = files(kVirtualStates); !done) return done;
    return files("tls");
  }
  [[nodiscard]] Status describe() {
    for (const fs::path& made :
         {folder_ / "log", folder_ / "tls", folder_ / kVirtualStates, folder_}) {
      if (!fs::exists(made)) continue;
      if (Status done = sync_to_disk(made); !done) return done;
    }
    return storage::write_private_file(
        folder_ / kBackupDescription,
        write_description(
            {.at = context_.clock.now(), .of = context_.data.string(), .files = list_},
            context_.zone));
  }
  [[nodiscard]] Json answer() const {
    return JsonObject{{"backup", folder_.string()}, {"files", list_.size()}, {"bytes", bytes_}};
  }

 private:
  Status made(const fs::path& name) {
    std::error_code error;
    const std::uintmax_t size = fs::file_size(folder_ / name, error);
    if (error) return error_of(folder_ / name, error);
    auto sha256 = sha256_of_file(folder_ / name);
    if (!sha256) return std::unexpected(sha256.error());
    list_.push_back({.name = name, .bytes = size, .sha256 = std::move(*sha256)});
    bytes_ += size;
    return {};
  }
  Status database(const fs::path& name) {
    if (!fs::exists(context_.data / name)) return {};
    auto database = storage::Database::open(context_.data / name);
    if (!database) return std::unexpected(database.error());
    if (Status done = database->copy_to(folder_ / name, context_.stop); !done) return done;
    return made(name);
  }
  Status file(const fs::path& name) {
    if (Status done = copy_file(context_.data / name, folder_ / name, kPrivate); !done) return done;
    return made(name);
  }
  Status files(const fs::path& sub) {
    if (!fs::exists(context_.data / sub)) return {};
    if (Status done = storage::make_data_folder(folder_ / sub); !done) return done;
    for (const fs::path& name : files_in(context_.data / sub)) {
      if (context_.stop.stop_requested()) return fail(ErrorCode::kConflict, "it was interrupted");
      const Status done = file(sub / name);
      // The segment is gone, so all its records are in history.db.
      if (!done && done.error().code == ErrorCode::kNotFound) continue;
      if (!done) return done;
    }
    return {};
  }

  const AdminContext& context_;
  fs::path folder_;
  std::vector<BackupFile> list_;
  std::uintmax_t bytes_ = 0;
};

Status take_empty(const fs::path& folder) {
  std::error_code error;
  if (fs::exists(folder, error) && !has_nothing(folder)) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{} exists and is not an empty folder", folder.string()));
  }
  if (Status made = storage::make_data_folder(folder); !made) return made;
  if (::chmod(folder.c_str(), 0700) != 0) return storage::system_error("cannot protect", folder);
  return {};
}

}  // namespace

Result<Json> back_up(const AdminContext& context, const fs::path& folder) {
  if (!folder.is_absolute()) {
    return fail(ErrorCode::kBadParams,
                fmt::format("{:?} is not an absolute path", folder.string()));
  }
  if (Status taken = take_empty(folder); !taken) return std::unexpected(taken.error());
  Copy copy(context, folder);
  Status done = copy.all();
  if (done) done = copy.describe();
  if (!done) {
    clear(folder);
    return std::unexpected(done.error());
  }
  return copy.answer();
}

}  // namespace gridloom::app
