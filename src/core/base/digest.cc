#include "base/digest.h"

#include <xxhash.h>

#include <array>
#include <bit>
#include <string>

namespace gridloom {

void Sha256::add(std::string_view bytes) {
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): libsodium takes unsigned char
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  crypto_hash_sha256_update(&state_, data, bytes.size());
}

std::string Sha256::finish() {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256_final(&state_, digest.data());
  std::array<char, 2 * digest.size() + 1> text{};
  sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
  return text.data();
}

std::string sha256_of(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.finish();
}

std::int64_t row_checksum(std::uint8_t table, std::initializer_list<std::int64_t> keys,
                          std::string_view content) {
  std::string head(1, static_cast<char>(table));
  for (const std::int64_t key : keys) {
    auto bits = static_cast<std::uint64_t>(key);
    for (int byte = 0; byte < 8; ++byte, bits >>= 8U) head.push_back(static_cast<char>(bits));
  }
  const std::uint64_t seed = XXH3_64bits(head.data(), head.size());
  return std::bit_cast<std::int64_t>(XXH3_64bits_withSeed(content.data(), content.size(), seed));
}

}  // namespace gridloom
