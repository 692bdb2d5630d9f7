// Reads the body of a request: Content-Length bytes, or chunks. It consumes received bytes from the
// front and keeps the body only: chunk extensions and trailers are skipped and ignored, and their
// lines may not be longer than the limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

#include "http/head.h"

namespace gridloom::http {

struct BodyLimits {
  std::size_t body_bytes = std::size_t{256} * 1024;
  std::size_t line_bytes = 1024;  // of a line with a chunk's size and extensions
  std::size_t trailer_bytes = std::size_t{8} * 1024;  // all trailer lines together
};

class BodyReader {
 public:
  BodyReader(const Head& head, const BodyLimits& limits);

  // Consumes bytes from the front of `bytes`; true: the body is complete. Bytes that are left must
  // be passed again, with further bytes after them.
  [[nodiscard]] std::expected<bool, Refusal> read(std::string_view& bytes);
  [[nodiscard]] std::string take() { return std::move(body_); }
  [[nodiscard]] std::size_t kept_bytes() const { return body_.size(); }
  // From now on body bytes are skipped instead of kept; the limits still apply.
  void discard() { keeps_ = false; }

 private:
  enum class ParserState : std::uint8_t { kData, kSize, kDataEnd, kTrailer, kWhole };

  void take_data(std::string_view& bytes);
  [[nodiscard]] std::expected<bool, Refusal> step(std::string_view& bytes);
  [[nodiscard]] std::expected<bool, Refusal> read_size(std::string_view& bytes);
  [[nodiscard]] std::expected<bool, Refusal> read_data_end(std::string_view& bytes);
  [[nodiscard]] std::expected<bool, Refusal> read_trailer(std::string_view& bytes);
  [[nodiscard]] std::size_t find_line_end(std::string_view bytes);

  BodyLimits limits_;
  ParserState parser_state_;
  bool chunked_;
  bool keeps_ = true;
  std::uint64_t taken_ = 0;  // bytes of the body so far
  std::uint64_t due_ = 0;    // bytes of the body, or of the current chunk
  std::size_t trailer_bytes_ = 0;
  std::size_t searched_ = 0;  // bytes at the front, left by read(), known to hold no end of a line
  std::string body_;
};

[[nodiscard]] Refusal too_large(const BodyLimits& limits);

}  // namespace gridloom::http
