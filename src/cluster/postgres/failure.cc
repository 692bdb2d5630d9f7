#include "postgres/failure.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/printable.h"

namespace gridloom::postgres {
namespace {

using Row = std::pair<std::string_view, Failure>;

// The beginnings of SQLSTATEs (PostgreSQL's manual, appendix A); a longer one stands before a
// shorter one with the same beginning.
constexpr std::array kFailures = {
    Row{"08", Failure::kAway},       Row{"22", Failure::kRefused},    Row{"23", Failure::kConflict},
    Row{"25006", Failure::kAway},  // read-only: the server was failed over
    Row{"25P03", Failure::kAway},  // idle in transaction for too long: the session was ended
    Row{"28", Failure::kAway},     // the sign-in was refused
    Row{"3D", Failure::kAway},     // no such database
    Row{"40", Failure::kRetry},      Row{"53100", Failure::kFull},    Row{"53200", Failure::kFull},
    Row{"53", Failure::kAway},  // too many connections
    Row{"55P03", Failure::kRetry},   Row{"57014", Failure::kRetry},   Row{"57", Failure::kAway},
    Row{"58", Failure::kAway},  // an error of its operating system
    Row{"XX001", Failure::kDamaged}, Row{"XX002", Failure::kDamaged},
};

// Refusals that an administrator caused and can undo.
constexpr std::array<std::string_view, 4> kOfAdministrator = {"42501", "42P01", "3F000", "42704"};

bool is_of_administrator(std::string_view sqlstate) {
  return std::ranges::find(kOfAdministrator, sqlstate) != kOfAdministrator.end();
}

ErrorCode code_of(Failure failure, std::string_view sqlstate) {
  switch (failure) {
    case Failure::kConflict:
      return ErrorCode::kConflict;
    case Failure::kDamaged:
      return ErrorCode::kDamaged;
    case Failure::kRefused:
      return is_of_administrator(sqlstate) ? ErrorCode::kIo : ErrorCode::kInternal;
    case Failure::kNone:
    case Failure::kAway:
    case Failure::kRetry:
    case Failure::kFull:
      break;
  }
  return ErrorCode::kIo;
}

std::string_view words_of(Failure failure) {
  switch (failure) {
    case Failure::kNone:
    case Failure::kAway:
      return "the database is away";
    case Failure::kRetry:
      return "the database is busy";
    case Failure::kFull:
      return "the database is full";
    case Failure::kConflict:
      return "the database has it already, or something still uses it";
    case Failure::kDamaged:
      return "the database is damaged";
    case Failure::kRefused:
      break;
  }
  return "the database refuses a statement";
}

}  // namespace

Failure failure_of(std::string_view sqlstate) {
  if (sqlstate.empty()) return Failure::kAway;
  const auto* const found = std::ranges::find_if(
      kFailures, [sqlstate](const Row& row) { return sqlstate.starts_with(row.first); });
  return found == kFailures.end() ? Failure::kRefused : found->second;
}

Error error_of(std::string_view sqlstate, std::string_view message) {
  const Failure failure = failure_of(sqlstate);
  while (message.ends_with('\n')) message.remove_suffix(1);
  std::string detail = fmt::format("{}: {}", words_of(failure), printable(message));
  if (!sqlstate.empty()) detail += fmt::format(" (SQLSTATE {})", sqlstate);
  return {.code = code_of(failure, sqlstate), .detail = std::move(detail)};
}

}  // namespace gridloom::postgres
