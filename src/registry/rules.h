// What names, serial numbers and keys may look like. All faults are kBadParams and say what would
// be right; none repeats a secret, or bytes that could garble a terminal.
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
constexpr std::size_t kSecretMinBytes = 16;  // whoever knows the access key may guess
constexpr std::size_t kDeviceKeyMinBytes = 8;
constexpr std::size_t kSecretMaxBytes = 128;
constexpr std::size_t kKeyPairsPerAccount = 16;
constexpr std::size_t kSharesPerDevice = 64;

// A text for a terminal: what is not UTF-8, controls the terminal, or reorders or hides the text
// around it is a '?'. Ends of lines and tabs stay.
[[nodiscard]] std::string printable(std::string_view text);

// UTF-8 of 1 to 64 characters: no control or formatting characters, no space at either end. `whose`
// is for the message: "an account name".
[[nodiscard]] Status check_name(std::string_view name, std::string_view whose);
// 1 to 64 of A-Z a-z 0-9 . _ - (one level of an MQTT topic), and neither "." nor ".." (a file's
// name).
[[nodiscard]] Status check_sn(std::string_view sn);
// 8 to 64 of A-Z a-z 0-9 _ -
[[nodiscard]] Status check_access_key(std::string_view access_key);
// 16 to 128 visible ASCII characters; `least` to 128 of a device key. `whose`: "a secret key".
[[nodiscard]] Status check_secret(std::string_view secret, std::string_view whose,
                                  std::size_t least = kSecretMinBytes);

}  // namespace gridloom::registry
