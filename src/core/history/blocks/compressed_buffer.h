// Compression of the byte buffers in a block: zstd where it saves a significant part. The first
// four bytes of zstd's format, which are always the same, are left out: a column has only about 200
// bytes.
//
// Thread rule: any thread; each thread has its own compression contexts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gridloom::history {

enum class Packing : std::uint8_t { kRaw = 0, kZstd = 1 };

// Larger buffers are not unpacked, whatever size the bytes claim: otherwise a few bytes could
// request any amount of memory.
inline constexpr std::size_t kMaxBufferBytes = std::size_t{64} * 1024 * 1024;

[[nodiscard]] Packing append_packed(std::string& out, std::string_view bytes,
                                    Packing most = Packing::kZstd);

// None: damaged. The view points into `stored` or into `scratch`.
[[nodiscard]] std::optional<std::string_view> unpacked(std::string_view stored, Packing packing,
                                                       std::string& scratch);

}  // namespace gridloom::history
