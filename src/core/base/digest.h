// Digests of bytes: the checksum of a stored row, and SHA-256.
#pragma once

#include <sodium.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace gridloom {

// The checksum of a database row, over its table, its key and its content: a flipped bit in any of
// them is detected as damage, and so is a row that moved to another key.
//
// The bytes are part of file formats (docs/internals/formats.md): they never change. Pure.
//
// XXH3-64 of `content`; its seed is the XXH3-64 of the table's number and the keys. As a signed
// number, because SQLite's integers are.
[[nodiscard]] std::int64_t row_checksum(std::uint8_t table,
                                        std::initializer_list<std::int64_t> keys,
                                        std::string_view content);

// As sha256sum(1) prints it: 64 lower-case hexadecimal digits.
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
