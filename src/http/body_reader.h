// The body behind a request's head: so many bytes, or chunks. It takes from the front of what came
// and keeps the body only: extensions and trailers are passed over and mean nothing, and a line of
// them is never longer than its limit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "http/head.h"

namespace gridloom::http {

struct BodyLimits {
  std::size_t body_bytes = std::size_t{256} * 1024;
  std::size_t line_bytes = 1024;                      // of a chunk's size and extensions
  std::size_t trailer_bytes = std::size_t{8} * 1024;  // altogether
};

class BodyReader {
 public:
  BodyReader(const Head& head, const BodyLimits& limits);

  // Takes what it can from the front of `bytes`; true: the body is whole. What it leaves must come
  // again, with more behind it.
  [[nodiscard]] std::expected<bool, Refusal> read(std::string_view& bytes);
  [[nodiscard]] std::string take() { return std::move(body_); }
  [[nodiscard]] std::size_t kept_bytes() const { return body_.size(); }
  // From now on what comes is passed over, and kept by nobody; the limits stay.
  void discard() { keeps_ = false; }

 private:
  enum class Stage : std::uint8_t { kData, kSize, kDataEnd, kTrailer, kWhole };

  void take_data(std::string_view& bytes);
  [[nodiscard]] std::expected<bool, Refusal> step(std::string_view& bytes);
  [[nodiscard]] std::expected<bool, Refusal> read_size(std::string_view& bytes);
  [[nodiscard]] std::expected<bool, Refusal> read_data_end(std::string_view& bytes);
  [[nodiscard]] std::expected<bool, Refusal> read_trailer(std::string_view& bytes);
  [[nodiscard]] std::size_t find_line_end(std::string_view bytes);

  BodyLimits limits_;
  Stage stage_;
  bool chunked_;
  bool keeps_ = true;
  std::uint64_t taken_ = 0;  // bytes of the body so far
  std::uint64_t due_ = 0;    // bytes of the body, or of this chunk
  std::size_t trailer_bytes_ = 0;
  std::size_t searched_ = 0;  // bytes at the front, left before, that hold no end of a line
  std::string body_;
};

[[nodiscard]] Refusal too_large(const BodyLimits& limits);

}  // namespace gridloom::http
