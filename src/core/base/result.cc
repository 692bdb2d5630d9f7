#include "base/result.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace gridloom {
namespace {

using namespace std::string_view_literals;

constexpr std::array kNames = {
    std::pair{ErrorCode::kBadParams, "bad_params"sv},
    std::pair{ErrorCode::kInvalidValue, "invalid_value"sv},
    std::pair{ErrorCode::kWrongSignature, "wrong_signature"sv},
    std::pair{ErrorCode::kUnknownKey, "unknown_key"sv},
    std::pair{ErrorCode::kNoPermission, "no_permission"sv},
    std::pair{ErrorCode::kModelNotAllowed, "model_not_allowed"sv},
    std::pair{ErrorCode::kUnknownIndexCode, "unknown_index_code"sv},
    std::pair{ErrorCode::kOffline, "offline"sv},
    std::pair{ErrorCode::kNoAnswer, "no_answer"sv},
    std::pair{ErrorCode::kInternal, "internal"sv},
    std::pair{ErrorCode::kMalformed, "malformed"sv},
    std::pair{ErrorCode::kNotFound, "not_found"sv},
    std::pair{ErrorCode::kConflict, "conflict"sv},
    std::pair{ErrorCode::kIo, "io"sv},
    std::pair{ErrorCode::kDamaged, "damaged"sv},
};
using Named = std::pair<ErrorCode, std::string_view>;

}  // namespace

ApiCode code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kBadParams:
    case ErrorCode::kMalformed:
      return {.code = "1008", .message = "request fail,please check your params"};
    case ErrorCode::kInvalidValue:
      return {.code = "8524", .message = "the value is not valid"};
    case ErrorCode::kWrongSignature:
      return {.code = "8521", .message = "signature is wrong"};
    case ErrorCode::kUnknownKey:
      return {.code = "8513", .message = "accessKey is invalid"};
    case ErrorCode::kNoPermission:
    case ErrorCode::kNotFound:
      return {.code = "8512", .message = "no permission to do it"};
    case ErrorCode::kModelNotAllowed:
      return {.code = "1006", .message = "current device is not allowed to get device info"};
    case ErrorCode::kUnknownIndexCode:
      return {.code = "1006", .message = "code is incorrect"};
    case ErrorCode::kOffline:
    case ErrorCode::kNoAnswer:
      return {.code = "6012", .message = "the device is offline"};
    case ErrorCode::kInternal:
    case ErrorCode::kConflict:
    case ErrorCode::kIo:
    case ErrorCode::kDamaged:
      break;
  }
  return {.code = "1000", .message = "Server error"};
}

std::string_view name_of(ErrorCode code) {
  const auto* const found = std::ranges::find(kNames, code, &Named::first);
  return found == kNames.end() ? "internal" : found->second;
}

std::optional<ErrorCode> error_code_of(std::string_view name) {
  const auto* const found = std::ranges::find(kNames, name, &Named::second);
  return found == kNames.end() ? std::nullopt : std::optional(found->first);
}

std::string system_message(int error) {
  // Uses the C library's strerror_r(): a call of std::error_category brings along, in a sanitized
  // build, a type check that needs a file descriptor, and this function must also report that none
  // is left.
  std::array<char, 256> room{};
  return ::strerror_r(error, room.data(), room.size());
}

}  // namespace gridloom
