#include "base/row_checksum.h"

#include <xxhash.h>

#include <bit>
#include <string>

namespace gridloom {

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
