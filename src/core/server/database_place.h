// Names the database that has the data of a data folder: DIR/database.json, written by the first
// server that was given one. The folder keeps what is not in the database: the log, the keys and
// the certificates.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace gridloom::server {

// A database, as the command line and the configuration name it.
struct DatabaseChoice {
  std::string url;                      // postgres://…; docs/operate/postgres.md
  std::filesystem::path password_file;  // empty: none
};

struct DatabasePlace {
  std::string url;                      // postgres://…, without a password
  std::filesystem::path password_file;  // absolute; empty: PGPASSFILE, ~/.pgpass, or no password
  // The beginning of PostgresStore::database_id(): the log of the folder belongs to that database.
  // Empty: not known.
  std::string database{};
  friend bool operator==(const DatabasePlace&, const DatabasePlace&) = default;
};

// Nothing: the folder has its data in files of its own. kMalformed, kIo: the file cannot be read.
[[nodiscard]] Result<std::optional<DatabasePlace>> database_of(const std::filesystem::path& data);
[[nodiscard]] Status set_database(const std::filesystem::path& data, const DatabasePlace& place);

// Whether there is such a file, whatever is in it.
[[nodiscard]] bool names_database(const std::filesystem::path& data);

// A folder whose registry or history is in files of its own.
[[nodiscard]] bool has_own_data(const std::filesystem::path& data);

}  // namespace gridloom::server
