// Only this file, sql_functions.cc and checked_vfs.cc include sqlite3.h. This file maps SQLite's
// error numbers to ErrorCodes: a violated constraint is kConflict, a damaged file kDamaged,
// everything else kIo.
#include "storage/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include "base/digest.h"
#include "base/printable.h"
#include "storage/files.h"

namespace gridloom::storage {
namespace {

// Long enough for another process's commit on a slow card, short enough for a waiting user.
constexpr int kBusyTimeoutMs = 5000;

ErrorCode kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return ErrorCode::kConflict;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return ErrorCode::kDamaged;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_ERROR:
      return ErrorCode::kInternal;
    default:
      return ErrorCode::kIo;
  }
}

std::string path_of(sqlite3* handle) {
  const char* path = sqlite3_db_filename(handle, "main");
  return path == nullptr ? std::string() : std::string(path);
}

// Requires an open `handle`.
std::unexpected<Error> error_of(sqlite3* handle, int code) {
  // SQLite's messages may quote the content of a damaged file: make them printable.
  const int primary = code & 0xff;
  const bool is_of_system = primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN;
  const int system = is_of_system ? sqlite3_system_errno(handle) : 0;
  return fail(kind_of(code),
              fmt::format("{}: {}{}", path_of(handle), printable(sqlite3_errmsg(handle)),
                          system == 0 ? "" : fmt::format(" ({})", system_message(system))));
}

}  // namespace

// The statements of one connection that nobody uses, the latest last.
class IdleStatements {
 public:
  // Null if there is none of this text.
  sqlite3_stmt* take(std::string_view sql) {
    const auto found = std::ranges::find_if(
        statements_, [sql](const Owned& idle) { return sqlite3_sql(idle.get()) == sql; });
    if (found == statements_.end()) return nullptr;
    sqlite3_stmt* statement = found->release();
    statements_.erase(found);
    return statement;
  }

  void put(sqlite3_stmt* statement) {
    Owned idle(statement);
    // SQLite computes the answers of some pragmas when it prepares them.
    if (std::string_view(sqlite3_sql(statement)).starts_with("PRAGMA")) return;
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    if (statements_.size() == kMost) statements_.erase(statements_.begin());
    statements_.push_back(std::move(idle));
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  using Owned = std::unique_ptr<sqlite3_stmt, Finalize>;

  // More than the texts that any one database is used with again and again.
  static constexpr std::size_t kMost = 32;

  std::vector<Owned> statements_;
};

void Statement::Return::operator()(sqlite3_stmt* statement) const { idle->put(statement); }

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Database::Database(sqlite3* handle) : handle_(handle), idle_(std::make_shared<IdleStatements>()) {}

Statement& Statement::bind(std::int64_t value) {
  const int code = sqlite3_bind_int64(statement_.get(), ++bound_, value);
  if (error_ == SQLITE_OK) error_ = code;
  return *this;
}

Statement& Statement::bind(std::string_view text) {
  const int code = sqlite3_bind_text64(statement_.get(), ++bound_, text.data(), text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (error_ == SQLITE_OK) error_ = code;
  return *this;
}

Statement& Statement::bind(Blob blob) {
  const int code = sqlite3_bind_blob64(statement_.get(), ++bound_, blob.bytes.data(),
                                       blob.bytes.size(), SQLITE_TRANSIENT);
  if (error_ == SQLITE_OK) error_ = code;
  return *this;
}

Result<bool> Statement::step() {
  const int code = error_ == SQLITE_OK ? sqlite3_step(statement_.get()) : error_;
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return error_of(sqlite3_db_handle(statement_.get()), code);
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::bytes(int column) const {
  const void* start = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  if (start == nullptr) return {};
  return {static_cast<const char*>(start), static_cast<std::size_t>(size)};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

namespace {

// Later writes build on pages that are read, which may be in the kernel's memory alone: commits of
// a process that was killed before it synced them. A checkpoint syncs them first and writes their
// pages anew, so that this holds even if a sync had failed before the kill; on a full disk the sync
// has to be enough.
Status make_durable(sqlite3* handle) {
  const int code =
      sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  const int primary = code & 0xff;
  const bool done = primary == SQLITE_OK || primary == SQLITE_BUSY || primary == SQLITE_FULL;
  return done ? Status() : error_of(handle, code);
}

}  // namespace

Result<Database> Database::open(const std::filesystem::path& path) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, checked_vfs());
  Database database(handle);
  if (code != SQLITE_OK) {
    return fail(kind_of(code),
                fmt::format("cannot open {}: {}", path.string(),
                            handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle)));
  }
  if (const int added = add_functions(handle); added != SQLITE_OK) return error_of(handle, added);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  std::string journal;
  Status done = database.each_row("PRAGMA journal_mode = wal", [&journal](const Statement& row) {
    journal = row.bytes(0);
    return Status();
  });
  if (!done) return std::unexpected(done.error());
  if (journal != "wal") {
    return fail(
        ErrorCode::kIo,
        fmt::format("{}: this file system cannot hold SQLite's write-ahead log (journal mode "
                    "{}); put the data folder on a local disk",
                    path.string(), journal));
  }
  done = database.run(
      "PRAGMA synchronous = full; PRAGMA foreign_keys = on; PRAGMA trusted_schema = off;");
  if (done) done = make_durable(handle);
  if (!done) return std::unexpected(done.error());
  return database;
}

namespace {

// The path in the form of SQLite's URIs.
std::string uri_of(const std::filesystem::path& path, std::string_view query) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(path).string()) {
    const bool plain = c == '/' || c == '.' || c == '-' || c == '_' || (c >= '0' && c <= '9') ||
                       (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    uri += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return uri.append(query);
}

}  // namespace

Result<Database> Database::open_to_read(const std::filesystem::path& path, Writers writers) {
  const std::string uri =
      uri_of(path, writers == Writers::kNone ? "?mode=ro&immutable=1" : "?mode=ro");
  sqlite3* handle = nullptr;
  const int flags =
      SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(uri.c_str(), &handle, flags, checked_vfs());
  Database database(handle);
  if (code != SQLITE_OK) {
    return fail(kind_of(code),
                fmt::format("cannot open {}: {}", path.string(),
                            handle == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle)));
  }
  if (const int added = add_functions(handle); added != SQLITE_OK) return error_of(handle, added);
  sqlite3_busy_timeout(handle, kBusyTimeoutMs);
  GL_TRY(database.run("PRAGMA trusted_schema = off"));
  return database;
}

namespace {

// The number of SQLite's virtual machine steps between two checks for a stop request.
constexpr int kStepsAtOnce = 1000;

int is_stopped(void* stop) { return static_cast<std::stop_token*>(stop)->stop_requested() ? 1 : 0; }

// `failed`: the number of reads that failed.
Result<std::vector<std::string>> find_damage(Database& database, std::uint64_t& failed) {
  const std::uint64_t before = failed_reads();
  std::vector<std::string> found;
  const Status read = database.each_row("PRAGMA integrity_check", [&found](const Statement& row) {
    std::string line(row.bytes(0));
    std::ranges::replace(line, '\n', ' ');
    found.push_back(printable(line));
    return Status();
  });
  failed = failed_reads() - before;
  if (!read) return std::unexpected(read.error());
  if (found.size() == 1 && found.front() == "ok") found.clear();
  return found;
}

}  // namespace

Result<std::vector<std::string>> Database::integrity(const std::stop_token& stop) {
  // The check of a whole tree of pages is one step.
  const std::stop_callback interrupt(stop, [handle = handle_.get()] { sqlite3_interrupt(handle); });
  if (stop.stop_requested()) return fail(ErrorCode::kIo, "it was interrupted");
  std::stop_token asked = stop;
  sqlite3_progress_handler(handle_.get(), kStepsAtOnce, is_stopped, &asked);
  // A page that the disk did not give is among SQLite's findings as well. Once more: a disk may
  // refuse a page only now and then.
  std::uint64_t failed = 0;
  auto found = find_damage(*this, failed);
  if (found && failed != 0) found = find_damage(*this, failed);
  if (found && failed != 0) {
    found = fail(ErrorCode::kIo,
                 fmt::format("{}: the disk refuses to read it{}{}", path(),
                             found->empty() ? "" : ": ", found->empty() ? "" : found->front()));
  }
  sqlite3_progress_handler(handle_.get(), 0, nullptr, nullptr);
  return found;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = idle_->take(sql);
  if (statement != nullptr) return Statement(statement, *idle_);
  const int code = sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()),
                                      &statement, nullptr);
  if (code != SQLITE_OK) return error_of(handle_.get(), code);
  return Statement(statement, *idle_);
}

Status Database::run(const std::string& script) {
  const int code = sqlite3_exec(handle_.get(), script.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return error_of(handle_.get(), code);
  return {};
}

Status Database::each_row(std::string_view sql, const OnRow& on_row) {
  GL_TRY(Statement statement, prepare(sql));
  while (true) {
    GL_TRY(const bool row, statement.step());
    if (!row) return {};
    GL_TRY(on_row(statement));
  }
}

Result<std::int64_t> Database::integer(std::string_view sql) {
  GL_TRY(Statement statement, prepare(sql));
  GL_TRY(const bool row, statement.step());
  if (!row) return fail(ErrorCode::kInternal, fmt::format("the query returned no row: {}", sql));
  return statement.integer(0);
}

namespace {

Status copy_pages(sqlite3* from, sqlite3* to, const std::stop_token& stop) {
  constexpr int kPagesAtOnce = 1000;
  sqlite3_backup* backup = sqlite3_backup_init(to, "main", from, "main");
  if (backup == nullptr) return error_of(to, sqlite3_errcode(to));
  int code = SQLITE_OK;
  while (code == SQLITE_OK && !stop.stop_requested()) {
    code = sqlite3_backup_step(backup, kPagesAtOnce);
  }
  sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE) return {};
  if (code == SQLITE_OK) return fail(ErrorCode::kConflict, "it was interrupted");
  return error_of(to, code);
}

}  // namespace

Status Database::copy_to(const std::filesystem::path& file, const std::stop_token& stop) {
  GL_TRY(make_private(file));
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(file.c_str(), &handle, flags, checked_vfs());
  const Database target(handle);
  if (code != SQLITE_OK) return fail(kind_of(code), file.string() + ": " + sqlite3_errstr(code));
  // One read transaction over all steps: concurrent writes do not restart the copy.
  GL_TRY(run("BEGIN; SELECT count(*) FROM sqlite_schema"));
  Status copied = copy_pages(handle_.get(), handle, stop);
  const Status ended = run("ROLLBACK");
  return copied ? ended : copied;
}

std::string Database::path() const { return path_of(handle_.get()); }

Result<std::string> set_database_aside(const std::filesystem::path& path) {
  std::error_code error;
  std::string name;
  int number = 0;
  do {
    name = fmt::format("damaged-{}-{}", path.filename().string(), ++number);
  } while (std::filesystem::exists(path.parent_path() / name, error));
  for (const std::string_view suffix : {"-wal", "-shm", ""}) {
    const std::filesystem::path from = path.string().append(suffix);
    if (!std::filesystem::exists(from, error)) continue;
    std::filesystem::rename(from, path.parent_path() / std::string(name).append(suffix), error);
    if (error) {
      return fail(ErrorCode::kIo,
                  fmt::format("cannot rename {}: {}", from.string(), error.message()));
    }
  }
  return name;
}

Result<Transaction> Transaction::begin(Database& database, Kind kind) {
  GL_TRY(database.run(kind == Kind::kReading ? "BEGIN" : "BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // ROLLBACK fails if SQLite itself has already rolled back; then there is nothing left to undo.
  if (database_ != nullptr) static_cast<void>(database_->run("ROLLBACK"));
}

Status Transaction::commit() {
  // A commit that fails leaves the transaction open: the destructor rolls it back.
  GL_TRY(database_->run("COMMIT"));
  database_ = nullptr;
  return {};
}

namespace {

void append_number(std::string& content, std::uint64_t number) {
  for (int byte = 0; byte < 8; ++byte, number >>= 8U) content.push_back(static_cast<char>(number));
}

// Each column starts with its type and length, so that bytes moved from one column to the next
// change the checksum.
void append_column(std::string& content, sqlite3_value* column) {
  const int kind = sqlite3_value_type(column);
  content.push_back(static_cast<char>(kind));
  if (kind == SQLITE_NULL) return;
  if (kind == SQLITE_INTEGER) {
    return append_number(content, static_cast<std::uint64_t>(sqlite3_value_int64(column)));
  }
  const void* const bytes =
      kind == SQLITE_BLOB ? sqlite3_value_blob(column) : sqlite3_value_text(column);
  const auto size = static_cast<std::size_t>(sqlite3_value_bytes(column));
  append_number(content, size);
  if (size != 0) content.append(static_cast<const char*>(bytes), size);
}

void row_checksum_function(sqlite3_context* context, int count, sqlite3_value** values) {
  const std::span all(values, static_cast<std::size_t>(count));
  if (all.empty()) {
    return sqlite3_result_error(context, "row_checksum() needs the number of a table", -1);
  }
  std::span columns = all.subspan(1);
  while (!columns.empty() && sqlite3_value_type(columns.back()) == SQLITE_NULL) {
    columns = columns.first(columns.size() - 1);
  }
  std::string content;
  for (sqlite3_value* column : columns) append_column(content, column);
  const auto table = static_cast<std::uint8_t>(sqlite3_value_int64(all.front()));
  sqlite3_result_int64(context, row_checksum(table, {}, content));
}

}  // namespace

int add_functions(sqlite3* connection) {
  return sqlite3_create_function_v2(connection, "row_checksum", -1,
                                    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, nullptr,
                                    row_checksum_function, nullptr, nullptr, nullptr);
}

namespace {

constexpr const char* kName = "gridloom";

thread_local std::uint64_t reads_that_failed = 0;

// `ours` comes first: a file's pointer to it is one to the whole.
struct Methods {
  sqlite3_io_methods ours{};
  const sqlite3_io_methods* real = nullptr;
};

int read(sqlite3_file* file, void* to, int bytes, sqlite3_int64 offset) {
  const int code =
      reinterpret_cast<const Methods*>(file->pMethods)->real->xRead(file, to, bytes, offset);
  if (code == SQLITE_OK || code == SQLITE_IOERR_SHORT_READ) return code;
  ++reads_that_failed;
  return code == SQLITE_IOERR_CORRUPTFS ? SQLITE_IOERR_READ : code;
}

const Methods& methods_like(const sqlite3_io_methods* real) {
  static std::mutex mutex;
  static std::map<const sqlite3_io_methods*, Methods> all;  // a few: of databases, of other files
  const std::scoped_lock lock(mutex);
  const auto [found, is_new] = all.try_emplace(real);
  if (is_new) {
    found->second = {.ours = *real, .real = real};
    found->second.ours.xRead = read;
  }
  return found->second;
}

int open(sqlite3_vfs*, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
  sqlite3_vfs* const real = sqlite3_vfs_find(nullptr);
  const int code = real->xOpen(real, name, file, flags, out);
  if (file->pMethods != nullptr) file->pMethods = &methods_like(file->pMethods).ours;
  return code;
}

}  // namespace

const char* checked_vfs() {
  static const bool is_registered = [] {
    static sqlite3_vfs vfs = *sqlite3_vfs_find(nullptr);
    vfs.zName = kName;
    vfs.xOpen = open;
    return sqlite3_vfs_register(&vfs, 0) == SQLITE_OK;
  }();
  return is_registered ? kName : nullptr;  // null: SQLite's own
}

std::uint64_t failed_reads() { return reads_that_failed; }

}  // namespace gridloom::storage
