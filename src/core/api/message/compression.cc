#include "api/message/compression.h"

#include <fmt/format.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <memory>
#include <string>
#include <utility>

#include "http/head.h"

namespace gridloom::api {
namespace {

// The body of a response, compressed while it is sent.
class CompressedBody final : public http::BodySource,
                             public std::enable_shared_from_this<CompressedBody> {
 public:
  // Takes the whole body of the response.
  CompressedBody(http::Response& response, std::unique_ptr<Compressor> compressor,
                 PerKeyLimit::Permit permit, Loop* loop)
      : body_(std::move(response.body)),
        data_(std::move(response.data)),
        rest_(std::move(response.rest)),
        compressor_(std::move(compressor)),
        permit_(std::move(permit)),
        loop_(loop) {
    const std::string_view body = body_;
    texts_ = {body.substr(0, response.data_at), data_, body.substr(response.data_at)};
    response.body = {};
    response.data = {};
    response.data_at = 0;
  }

  void next(Callback<Piece> done) override {
    done_ = std::move(done);
    work_later();
  }

 private:
  void work_later() {
    loop_->post([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->work();
    });
  }

  // Compresses the next piece of the texts, or has the next one of the rest made.
  void work() {
    for (std::string_view& text : texts_) {
      if (text.empty()) continue;
      const std::string_view piece = text.substr(0, Compression::kPieceBytes);
      text.remove_prefix(piece.size());
      const bool is_last =
          rest_ == nullptr && std::ranges::all_of(texts_, &std::string_view::empty);
      return take(piece, is_last ? Then::kEnd : Then::kMore);
    }
    if (rest_ == nullptr) return take({}, Then::kEnd);
    rest_->next([weak = weak_from_this()](const Piece& piece) {
      if (const auto self = weak.lock()) self->take(piece.bytes, piece.then);
    });
  }

  void take(std::string_view bytes, Then then) {
    std::string out;
    const auto until = then == Then::kEnd ? Compressor::Then::kEnd : Compressor::Then::kMore;
    if (then == Then::kFailed || !compressor_->add(bytes, until, out)) {
      return give({.bytes = {}, .then = Then::kFailed});
    }
    // The compressor may keep all of a piece for later.
    if (out.empty() && then == Then::kMore) return work_later();
    give({.bytes = std::move(out), .then = then});
  }

  void give(Piece piece) { std::exchange(done_, {})(std::move(piece)); }

  std::string body_;
  SharedText data_;
  std::array<std::string_view, 3> texts_;  // not compressed yet; views of the two
  std::shared_ptr<http::BodySource> rest_;
  std::unique_ptr<Compressor> compressor_;
  PerKeyLimit::Permit permit_;
  Loop* loop_;
  Callback<Piece> done_;
};

// Keeps the body where compression does not make it shorter.
Coding compress_at_once(http::Response& response, Coding coding) {
  const auto compressor = make_compressor(coding);
  std::string out;
  const std::string body = whole_body(response);
  const bool is_good = compressor != nullptr &&
                       compressor->add(body, Compressor::Then::kEnd, out) &&
                       out.size() < body.size();
  if (!is_good) return Coding::kNone;
  response.body = std::move(out);
  response.data = {};
  response.data_at = 0;
  return coding;
}

}  // namespace

void Compression::apply(http::Response& response, std::string_view accept_encoding,
                        AccountId account) {
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (response.status == 200) compress(response, accept_encoding, account);
}

void Compression::compress(http::Response& response, std::string_view accept_encoding,
                           AccountId account) {
  const std::size_t size = response.body.size() + response.data.size();
  if (response.rest == nullptr && size < kLeastBytes) return;
  Coding coding = coding_for(accept_encoding);
  if (coding == Coding::kNone) return;
  if (response.rest == nullptr && size <= kPieceBytes) {
    coding = compress_at_once(response, coding);
  } else {
    auto permit = streams_.take(fmt::to_string(std::to_underlying(account)), kMaxStreams);
    if (!permit) return;
    auto compressor = make_compressor(coding);
    if (compressor == nullptr) return;
    response.rest = std::make_shared<CompressedBody>(response, std::move(compressor),
                                                     std::move(*permit), loop_);
  }
  if (coding != Coding::kNone) {
    response.headers.emplace_back("Content-Encoding", std::string(name_of(coding)));
  }
}

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
