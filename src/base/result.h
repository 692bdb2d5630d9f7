// Result<T>: what every function returns that input, time or another program can make fail.
//
// A Fault says which of the few kinds of failure it is (callers branch on that) and, in words for a
// human, what was wrong and what would be right. Nothing throws across a room's border.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace gridloom {

// A kind exists only where some caller acts on it. The numbers the platform's HTTP API answers with
// (quirks 9) belong to the kinds; see `code_of`.
enum class FaultKind : std::uint8_t {
  kBadParams,         // 1008: missing, mistyped or out of range; the detail says which
  kWrongSignature,    // 8521
  kUnknownKey,        // 8513
  kNoPermission,      // 8512: unknown device or not this account's: the same answer for both
  kModelNotAllowed,   // 1006: a model that the account may not use
  kUnknownIndexCode,  // 1006: quota/data was asked for a code that the family does not have
  kOffline,           // 6012: the device is not connected, or did not answer in time
  kInternal,          // 1000: our own mistake
  kMalformed,         // bytes that are not what they claim to be (JSON, YAML, MQTT, a key file)
  kNotFound,
  kConflict,  // it exists already, or the state does not allow it
  kIo,        // disk, socket, database
  kDamaged,   // a database that cannot be read in part; asking again does not help
};

struct Fault {
  FaultKind kind = FaultKind::kInternal;
  std::string detail;
};

template <typename T>
using Result = std::expected<T, Fault>;
using Status = Result<void>;

[[nodiscard]] inline std::unexpected<Fault> fail(FaultKind kind, std::string detail) {
  return std::unexpected(Fault{.kind = kind, .detail = std::move(detail)});
}

// The platform's own code and message for a kind, as in "8521" and "signature is wrong".
struct ApiCode {
  std::string_view code;
  std::string_view message;
};
[[nodiscard]] ApiCode code_of(FaultKind kind);

// What an errno means, in words; unlike strerror() from any thread.
[[nodiscard]] std::string system_message(int error);

}  // namespace gridloom
