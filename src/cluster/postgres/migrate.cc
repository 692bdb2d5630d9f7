#include "postgres/migrate.h"

#include <fmt/format.h>

#include <string>

#include "postgres/connection.h"
#include "tables/schema.h"

namespace gridloom::postgres {
namespace {

struct Found {
  std::int32_t version = 0;
  std::int32_t usable_from = 0;
  std::string program;
};

// One process at a time, whatever the schemas: only first starts wait.
constexpr std::string_view kLock = "SELECT pg_advisory_xact_lock(hashtext('gridloom migrations'))";

Status make_version_table(Connection& connection) {
  GL_TRY(const std::int64_t encoded,
         connection.integer(
             "SELECT CAST(count(*) AS bigint) FROM pg_database "
             "WHERE datname = current_database() AND pg_encoding_to_char(encoding) = 'UTF8'"));
  if (encoded == 0) {
    return fail(ErrorCode::kConflict,
                "the database's encoding has to be UTF8: CREATE DATABASE ... ENCODING 'UTF8'");
  }
  GL_TRY(const std::int64_t there,
         connection.integer("SELECT CAST(count(*) AS bigint) FROM pg_namespace WHERE nspname = $1",
                            connection.schema()));
  if (there == 0) {
    GL_TRY(connection.run(fmt::format("CREATE SCHEMA {}", connection.schema())));
  }
  return connection.run(
      fmt::format("CREATE TABLE IF NOT EXISTS {}.schema_version (part text PRIMARY KEY, "
                  "version int NOT NULL, usable_from int NOT NULL, program text NOT NULL, "
                  "at timestamptz NOT NULL DEFAULT now())",
                  connection.schema()));
}

Result<Found> read(Connection& connection, std::string_view part) {
  GL_TRY(const Rows rows,
         connection.query(
             "SELECT version, usable_from, program FROM schema_version WHERE part = $1", part));
  if (rows.empty()) return Found{};
  const Row row = rows[0];
  return Found{.version = static_cast<std::int32_t>(row.integer(0)),
               .usable_from = static_cast<std::int32_t>(row.integer(1)),
               .program = std::string(row.bytes(2))};
}

Status check(const Found& found, std::string_view part, std::int32_t last) {
  if (found.usable_from <= last) return {};
  return fail(ErrorCode::kConflict,
              fmt::format("the database's tables of the {} have version {}, made by {}, and this "
                          "program knows version {}: use that program or a later one",
                          part, found.version, found.program, last));
}

Status note(Connection& connection, std::string_view part, std::int32_t version,
            std::int32_t usable_from) {
  GL_TRY(connection.execute(
      "INSERT INTO schema_version (part, version, usable_from, program) "
      "VALUES ($1, $2, $3, current_setting('application_name')) "
      "ON CONFLICT (part) DO UPDATE SET version = excluded.version, "
      "usable_from = excluded.usable_from, program = excluded.program, at = now()",
      part, version, usable_from));
  return {};
}

Status run_step(Connection& connection, std::string_view part, const Migration& step) {
  GL_TRY(connection.run(std::string(step.sql)));
  if (step.then != nullptr) {
    GL_TRY(step.then(connection));
  }
  return note(connection, part, step.version, step.usable_from);
}

// In one transaction. The lock ends with it, also if this process does.
Status locked(Connection& connection, const std::function<Status()>& work) {
  GL_TRY(Transaction transaction, Transaction::begin(connection));
  if (const Result<Rows> lock = connection.query(kLock); !lock) {
    return std::unexpected(lock.error());
  }
  GL_TRY(work());
  return transaction.commit();
}

}  // namespace

Status migrate(Connection& connection, std::string_view part, std::span<const Migration> steps) {
  const std::int32_t last = steps.empty() ? 0 : steps.back().version;
  GL_TRY(locked(connection, [&] { return make_version_table(connection); }));
  for (const Migration& step : steps) {
    const Status done = locked(connection, [&]() -> Status {
      // Another process may have run the step meanwhile.
      GL_TRY(const Found found, read(connection, part));
      GL_TRY(check(found, part, last));
      return found.version >= step.version ? Status() : run_step(connection, part, step);
    });
    if (!done) return done;
  }
  return {};
}

Status bring_to(Connection& connection, std::string_view part, std::int64_t format,
                const std::function<Status(std::int64_t found)>& step) {
  const auto last = static_cast<std::int32_t>(format);
  GL_TRY(locked(connection, [&] { return make_version_table(connection); }));
  return locked(connection, [&]() -> Status {
    GL_TRY(const Found found, read(connection, part));
    GL_TRY(check(found, part, last));
    if (found.version >= last) return {};
    GL_TRY(step(found.version));
    return note(connection, part, last, static_cast<std::int32_t>(tables::kFirstFormat));
  });
}

Result<std::int32_t> version_of(Connection& connection, std::string_view part) {
  GL_TRY(const std::int64_t there,
         connection.integer("SELECT CAST(count(to_regclass('schema_version')) AS bigint)"));
  if (there == 0) return 0;
  GL_TRY(const Found found, read(connection, part));
  return found.version;
}

}  // namespace gridloom::postgres
