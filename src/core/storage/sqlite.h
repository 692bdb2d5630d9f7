// A wrapper of SQLite's C interface with owning types and Results.
//
// A Database is one connection. Two threads must not use it at once: its owner locks. Statements
// and transactions must not outlive their database.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

struct sqlite3;

namespace gridloom::storage {

// SQL functions that every connection provides.
//
//   row_checksum(table, column...)   the checksum of a row (base/digest.h): the table's
//                                    number, and all columns as in docs/internals/formats.md,
//                                    without those at the end that are NULL

// Registers the functions. Returns SQLite's error number; 0 on success.
[[nodiscard]] int add_functions(sqlite3* connection);

// SQLite's file system layer, with one difference: a read that the disk refuses (EIO) is an error
// of the disk. SQLite's own layer takes it for a sign of damage: statements then fail with
// SQLITE_CORRUPT, and integrity_check lists the page among its findings.
// The name under which it is registered, for sqlite3_open_v2().
[[nodiscard]] const char* checked_vfs();

// The number of reads that failed on this thread so far.
[[nodiscard]] std::uint64_t failed_reads();

}  // namespace gridloom::storage

struct sqlite3;
struct sqlite3_stmt;

namespace gridloom::storage {

struct Blob {
  std::string_view bytes;
};

class IdleStatements;

class Statement {
 public:
  // Binds the next parameter, starting with the first; the value is copied. step() returns the
  // error of a failed bind.
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind(Blob blob);

  // true if there is a row. kConflict: the statement violates a constraint of the schema.
  [[nodiscard]] Result<bool> step();

  // Columns of the current row. The views live until the next step().
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Database;
  struct Return {
    void operator()(sqlite3_stmt* statement) const;

    IdleStatements* idle;
  };

  Statement(sqlite3_stmt* statement, IdleStatements& idle)
      : statement_(statement, Return{.idle = &idle}) {}

  std::unique_ptr<sqlite3_stmt, Return> statement_;
  int bound_ = 0;
  int error_ = 0;  // SQLite's error number of the first failed bind
};

class Database {
 public:
  // The file must exist (empty: a new database). Sets WAL mode, synchronous=full, foreign keys on;
  // makes durable what a killed process left. kDamaged: the file is no database, or is damaged.
  [[nodiscard]] static Result<Database> open(const std::filesystem::path& path);

  // Opens read-only: nothing in the database is changed.
  enum class Writers : std::uint8_t {
    kMaybe,  // others may write at the same time; reads include the write-ahead log
    kNone,   // there is no writer and no write-ahead log: no file is created beside the database
  };
  [[nodiscard]] static Result<Database> open_to_read(const std::filesystem::path& path,
                                                     Writers writers);
  // Reads the whole database and returns the errors SQLite finds in pages, indexes and constraints,
  // one line each; empty if there are none. kIo: a stop was requested through `stop`.
  [[nodiscard]] Result<std::vector<std::string>> integrity(const std::stop_token& stop = {});

  // A statement is kept for the next use of the same text: to prepare one costs more than to run
  // it. Two statements of one text may be in use at once.
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  // Runs a script of several statements without parameters.
  [[nodiscard]] Status run(const std::string& script);

  template <typename... Values>
  [[nodiscard]] Status execute(std::string_view sql, const Values&... values) {
    GL_TRY(Statement statement, prepare(sql));
    (statement.bind(values), ...);
    GL_TRY(statement.step());
    return {};
  }

  using OnRow = std::function<Status(const Statement& row)>;
  // Stops at the first error of `on_row`.
  [[nodiscard]] Status each_row(std::string_view sql, const OnRow& on_row);
  // The first column of the first row.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view sql);

  // Copies a consistent snapshot into `file`, which is created or replaced with mode 0600 and is
  // synced to disk at the end. Others may write at the same time. kConflict: a stop was requested.
  [[nodiscard]] Status copy_to(const std::filesystem::path& file, const std::stop_token& stop);

  // For error messages.
  [[nodiscard]] std::string path() const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };

  explicit Database(sqlite3* handle);

  std::unique_ptr<sqlite3, Close> handle_;
  std::shared_ptr<IdleStatements> idle_;
};

// Renames a database and the files SQLite keeps beside it to damaged-NAME-N in the same folder,
// where N is the first free number. The database must not be open. Returns the new name.
[[nodiscard]] Result<std::string> set_database_aside(const std::filesystem::path& path);

// A transaction, rolled back unless it was committed. kWriting: with BEGIN IMMEDIATE, so that a
// writer waits for others at the start and not in the middle. kReading: all reads see the state of
// the first of them.
class Transaction {
 public:
  enum class Kind : std::uint8_t { kWriting, kReading };
  [[nodiscard]] static Result<Transaction> begin(Database& database, Kind kind = Kind::kWriting);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  [[nodiscard]] Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}

  Database* database_;
};

}  // namespace gridloom::storage
