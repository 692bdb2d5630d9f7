// A run of bytes as a block keeps it: compressed with zstd where that saves a good part.
// zstd's own first four bytes, always the same, are left out: a column has about 200.
//
// Thread rule: any thread; each has contexts of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom::history {

enum class Packing : std::uint8_t { kRaw = 0, kZstd = 1 };

// More is not read, whatever the bytes say: a few bytes could ask for any memory otherwise.
inline constexpr std::size_t kMostPieceBytes = std::size_t{64} * 1024 * 1024;

[[nodiscard]] Packing append_packed(std::string& out, std::string_view bytes,
                                    Packing most = Packing::kZstd);

// None: damaged. The view leads into `stored` or into `scratch`.
[[nodiscard]] std::optional<std::string_view> unpacked(std::string_view stored, Packing packing,
                                                       std::string& scratch);

}  // namespace gridloom::history
