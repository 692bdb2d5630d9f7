// SQLite's C interface with owners and Results; only the registry's own files include it.
//
// One Database is one connection and is not to be used by two threads at once: its owner locks.
// Statements and transactions must not outlive their database.
#pragma once

#include <cstdint>
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
struct sqlite3_stmt;

namespace gridloom::registry {

struct Blob {
  std::string_view bytes;
};

class Statement {
 public:
  // Binds the next parameter, from the first on; the value is copied. A failure shows in step().
  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  Statement& bind(Blob blob);

  // true: there is a row. kConflict: a constraint of the schema refused it.
  [[nodiscard]] Result<bool> step();

  // Of the current row. The views live until the next step().
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };

  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bound_ = 0;
  int error_ = 0;  // the first failure of a bind
};

class Database {
 public:
  // The file must exist (an empty one is a new database). WAL, synchronous=full, foreign keys on.
  // kDamaged: the file is no database, or damaged.
  [[nodiscard]] static Result<Database> open(const std::filesystem::path& path);

  // To look only: nothing of the database is changed.
  enum class Writers : std::uint8_t {
    kMaybe,  // others may write it meanwhile; what its write-ahead log holds is seen as well
    kNone,   // nobody does, and there is no such log: then nothing is made beside the file either
  };
  [[nodiscard]] static Result<Database> open_to_read(const std::filesystem::path& path,
                                                     Writers writers);
  // Reads all of it: what SQLite finds wrong with pages, indexes and constraints, each in a line;
  // empty: nothing. kIo: `stop` was asked for meanwhile.
  [[nodiscard]] Result<std::vector<std::string>> integrity(const std::stop_token& stop = {});

  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  // A text of several statements, without parameters.
  [[nodiscard]] Status run(const std::string& script);

  template <typename... Values>
  [[nodiscard]] Status execute(std::string_view sql, const Values&... values) {
    Result<Statement> statement = prepare(sql);
    if (!statement) return std::unexpected(statement.error());
    (statement->bind(values), ...);
    const Result<bool> row = statement->step();
    if (!row) return std::unexpected(row.error());
    return {};
  }

  using OnRow = std::function<Status(const Statement& row)>;
  // Ends with the first fault of `on_row`.
  [[nodiscard]] Status each_row(std::string_view sql, const OnRow& on_row);
  // The first column of the first row.
  [[nodiscard]] Result<std::int64_t> integer(std::string_view sql);

  // As it is at one moment, into a file that is made or replaced, of mode 0600, and on the disk at
  // the end. Others may write meanwhile. kConflict: `stop` was asked for.
  [[nodiscard]] Status copy_to(const std::filesystem::path& file, const std::stop_token& stop);

  [[nodiscard]] std::int64_t last_insert_id() const;
  // For messages.
  [[nodiscard]] std::string path() const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };

  explicit Database(sqlite3* handle) : handle_(handle) {}

  std::unique_ptr<sqlite3, Close> handle_;
};

// Tables that have one version, which stands in PRAGMA user_version.
struct Schema {
  std::int64_t version = 1;
  std::string_view tables;
  std::string_view before{};  // run on an empty file, outside of a transaction
  // Both run in a transaction with what they belong to: behind `tables`, and on a file of the
  // earlier version `from`, which is of `version` afterwards. Without `upgrade` such a file is
  // opened as it is.
  std::function<Status(Database& database)> first_rows{};
  std::function<Status(Database& database, std::int64_t from)> upgrade{};
};
// Makes the file, which only its owner may read, and its tables if there are none; upgrades one of
// an earlier version. kDamaged: it is damaged; kMalformed: it is of a later version.
[[nodiscard]] Result<Database> open_database(const std::filesystem::path& path,
                                             const Schema& schema);

// Renames a database that nobody has open, and what SQLite keeps beside it, to damaged-NAME-N in
// its folder, N being the first that is free. Returns the new name.
[[nodiscard]] Result<std::string> set_database_aside(const std::filesystem::path& path);

// BEGIN IMMEDIATE, so that a writer waits for others here and not in the middle; rolled back unless
// it was committed.
class Transaction {
 public:
  [[nodiscard]] static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  [[nodiscard]] Status commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}

  Database* database_;
};

}  // namespace gridloom::registry
