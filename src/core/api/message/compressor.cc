#include "api/message/compressor.h"

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "http/list_header.h"

namespace gridloom::api {
namespace {

// Answers are made while a client waits, so speed counts more than the last tenth of the size.
constexpr int kFastGzipLevel = 2;
constexpr int kZstdLevel = 1;
constexpr int kGzipWindow = 15 + 16;  // 32 KB, in the form of gzip
constexpr int kGzipMemory = 8;
constexpr int kZstdWindow = 17;  // 128 KB
// Room for output that is added at once.
constexpr std::size_t kRoom = std::size_t{16} * 1024;

class Gzip final : public Compressor {
 public:
  [[nodiscard]] bool begin(Effort effort) {
    const int level = effort == Effort::kBest ? Z_BEST_COMPRESSION : kFastGzipLevel;
    begun_ = deflateInit2(&stream_, level, Z_DEFLATED, kGzipWindow, kGzipMemory,
                          Z_DEFAULT_STRATEGY) == Z_OK;
    return begun_;
  }
  Gzip() = default;
  Gzip(const Gzip&) = delete;
  Gzip& operator=(const Gzip&) = delete;
  ~Gzip() override {
    if (begun_) deflateEnd(&stream_);
  }

  bool add(std::string_view bytes, Then then, std::string& out) override {
    if (bytes.size() > std::numeric_limits<uInt>::max()) return false;
    // zlib does not write to its input.
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast)
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast)
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
    stream_.avail_in = static_cast<uInt>(bytes.size());
    const int flush = then == Then::kEnd ? Z_FINISH : Z_NO_FLUSH;
    do {
      const std::size_t before = out.size();
      out.resize(before + kRoom);
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast)
      stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
      stream_.avail_out = static_cast<uInt>(kRoom);
      const int did = deflate(&stream_, flush);
      out.resize(before + kRoom - stream_.avail_out);
      // Z_BUF_ERROR: there was nothing to do, which is no failure.
      if (did != Z_OK && did != Z_STREAM_END && did != Z_BUF_ERROR) return false;
    } while (stream_.avail_out == 0);
    return stream_.avail_in == 0;
  }

 private:
  z_stream stream_{};
  bool begun_ = false;
};

struct FreeContext {
  void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

class Zstd final : public Compressor {
 public:
  [[nodiscard]] bool begin() {
    context_.reset(ZSTD_createCCtx());
    if (!context_) return false;
    const auto set = [this](ZSTD_cParameter parameter, int value) {
      return ZSTD_isError(ZSTD_CCtx_setParameter(context_.get(), parameter, value)) == 0U;
    };
    return set(ZSTD_c_compressionLevel, kZstdLevel) && set(ZSTD_c_windowLog, kZstdWindow);
  }

  bool add(std::string_view bytes, Then then, std::string& out) override {
    ZSTD_inBuffer in{.src = bytes.data(), .size = bytes.size(), .pos = 0};
    const ZSTD_EndDirective directive = then == Then::kEnd ? ZSTD_e_end : ZSTD_e_continue;
    while (true) {
      const std::size_t before = out.size();
      out.resize(before + kRoom);
      ZSTD_outBuffer room{.dst = out.data() + before, .size = kRoom, .pos = 0};
      const std::size_t left = ZSTD_compressStream2(context_.get(), &room, &in, directive);
      out.resize(before + room.pos);
      if (ZSTD_isError(left) != 0U) return false;
      if (then == Then::kEnd ? left == 0 : in.pos == in.size) return true;
    }
  }

 private:
  std::unique_ptr<ZSTD_CCtx, FreeContext> context_;
};

// Null: the library has no memory for one.
template <typename Made, typename... Args>
std::unique_ptr<Compressor> made(Args... args) {
  auto compressor = std::make_unique<Made>();
  if (!compressor->begin(args...)) return nullptr;
  return compressor;
}

}  // namespace

Coding coding_for(std::string_view accept_encoding) {
  if (accept_encoding.empty()) return Coding::kNone;
  const bool takes_zstd =
      http::lists_token(accept_encoding, "zstd") && http::accepts(accept_encoding, "zstd");
  if (takes_zstd) return Coding::kZstd;
  return http::accepts(accept_encoding, "gzip") ? Coding::kGzip : Coding::kNone;
}

std::string_view name_of(Coding coding) {
  switch (coding) {
    case Coding::kGzip:
      return "gzip";
    case Coding::kZstd:
      return "zstd";
    case Coding::kNone:
      break;
  }
  return {};
}

std::unique_ptr<Compressor> make_compressor(Coding coding, Effort effort) {
  switch (coding) {
    case Coding::kGzip:
      return made<Gzip>(effort);
    case Coding::kZstd:
      return made<Zstd>();
    case Coding::kNone:
      break;
  }
  return nullptr;
}

}  // namespace gridloom::api
