// SHA-256 as sha256sum(1) prints it: 64 lower-case hexadecimal digits.
#pragma once

#include <sodium.h>

#include <string>
#include <string_view>

namespace gridloom {

class Sha256 {
 public:
  Sha256() { crypto_hash_sha256_init(&state_); }
  void add(std::string_view bytes);
  // Once, at the end.
  [[nodiscard]] std::string finish();

 private:
  crypto_hash_sha256_state state_{};
};

[[nodiscard]] std::string sha256_of(std::string_view bytes);

}  // namespace gridloom
