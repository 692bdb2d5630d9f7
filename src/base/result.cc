#include "base/result.h"

#include <array>
#include <cstring>

namespace gridloom {

ApiCode code_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kBadParams:
    case FaultKind::kMalformed:
      return {.code = "1008", .message = "request fail,please check your params"};
    case FaultKind::kWrongSignature:
      return {.code = "8521", .message = "signature is wrong"};
    case FaultKind::kUnknownKey:
      return {.code = "8513", .message = "accessKey is invalid"};
    case FaultKind::kNoPermission:
    case FaultKind::kNotFound:
      return {.code = "8512", .message = "no permission to do it"};
    case FaultKind::kModelNotAllowed:
      return {.code = "1006", .message = "current device is not allowed to get device info"};
    case FaultKind::kUnknownIndexCode:
      return {.code = "1006", .message = "code is incorrect"};
    case FaultKind::kOffline:
      return {.code = "6012", .message = "the device is offline"};
    case FaultKind::kInternal:
    case FaultKind::kConflict:
    case FaultKind::kIo:
    case FaultKind::kDamaged:
      break;
  }
  return {.code = "1000", .message = "Server error"};
}

std::string system_message(int error) {
  // The C library's: the check of types in a sanitized build, which a call of std::error_category
  // brings along, needs a file descriptor, and this tells of having none, too.
  std::array<char, 256> room{};
  return ::strerror_r(error, room.data(), room.size());
}

}  // namespace gridloom
