#include "http/body_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

namespace gridloom::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

std::unexpected<Refusal> refuse(std::string why, unsigned status = 400) {
  return std::unexpected(Refusal{.status = status, .why = std::move(why)});
}

}  // namespace

Refusal too_large(const BodyLimits& limits) {
  return {.status = 413, .why = fmt::format("the body is over {} bytes", limits.body_bytes)};
}

BodyReader::BodyReader(const Head& head, const BodyLimits& limits)
    : limits_(limits),
      parser_state_(head.chunked ? ParserState::kSize : ParserState::kData),
      chunked_(head.chunked),
      due_(head.length.value_or(0)) {}

std::expected<bool, Refusal> BodyReader::read(std::string_view& bytes) {
  if (!chunked_ && due_ + taken_ > limits_.body_bytes) {
    return std::unexpected(too_large(limits_));
  }
  for (;;) {
    if (parser_state_ == ParserState::kData) take_data(bytes);
    if (parser_state_ == ParserState::kWhole) return true;
    if (parser_state_ == ParserState::kData) return false;
    const auto stepped = step(bytes);
    if (!stepped || !*stepped) return stepped;
  }
}

void BodyReader::take_data(std::string_view& bytes) {
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(due_, bytes.size()));
  if (keeps_) body_.append(bytes.substr(0, count));
  taken_ += count;
  bytes.remove_prefix(count);
  due_ -= count;
  if (due_ == 0) parser_state_ = chunked_ ? ParserState::kDataEnd : ParserState::kWhole;
}

// True: progress was made.
std::expected<bool, Refusal> BodyReader::step(std::string_view& bytes) {
  if (parser_state_ == ParserState::kSize) return read_size(bytes);
  if (parser_state_ == ParserState::kDataEnd) return read_data_end(bytes);
  return read_trailer(bytes);
}

// A line that arrives byte by byte is not searched from its beginning each time.
std::size_t BodyReader::find_line_end(std::string_view bytes) {
  const std::size_t end = bytes.find(kLineEnd, searched_ - std::min<std::size_t>(searched_, 1));
  searched_ = end == std::string_view::npos ? bytes.size() : 0;
  return end;
}

std::expected<bool, Refusal> BodyReader::read_size(std::string_view& bytes) {
  const std::size_t end = find_line_end(bytes.substr(0, limits_.line_bytes + 2));
  if (end == std::string_view::npos && bytes.size() > limits_.line_bytes) {
    return refuse(fmt::format("a chunk's size and extensions are over {} bytes, without CR LF",
                              limits_.line_bytes));
  }
  // An invalid size is refused before its line is complete.
  const std::string_view line = bytes.substr(0, end);
  const char* const last = line.data() + line.size();
  std::uint64_t size = 0;
  const auto [digits_end, error] = std::from_chars(line.data(), last, size, 16);
  const bool nothing_yet = line.empty() && end == std::string_view::npos;
  const std::string_view rest(digits_end, static_cast<std::size_t>(last - digits_end));
  const bool ends_here =
      rest.empty() || rest.starts_with(';') || (end == std::string_view::npos && rest == "\r");
  const bool is_size = error == std::errc() && !line.starts_with('-') && ends_here;
  if (!nothing_yet && !is_size) {
    return refuse("a chunk's size must be up to 16 hexadecimal digits and then CR LF");
  }
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\t'; };
  if (end == std::string_view::npos) return false;
  if (std::ranges::any_of(rest, is_control)) {
    return refuse("a chunk's extension holds a control character; its line ends in CR LF");
  }
  if (size > limits_.body_bytes - taken_) return std::unexpected(too_large(limits_));
  bytes.remove_prefix(end + kLineEnd.size());
  due_ = size;
  parser_state_ = size == 0 ? ParserState::kTrailer : ParserState::kData;
  return true;
}

std::expected<bool, Refusal> BodyReader::read_data_end(std::string_view& bytes) {
  if (!kLineEnd.starts_with(bytes.substr(0, kLineEnd.size()))) {
    return refuse("a chunk is longer than its size says: CR LF must follow");
  }
  if (bytes.size() < kLineEnd.size()) return false;
  bytes.remove_prefix(kLineEnd.size());
  parser_state_ = ParserState::kSize;
  return true;
}

std::expected<bool, Refusal> BodyReader::read_trailer(std::string_view& bytes) {
  const std::size_t end = find_line_end(bytes);
  const std::size_t size = std::min(end, bytes.size());
  if (trailer_bytes_ + size > limits_.trailer_bytes) {
    return refuse(fmt::format("the trailers are over {} bytes", limits_.trailer_bytes), 431);
  }
  if (end == std::string_view::npos) return false;
  if (end != 0) {
    if (auto field = parse_field(bytes.substr(0, end)); !field) {
      return refuse(fmt::format("a header after the body: {}", field.error().why));
    }
  }
  trailer_bytes_ += end + kLineEnd.size();
  bytes.remove_prefix(end + kLineEnd.size());
  if (end == 0) parser_state_ = ParserState::kWhole;
  return true;
}

}  // namespace gridloom::http
