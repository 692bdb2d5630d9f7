// Syntax rules for names, serial numbers and keys. All errors are kBadParams and state what is
// valid; none repeats a secret, or bytes that could garble a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace gridloom::registry {

constexpr std::size_t kNameMaxCharacters = 64;
constexpr std::size_t kSnMaxBytes = 64;
constexpr std::size_t kAccessKeyMinBytes = 8;
constexpr std::size_t kAccessKeyMaxBytes = 64;
constexpr std::size_t kSecretMinBytes = 16;  // limits guessing by clients with the access key
constexpr std::size_t kDeviceKeyMinBytes = 8;
constexpr std::size_t kSecretMaxBytes = 128;
constexpr std::size_t kKeyPairsPerAccount = 16;
constexpr std::size_t kTokensPerAccount = 64;
constexpr std::size_t kSharesPerDevice = 64;
constexpr std::size_t kSessionsPerAccount = 32;
constexpr std::size_t kShortNameMaxBytes = 32;
constexpr std::size_t kBridgesPerServer = 256;
constexpr std::size_t kBridgeSettingsMaxBytes = std::size_t{64} * 1024;
constexpr std::size_t kPasswordMinCharacters = 10;
constexpr std::size_t kPasswordMaxBytes = 256;

// UTF-8 of 1 to 64 characters: no control or formatting characters, no space at either end. `whose`
// is used in the error message: "an account name".
[[nodiscard]] Status check_name(std::string_view name, std::string_view whose);
// 1 to 64 of A-Z a-z 0-9 . _ - (valid as one level of an MQTT topic), and neither "." nor ".."
// (valid as a file name).
[[nodiscard]] Status check_sn(std::string_view sn);
// 1 to 32 of A-Z a-z 0-9 . _ -, and neither "." nor ".." (valid as a file name). `whose` is used in
// the error message: "a bridge's name".
[[nodiscard]] Status check_short_name(std::string_view name, std::string_view whose);
// 8 to 64 of A-Z a-z 0-9 _ -
[[nodiscard]] Status check_access_key(std::string_view access_key);
// `least` to 128 visible ASCII characters (a device key has a smaller `least`). `whose` is used in
// the error message: "a secret key".
[[nodiscard]] Status check_secret(std::string_view secret, std::string_view whose,
                                  std::size_t least = kSecretMinBytes);

}  // namespace gridloom::registry
