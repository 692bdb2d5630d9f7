// The meaning of a database's failure for its caller, beside the Error that people read.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace gridloom::postgres {

enum class Failure : std::uint8_t {
  kNone,
  kAway,   // kIo: not reached, shutting down, not answering in time, or taking no writes
  kRetry,  // kIo: a lock or the time-out of a statement, a deadlock, a serialization failure: the
           // same transaction may succeed if it is made again
  kFull,   // kIo: its disk or memory
  kConflict,  // kConflict: a constraint of the schema
  kDamaged,   // kDamaged: its data
  kRefused,   // kInternal: the statement; kIo: a right or a table is missing
};

// By the five characters of a SQLSTATE; an empty one is a lost connection.
[[nodiscard]] Failure failure_of(std::string_view sqlstate);

// `message` is the server's primary message, or libpq's: neither has a parameter's value.
[[nodiscard]] Error error_of(std::string_view sqlstate, std::string_view message);

}  // namespace gridloom::postgres
