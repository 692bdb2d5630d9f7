// Encrypts secrets at rest: each secret is a libsodium secretbox (XSalsa20-Poly1305) with a random
// nonce, under one 32-byte master key in a file of mode 0600.
//
// The box also contains the secret's place ("device/SN/key"), so that a box copied to another row
// of the database cannot be opened there. Lengths are not hidden. Sealing and opening: any thread.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "base/secret.h"

namespace gridloom::registry {

// The places of the registry's secrets, which their boxes contain (registry/seal.h). They are made
// of attributes that never change, and are stored: the texts must stay as they are.
[[nodiscard]] inline std::string place_of(std::string_view kind, std::string_view whose) {
  return fmt::format("{}/{}", kind, whose);
}
[[nodiscard]] inline std::string certificate_place(std::string_view certificate_account) {
  return place_of("certificate_password", certificate_account);
}
[[nodiscard]] inline std::string gateway_place(std::string_view certificate_account) {
  return place_of("gateway_key", certificate_account);
}
[[nodiscard]] inline std::string secret_key_place(std::string_view access_key) {
  return place_of("secret_key", access_key);
}
[[nodiscard]] inline std::string password_place(std::string_view certificate_account) {
  return place_of("password", certificate_account);
}
[[nodiscard]] inline std::string device_place(std::string_view sn) {
  return place_of("device_key", sn);
}
[[nodiscard]] inline std::string bridge_place(std::string_view name) {
  return place_of("bridge_settings", name);
}

// The action if there is no key file. kMake is only for a database without sealed secrets: a lost
// key cannot be replaced.
enum class MissingKey : std::uint8_t { kMake, kRefuse };

class Sealer {
 public:
  struct Box {
    std::string_view place;  // without NUL bytes
    std::string_view sealed;
  };

  // The caller holds the data folder's lock. kNotFound: there is no key file, and `missing` is
  // kRefuse. kIo: other users may read the file. kMalformed: the file is not 32 bytes long.
  [[nodiscard]] static Result<Sealer> with_key_file(const std::filesystem::path& path,
                                                    MissingKey missing);

  [[nodiscard]] std::string seal(std::string_view place, const Secret& secret) const;
  // kMalformed: the box was sealed with another key or for another place, or is damaged.
  [[nodiscard]] Result<Secret> open(const Box& box) const;

 private:
  struct Free {
    void operator()(unsigned char* key) const;
  };
  using Key = std::unique_ptr<unsigned char, Free>;  // locked memory, wiped when freed

  explicit Sealer(Key key) : key_(std::move(key)) {}

  Key key_;
};

}  // namespace gridloom::registry
