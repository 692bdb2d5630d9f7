// Result<T>: the return type of every function that input, time or another program can make fail.
//
// An Error has a code, which callers branch on, and a detail for a human: what was wrong and what
// would be right. Nothing throws across the border of a room (a folder of src/).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gridloom {

// A code exists only where some caller acts on it. code_of() maps them to the numbers of the
// platform's HTTP API (quirks 9).
enum class ErrorCode : std::uint8_t {
  kBadParams,         // 1008: missing, mistyped or out of range; the detail says which
  kInvalidValue,      // 8524: as 1008, of a family that has a code of its own for values
  kWrongSignature,    // 8521
  kUnknownKey,        // 8513
  kNoPermission,      // 8512: unknown device or not this account's: the same answer for both
  kModelNotAllowed,   // 1006: a model that the account may not use
  kUnknownIndexCode,  // 1006: quota/data was asked for a code that the family does not have
  kOffline,           // 6012: the device is not connected
  kNoAnswer,          // 6012: the device is connected, but did not answer in time
  kInternal,          // 1000: our own mistake
  kMalformed,         // bytes that are not what they claim to be (JSON, YAML, MQTT, a key file)
  kNotFound,
  kConflict,  // it exists already, or the state does not allow it
  kIo,        // disk, socket, database
  kDamaged,   // part of a database cannot be read; trying again does not help
};

struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string detail;
};

template <typename T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Error> fail(ErrorCode code, std::string detail) {
  return std::unexpected(Error{.code = code, .detail = std::move(detail)});
}

// GL_TRY(expression); returns the error of a Result from the function, if it has one, and
// GL_TRY(auto name, expression); otherwise gives `name` the value. Bare commas need () around.
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration has none
#define GL_TRY(...) GL_TRY_FORM(__VA_ARGS__, GL_TRY_VALUE, GL_TRY_STATUS, )(__VA_ARGS__)
#define GL_TRY_FORM(first, second, form, ...) form
#define GL_TRY_STATUS(expression)               \
  if (auto gl_tried = (expression); gl_tried) { \
  } else                                        \
    return std::unexpected(std::move(gl_tried).error())
#define GL_TRY_VALUE(declaration, expression) \
  GL_TRY_NAMED(GL_TRY_JOINED(gl_tried_, __COUNTER__), declaration, expression)
#define GL_TRY_NAMED(name, declaration, expression)           \
  auto name = (expression);                                   \
  if (!name) return std::unexpected(std::move(name).error()); \
  declaration = *std::move(name)
#define GL_TRY_JOINED(name, number) GL_TRY_JOIN(name, number)
#define GL_TRY_JOIN(name, number) name##number
// NOLINTEND(bugprone-macro-parentheses)
// The platform's own code and message for an error, as in "8521" and "signature is wrong".
struct ApiCode {
  std::string_view code;
  std::string_view message;
};
[[nodiscard]] ApiCode code_of(ErrorCode code);

// The name of an error code where it crosses processes, such as "not_found".
[[nodiscard]] std::string_view name_of(ErrorCode code);
// Nothing: no code has that name.
[[nodiscard]] std::optional<ErrorCode> error_code_of(std::string_view name);

// The text of an errno; unlike strerror(), from any thread.
[[nodiscard]] std::string system_message(int error);

}  // namespace gridloom
