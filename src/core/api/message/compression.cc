#include "api/message/compression.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "api/message/compressor.h"

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

}  // namespace gridloom::api
