#include "history/blocks/compressed_buffer.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <memory>

namespace gridloom::history {
namespace {

constexpr int kLevel = 3;
constexpr std::string_view kMagic = "\x28\xB5\x2F\xFD";
// For fewer bytes, the overhead of a zstd frame exceeds the saving.
constexpr std::size_t kFewestBytes = 16;
// zstd is used only if it saves at least one byte in this many: to unpack takes as long as all the
// rest of reading a column. Without this limit a block is 2 % smaller, and a week takes a quarter
// longer to read.
constexpr std::size_t kMinGain = 6;
// Maximum unpacked size of a zstd block, and its minimum stored size.
constexpr std::size_t kLargestZstdBlock = std::size_t{128} * 1024;
constexpr std::size_t kSmallestZstdBlock = 4;

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

struct Contexts {
  std::unique_ptr<ZSTD_CCtx, FreeContext> compress{ZSTD_createCCtx()};
  std::unique_ptr<ZSTD_DCtx, FreeContext> decompress{ZSTD_createDCtx()};
  std::string frame;
};

Contexts& contexts() {
  static thread_local Contexts of_this_thread;
  return of_this_thread;
}

}  // namespace

Packing append_packed(std::string& out, std::string_view bytes, Packing most) {
  if (most == Packing::kZstd && bytes.size() >= kFewestBytes) {
    Contexts& with = contexts();
    // No more room than the required saving leaves: zstd returns an error when the room is full.
    with.frame.resize(bytes.size() - bytes.size() / kMinGain + kMagic.size() - 1);
    const std::size_t size =
        ZSTD_compressCCtx(with.compress.get(), with.frame.data(), with.frame.size(), bytes.data(),
                          bytes.size(), kLevel);
    if (ZSTD_isError(size) == 0U) {
      out.append(with.frame, kMagic.size(), size - kMagic.size());
      return Packing::kZstd;
    }
  }
  out += bytes;
  return Packing::kRaw;
}

std::optional<std::string_view> unpacked(std::string_view stored, Packing packing,
                                         std::string& scratch) {
  if (packing == Packing::kRaw) return stored;
  Contexts& with = contexts();
  with.frame = kMagic;
  with.frame += stored;
  const unsigned long long size = ZSTD_getFrameContentSize(with.frame.data(), with.frame.size());
  const std::size_t most =
      std::min(kMaxBufferBytes, (stored.size() / kSmallestZstdBlock + 1) * kLargestZstdBlock);
  if (size > most) return std::nullopt;  // also true if unknown: those are the highest numbers
  scratch.resize(static_cast<std::size_t>(size));
  const std::size_t got = ZSTD_decompressDCtx(with.decompress.get(), scratch.data(), scratch.size(),
                                              with.frame.data(), with.frame.size());
  if (ZSTD_isError(got) != 0U || got != scratch.size()) return std::nullopt;
  return scratch;
}

}  // namespace gridloom::history
