#include "app/data_folder/check.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/file.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "app/data_folder/stores.h"
#include "app/operations/backup.h"
#include "app/operations/backup_description.h"
#include "app/operations/virtual_state.h"
#include "base/read_file.h"
#include "history/sqlite/sqlite_store_factory.h"
#include "history/store/damage_notes.h"
#include "journal/local/log.h"
#include "mqtt/session_rows.h"
#include "net/tls.h"
#include "registry/revision.h"
#include "registry/sqlite/store.h"
#include "server/stores.h"
#include "storage/files.h"
#include "storage/sqlite.h"
#include "storage/summed_file.h"
#include "storage/wal.h"
#include "tables/convert.h"
#include "tables/sqlite_connection.h"

namespace gridloom::app {
namespace {

namespace fs = std::filesystem;
using storage::Database;

constexpr std::string_view kHistory = "history.db";
constexpr std::string_view kRegistry = "registry.sqlite";
constexpr std::string_view kKey = "secret.key";
constexpr std::string_view kSessions = "sessions.db";
constexpr std::array<std::string_view, 3> kDatabases = {kHistory, kRegistry, kSessions};
// Temporary files of a running server or SQLite; each start creates them anew.
constexpr std::array<std::string_view, 4> kPassing = {"lock", "ready.json", "ready.json.new",
                                                      "admin.sock"};
constexpr std::string_view kNotes = "damage.txt";
constexpr std::string_view kDatabase = "database.json";
constexpr std::string_view kMigrated = ".migrated";  // the end of a name
constexpr std::string_view kRegistrySeen = "registry.seen";
constexpr std::string_view kSessionsSeen = "sessions.seen";
constexpr std::string_view kLogSeen = "log.seen";
constexpr std::string_view kLog = "log";
constexpr std::string_view kSegmentSuffix = ".log";
constexpr std::string_view kCertificates = "tls";
constexpr std::string_view kSharedMemory = "-shm";
constexpr std::string_view kWal = "-wal";
constexpr std::size_t kMaxFile = std::size_t{2} << 30U;  // bytes of a segment, or of a -wal
// A file that is read while being written may look torn; such a file is read again.
constexpr int kTries = 5;
constexpr int kBetweenTries_ms = 50;

bool is_one_of(const auto& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// Whether another process holds DIR/lock, so that the folder may change during the check.
bool is_at_work(const fs::path& folder) {
  const storage::FileDescriptor lock(::open((folder / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  return lock.is_open() && ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0;
}

// The number in log/NUMBER.log: the first record that the segment may hold; 1 if the name has none.
std::uint64_t first_in(std::string_view name) {
  name.remove_prefix(name.find('/') + 1);
  std::uint64_t first = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), first);
  return error == std::errc() && first != 0 ? first : 1;
}

// 0 if the file is gone.
std::uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const std::uintmax_t size = fs::file_size(file, error);
  return error ? 0 : size;
}

bool is_there(const fs::path& file) {
  std::error_code error;
  return fs::exists(file, error);
}

// Names of files, and of everything else that is not a folder.
std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    std::error_code ignored;
    if (!entry->is_directory(ignored)) names.push_back(entry->path().filename().string());
  }
  std::ranges::sort(names);
  return names;
}

// Range of sequence numbers in the log, from the names of its segments and their records.
struct Segments {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

// How far the log was stored.
struct Stored {
  std::optional<std::uint64_t> history;  // all records up to here
  std::uint64_t some_of_history = 0;     // the last record of which there are any rows
  std::uint64_t sessions = 0;            // all session changes up to here
};

struct FolderKind {
  bool is_backup = false;
  bool has_database = false;  // which has what registry.sqlite and history.db have elsewhere
  bool is_at_work = false;    // a server may change the files
};

class Check {
 public:
  Check(fs::path folder, const OnCheckProgress& on_progress)
      : folder_(std::move(folder)), on_progress_(on_progress) {}

  Result<std::vector<CheckedFile>> all() {
    std::error_code error;
    const bool is_backup = fs::exists(folder_ / operations::kBackupDescription, error);
    kind_.has_database = fs::exists(folder_ / kDatabase, error);
    const bool is_data = kind_.has_database || fs::exists(folder_ / kKey, error) ||
                         std::ranges::any_of(kDatabases, [&](std::string_view name) {
                           return fs::exists(folder_ / name, error);
                         });
    if (!is_backup && !is_data) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("{} is neither a data folder nor a backup: it has no {} and no {}",
                              folder_.string(), kRegistry, operations::kBackupDescription));
    }
    kind_.is_at_work = !is_backup && is_at_work(folder_);
    kind_.is_backup = is_backup;
    if (is_backup) check_backup();
    wrong_certificates_ = net::check_certificates(folder_);
    // Read before the files they refer to, because these may grow during the check.
    sessions_seen_ = storage::SeenNumber(folder_ / kSessionsSeen).read();
    log_seen_ = storage::SeenNumber(folder_ / kLogSeen).read();
    const std::vector<std::string> names = names_in(folder_);
    for (const std::string_view must : {kRegistry, kKey}) {
      if (kind_.has_database && must == kRegistry) continue;
      if (!is_one_of(names, must)) damage(must, "it is missing");
    }
    std::vector<std::string_view> folders = {kLog, kCertificates, operations::kVirtualStates};
    for (const operations::FilesOfHome& each : operations::files_of_home()) {
      if (each.is_folder) folders.push_back(each.name);
    }
    for (const std::string& name : names) progress_.bytes += size_of(folder_ / name);
    for (const std::string_view sub : folders) {
      for (const std::string& name : names_in(folder_ / sub)) {
        progress_.bytes += size_of(folder_ / sub / name);
      }
    }
    for (const std::string& name : names) {
      report_progress(name);
      check_file(name);
      progress_.bytes_done += size_of(folder_ / name);
    }
    // After history.db, which determines the records that the log must have.
    for (const std::string& name : names_in(folder_ / kLog)) {
      if (name.ends_with(kSegmentSuffix)) newest_segment_ = fmt::format("{}/{}", kLog, name);
    }
    for (const std::string_view sub : folders) {
      for (const std::string& name : names_in(folder_ / sub)) {
        const std::string path = fmt::format("{}/{}", sub, name);
        report_progress(path);
        check_file(path);
        progress_.bytes_done += size_of(folder_ / sub / name);
      }
    }
    look_for_gaps();
    std::vector<CheckedFile> files;
    files.reserve(files_.size());
    for (auto& [name, file] : files_) files.push_back(std::move(file));
    return files;
  }

 private:
  void report_progress(const std::string& name) {
    progress_.file = name;
    if (on_progress_) on_progress_(progress_);
  }

  CheckedFile& file(std::string_view name) {
    const auto [place, is_new] = files_.try_emplace(std::string(name));
    if (is_new) place->second.name = name;
    return place->second;
  }
  void damage(std::string_view name, std::string why) {
    file(name).damages.push_back(std::move(why));
  }
  void failed(std::string_view name, const Error& why) {
    if (why.code != ErrorCode::kIo) return damage(name, why.detail);
    file(name).unread = why.detail;
  }
  void not_checked(std::string_view name, std::string why) {
    file(name).is_checked = false;
    file(name).note = std::move(why);
  }

  void check_backup() {
    const auto description = operations::read_description(folder_);
    if (!description) return failed(operations::kBackupDescription, description.error());
    file(operations::kBackupDescription).note = fmt::format("{} files", description->files.size());
    for (const operations::BackupFile& each : description->files) {
      const Status good = operations::verify(each, folder_ / each.name);
      const std::string name = each.name.string();
      if (good) {
        file(name).note = each.sha256.empty() ? "the size is right" : "the SHA-256 is right";
      } else {
        failed(name, good.error());
      }
    }
  }

  void check_file(const std::string& name) {
    const std::string_view view = name;
    if (view == operations::kBackupDescription) return;
    if (is_one_of(kDatabases, view)) return check_database(name);
    if (view.ends_with(kWal) && is_one_of(kDatabases, view.substr(0, view.size() - kWal.size()))) {
      return check_wal(name);
    }
    if (view == kKey) return check_key();
    if (view.starts_with("tls/")) return check_certificate(name);
    if (view.starts_with("virtual/") && view.ends_with(".json")) {
      const auto state = operations::read_virtual_state(folder_ / name);
      return check_summed(name, state ? Status() : std::unexpected(state.error()));
    }
    for (const operations::FilesOfHome& each : operations::files_of_home()) {
      const bool is_it = each.is_folder ? view.starts_with(fmt::format("{}/", each.name)) &&
                                              view.ends_with(".json")
                                        : view == each.name;
      if (is_it) return check_summed(name, each.check(folder_ / name));
    }
    if (view == kRegistrySeen) return check_seen(name, registry::last_seen(folder_).has_value());
    if (view == kSessionsSeen) return check_seen(name, sessions_seen_.has_value());
    if (view == kLogSeen) return check_seen(name, log_seen_.has_value());
    if (view == kNotes) return check_notes();
    if (view == kDatabase) return check_place();
    if (view.ends_with(tables::kEarlier)) {
      return not_checked(name, "the file before its conversion: not used any more");
    }
    if (view.ends_with(kMigrated)) {
      return not_checked(name, "its data were moved to a database: not used any more");
    }
    if (view.starts_with("log/damaged-") || view.starts_with("damaged-")) {
      return not_checked(name, "set aside when damage was found at an earlier start");
    }
    if (view.starts_with("log/torn-")) {
      return not_checked(name, "cut off the log's torn end at an earlier start");
    }
    if (view.starts_with("log/") && view.ends_with(kSegmentSuffix)) return check_segment(name);
    if (is_one_of(kPassing, view) || view.ends_with(kSharedMemory)) {
      return not_checked(name, "holds nothing durable");
    }
    if (!files_.contains(name)) not_checked(name, "not known");
  }

  // kMaybe also if the database has a non-empty write-ahead log: reads must include the log.
  [[nodiscard]] Database::Writers writers_of(const std::string& name) const {
    std::error_code error;
    const std::uintmax_t log = fs::file_size(folder_ / (name + std::string(kWal)), error);
    const bool may_be = kind_.is_at_work || (!error && log != 0);
    return may_be ? Database::Writers::kMaybe : Database::Writers::kNone;
  }

  void check_database(const std::string& name) {
    if (name == kHistory) return check_history();
    auto database = Database::open_to_read(folder_ / name, writers_of(name));
    if (!database) return failed(name, database.error());
    const auto found = database->integrity();
    if (!found) return failed(name, found.error());
    for (const std::string& each : *found) damage(name, each);
    if (name == kRegistry) return check_registry(std::move(*database));
    check_sessions(*database);
  }

  void check_sessions(Database& database) {
    const auto format = tables::format_of(database);
    if (format && *format < tables::kFirstFormat) {
      return add_note(kSessions,
                      "pages and indexes (of an earlier version: the rows are checked "
                      "when a server converts it)");
    }
    const auto found = tables::check_rows(database, mqtt::kSessionTables);
    if (!found) return failed(kSessions, found.error());
    for (const std::string& each : found->damages) damage(kSessions, each);
    add_note(kSessions, fmt::format("{} rows with checksums", found->rows));
    const auto applied = database.integer("SELECT record FROM session_state");
    if (!applied) return damage(kSessions, "the table session_state has lost its row");
    stored_.sessions = static_cast<std::uint64_t>(*applied);
    if (sessions_seen_ > stored_.sessions) {
      damage(kSessions, fmt::format("it was stored up to record {} of the log once, and now ends "
                                    "at record {}: it is an old copy, or damaged",
                                    *sessions_seen_, stored_.sessions));
    }
  }

  // The file records how far another file had come, and is compared where that file is checked.
  void check_seen(std::string_view name, bool is_known) {
    if (is_known) return add_note(name, "its number was compared with the file that it is about");
    not_checked(name, "damaged, or empty after a loss of power: not compared");
  }

  void check_history() {
    using Writers = history::StoreFactory::Writers;
    const auto found = history::sqlite_store_factory(folder_)->check(
        kind_.is_at_work ? Writers::kMaybe : Writers::kNone);
    if (!found) return failed(kHistory, found.error());
    add_history(kHistory, *found);
  }

  // The database that has the data of the folder.
  void check_place() {
    const auto place = server::database_of(folder_);
    if (!place || !*place) return failed(kDatabase, place ? Error() : place.error());
    if (kind_.is_backup) {
      return add_note(kDatabase,
                      "accounts, devices and history are in that database, which has backups of "
                      "its own");
    }
    const auto found = app::check_database(folder_, **place);
    if (!found) return failed(kDatabase, found.error());
    add_history(kDatabase, found->history);
    add_registry(kDatabase, found->registry);
    add_note(kDatabase, fmt::format("all in the database {}", found->description));
  }

  void add_history(std::string_view name, const history::StoreCheck& found) {
    for (const std::string& each : found.structure) damage(name, each);
    if (found.failed) return failed(name, *found.failed);
    for (const std::string& each : found.damages) damage(name, each);
    if (found.damaged > found.damages.size()) {
      damage(name, fmt::format("{} more", found.damaged - found.damages.size()));
    }
    if (!found.unread.empty()) failed(name, {.code = ErrorCode::kIo, .detail = found.unread});
    stored_.history = found.applied;
    stored_.some_of_history = found.some_applied;
    add_note(name, fmt::format("{} rows with checksums, {} blocks", found.rows, found.blocks));
  }

  void check_registry(Database database) {
    const Status good = registry::check_sqlite_store(folder_, std::move(database));
    if (good) return add_note(kRegistry, "rows with checksums, and secrets");
    add_registry(kRegistry, good);
  }
  // A registry of another version is no failure.
  void add_registry(std::string_view name, const Status& good) {
    if (good) return;
    if (good.error().code == ErrorCode::kConflict) return add_note(name, good.error().detail);
    failed(name, good.error());
  }

  void check_key() {
    if (const auto key =
            registry::Sealer::with_key_file(folder_ / kKey, registry::MissingKey::kRefuse);
        !key) {
      return failed(kKey, key.error());
    }
    add_note(kKey,
             kind_.has_database ? "checked with the database" : "checked with registry.sqlite");
  }

  // A file that has its checksum in itself.
  void check_summed(const std::string& name, const Status& good) {
    if (!good) return failed(name, good.error());
    add_note(name, "its SHA-256");
  }

  void check_notes() {
    const auto notes = read_file(folder_ / kNotes, kMaxFile);
    if (!notes) return failed(kNotes, notes.error());
    if (!history::is_intact(*notes)) return damage(kNotes, "its checksum is wrong");
    add_note(kNotes, "see `gridloom damage`");
  }

  void check_certificate(const std::string& name) {
    const auto wrong = wrong_certificates_.find(name.substr(name.find('/') + 1));
    if (wrong != wrong_certificates_.end()) return damage(name, wrong->second);
    const bool is_ours = name.ends_with(".pem") || name.ends_with(".key");
    if (is_ours) return add_note(name, "keys and signatures");
    not_checked(name, "not known");
  }

  // Calls `look`, which returns the damage, until there is none or it persists.
  template <typename Look>
  [[nodiscard]] std::optional<Error> settled(Look look) const {
    std::optional<Error> why = look();
    for (int time = 1; why && kind_.is_at_work && time < kTries; ++time) {
      ::poll(nullptr, 0, kBetweenTries_ms);
      why = look();
    }
    return why;
  }

  void check_wal(const std::string& name) {
    std::uint64_t frames = 0;
    const auto why = settled([&]() -> std::optional<Error> {
      const auto bytes = read_file(folder_ / name, kMaxFile);
      if (!bytes) return is_there(folder_ / name) ? std::optional(bytes.error()) : std::nullopt;
      const storage::WalCheck check = storage::check_wal(*bytes);
      frames = check.frames;
      if (!check.damage) return std::nullopt;
      return Error{.code = ErrorCode::kDamaged, .detail = *check.damage};
    });
    if (why) return failed(name, *why);
    add_note(name, fmt::format("{} frames", frames));
  }

  // Whether bad bytes behind record `last` of the newest segment are a torn end: they and what
  // follows them were never acknowledged, and a start cuts them off.
  [[nodiscard]] bool is_torn_behind(std::uint64_t last) const {
    return log_seen_ && last >= std::max({*log_seen_, stored_.history.value_or(0),
                                          stored_.some_of_history, stored_.sessions});
  }

  void check_segment(const std::string& name) {
    const bool is_newest = name == newest_segment_;
    const std::uint64_t first = first_in(name);
    std::uint64_t records = 0;
    std::uint64_t torn = 0;
    std::uint64_t last = 0;
    const auto why = settled([&]() -> std::optional<Error> {
      records = 0;
      torn = 0;
      last = first - 1;
      const auto bytes = read_file(folder_ / name, kMaxFile);
      if (!bytes) return is_there(folder_ / name) ? std::optional(bytes.error()) : std::nullopt;
      const auto parts = journal::read_segment(*bytes);
      if (!parts) return parts.error();
      std::uint64_t places = 0;
      std::uint64_t lost = 0;
      for (const journal::SegmentChunk& part : *parts) {
        if (!part.record && is_newest && is_torn_behind(last)) {
          torn = bytes->size() - part.offset;
          break;
        }
        if (part.record) {
          ++records;
          last = std::max(last, part.record->sequence);
          continue;
        }
        ++places;
        lost += part.size;
      }
      if (places == 0) return std::nullopt;
      return Error{.code = ErrorCode::kDamaged,
                   .detail = fmt::format("{} bytes in {} places are not a record", lost, places)};
    });
    if (!segments_) segments_ = {.first = first, .last = last};
    segments_->last = std::max(segments_->last, last);
    log_is_read_ = log_is_read_ && (!why || why->code != ErrorCode::kIo);
    if (why) return failed(name, *why);
    if (!is_there(folder_ / name)) {
      return add_note(name, "removed during the check: history.db has its records");
    }
    add_note(name, fmt::format("{} records", records));
    if (torn != 0 && !kind_.is_at_work) {
      add_note(name, fmt::format("an incomplete write of {} bytes at its end, which the next start "
                                 "cuts off",
                                 torn));
    }
  }

  // Records that are not in history.db must be in the log: it must begin at or before the first of
  // them and reach the last.
  void look_for_gaps() {
    // Segments are created and removed while a server works, and nobody knows what one has that
    // the disk does not give.
    if (!stored_.history || kind_.is_at_work || !log_is_read_) return;
    const std::uint64_t seen = log_seen_.value_or(0);
    const std::uint64_t known =
        std::max({*stored_.history, stored_.some_of_history, stored_.sessions, seen});
    journal::LogLoss loss{.seen = seen};
    if (segments_ && segments_->first > *stored_.history + 1) {
      loss.gaps.push_back({.first = *stored_.history + 1, .last = segments_->first - 1});
    }
    const std::uint64_t end = segments_ ? segments_->last : 0;
    if (end < known) loss.ends_early = end;
    for (journal::LossNote& note :
         journal::loss_notes(loss, {.history = *stored_.history,
                                    .some_of_history = stored_.some_of_history,
                                    .sessions = stored_.sessions})) {
      damage(kLog, std::move(note.text));
    }
  }

  void add_note(std::string_view name, std::string_view note) {
    std::string& text = file(name).note;
    text += fmt::format("{}{}", text.empty() ? "" : "; ", note);
  }

  fs::path folder_;
  const OnCheckProgress& on_progress_;
  CheckProgress progress_;
  Stored stored_;
  std::optional<std::uint64_t> sessions_seen_;
  std::optional<std::uint64_t> log_seen_;
  std::optional<Segments> segments_;
  bool log_is_read_ = true;
  std::string newest_segment_;
  FolderKind kind_;
  std::map<std::string, std::string> wrong_certificates_;
  std::map<std::string, CheckedFile> files_;  // by name
};

}  // namespace

Result<std::vector<CheckedFile>> check_folder(const fs::path& folder,
                                              const OnCheckProgress& on_progress) {
  return Check(folder, on_progress).all();
}

}  // namespace gridloom::app
