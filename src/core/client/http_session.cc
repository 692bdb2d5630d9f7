#include "client/http_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <utility>

#include "base/ascii.h"

namespace gridloom::client {
namespace {

constexpr std::string_view kProtocol = "HTTP/1.";
constexpr std::size_t kStatusAt = std::string_view("HTTP/1.1 ").size();
constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";
constexpr std::size_t kShown = 60;
constexpr std::size_t kMaxRetryAfter = 40;  // bytes; a date has 29
constexpr unsigned kSwitchingProtocols = 101;

std::unexpected<Error> malformed(std::string_view what) {
  return fail(ErrorCode::kMalformed, fmt::format("from the server: {}", what));
}

std::unexpected<Error> too_large(std::string_view what, std::size_t most) {
  return malformed(fmt::format("{} of more than {} bytes", what, most));
}

// `wanted` in lower case.
bool same_name(std::string_view text, std::string_view wanted) {
  return text.size() == wanted.size() &&
         std::ranges::equal(text, wanted, [](char a, char b) { return lower(a) == b; });
}

std::string_view trimmed(std::string_view text) {
  const auto is_blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// The whole of `text` as a number.
template <typename T>
bool read_number(std::string_view text, T& number, int base = 10) {
  const char* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number, base);
  return error == std::errc() && at == end;
}

// Whether the text before `mark`, which was found at `end` or not yet, has more bytes than `most`.
bool longer(std::string_view bytes, std::size_t end, std::string_view mark, std::size_t most) {
  return end == std::string_view::npos ? bytes.size() >= most + mark.size() : end > most;
}

// Whether a list of words, such as that of Connection, has the word.
bool lists(std::string_view list, std::string_view wanted) {
  for (;;) {
    const std::size_t comma = list.find(',');
    if (same_name(trimmed(list.substr(0, comma)), wanted)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

// The seconds since 1970 of a date as HTTP/1.1 writes it, of 29 bytes: "Sun, 06 Nov 1994 08:49:37
// GMT". Dates in the two older forms are not read.
std::optional<std::chrono::sys_seconds> http_date(std::string_view text) {
  constexpr std::string_view kForm = "Sun, 06 Nov 1994 08:49:37 GMT";
  constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != kForm.size() || !text.ends_with(" GMT")) return std::nullopt;
  unsigned day = 0;
  int year = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (!read_number(text.substr(5, 2), day) || month == std::string_view::npos || month % 3 != 0 ||
      !read_number(text.substr(12, 4), year) || !read_number(text.substr(17, 2), hour) ||
      !read_number(text.substr(20, 2), minute) || !read_number(text.substr(23, 2), second)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month / 3 + 1)),
                                         std::chrono::day(day)};
  if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 ||
      second > 60) {
    return std::nullopt;
  }
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

}  // namespace

std::optional<Millis> retry_after_of(std::string_view value, TimePoint now) {
  constexpr Millis kMost = std::chrono::days(100);
  std::uint32_t seconds = 0;
  if (read_number(value, seconds)) {
    const Millis wait = std::chrono::seconds(seconds);
    return wait <= kMost ? std::optional(wait) : std::nullopt;
  }
  const auto date = http_date(value);
  if (!date || *date - now > kMost) return std::nullopt;
  return std::max(Millis(0), std::chrono::ceil<Millis>(*date - now));
}

void HttpSession::ask(std::string_view request) {
  out_ += request;
  ++unanswered_;
}

Result<std::optional<HttpResponse>> HttpSession::receive(std::string_view bytes) {
  in_.erase(0, std::exchange(returned_, 0));
  if (!head_) chunks_.clear();
  const bool joined = !in_.empty();
  if (joined) {
    in_ += bytes;
    bytes = in_;
  }
  if (bytes.empty()) return std::nullopt;
  if (unanswered_ == 0 || surplus_) return malformed("more responses than requests");
  GL_TRY(const auto whole, read(bytes));
  if (!whole) {
    if (!joined) in_ = bytes;
    // The body of what has been read is in chunks_: a long one is not kept twice.
    if (head_ && head_->framing == Framing::kChunks) {
      in_.erase(0, at_);
      dropped_ += std::exchange(at_, 0);
    }
    return std::nullopt;
  }
  const std::size_t read_bytes = at_;
  const HttpResponse response = finish(bytes);
  const std::string_view rest = bytes.substr(read_bytes);
  surplus_ = unanswered_ == 0 && !rest.empty();
  if (joined) {
    returned_ = read_bytes;
  } else {
    in_ = rest;
  }
  return response;
}

Result<std::optional<HttpResponse>> HttpSession::end() {
  in_.erase(0, std::exchange(returned_, 0));
  if (!in_.empty() && head_ && head_->framing == Framing::kUntilEnd) {
    at_ = in_.size();
    returned_ = in_.size();
    return finish(in_);
  }
  if (in_.empty() && unanswered_ == 0) return std::nullopt;
  return fail(ErrorCode::kIo, "the server closed the connection before its response was complete");
}

Result<bool> HttpSession::read(std::string_view bytes) {
  while (!head_) {
    GL_TRY(auto head, read_head(bytes.substr(at_)));
    if (!head) return false;
    at_ += head->bytes;
    // Interim responses, such as "100 Continue", precede the response.
    if (head->status >= 200) {
      head_ = *head;
      body_at_ = at_;
    } else if (at_ > limits_.head_bytes) {
      return too_large("interim responses", limits_.head_bytes);
    }
  }
  const std::size_t rest = bytes.size() - at_;
  switch (head_->framing) {
    case Framing::kLength:
      if (rest < head_->length) return false;
      at_ += head_->length;
      return true;
    case Framing::kChunks:
      return read_chunks(bytes);
    case Framing::kUntilEnd:
      if (rest > limits_.body_bytes) return too_large("a body", limits_.body_bytes);
  }
  return false;
}

Result<std::optional<HttpSession::Head>> HttpSession::read_head(std::string_view bytes) const {
  if (!bytes.substr(0, kProtocol.size()).starts_with(kProtocol.substr(0, bytes.size()))) {
    return malformed("bytes that are not HTTP/1.1");
  }
  const std::size_t end = bytes.find(kHeadEnd);
  if (longer(bytes, end, kHeadEnd, limits_.head_bytes)) {
    return too_large("a head", limits_.head_bytes);
  }
  if (end == std::string_view::npos) return std::nullopt;
  Head head{.bytes = end + kHeadEnd.size()};
  std::string_view lines = bytes.substr(0, end + kLineEnd.size());
  const std::string_view first = lines.substr(0, lines.find(kLineEnd));
  const std::string_view status = first.substr(std::min(kStatusAt, first.size()));
  if (first.substr(0, kStatusAt).back() != ' ' ||
      !read_number(status.substr(0, status.find(' ')), head.status) || head.status < 100 ||
      head.status > 599 || head.status == kSwitchingProtocols) {
    return malformed(fmt::format("\"{}\": a status from 100 to 599 must be in it, and not {}",
                                 first.substr(0, kShown), kSwitchingProtocols));
  }
  head.keeps_alive = first[kStatusAt - 2] != '0';
  for (lines.remove_prefix(first.size() + kLineEnd.size()); !lines.empty();) {
    const std::string_view line = lines.substr(0, lines.find(kLineEnd));
    GL_TRY(read_field(line, head));
    lines.remove_prefix(line.size() + kLineEnd.size());
  }
  if (head.status < 200 || head.status == 204 || head.status == 304) {
    head.framing = Framing::kLength;
    head.length = 0;
  }
  if (head.framing == Framing::kLength && head.length > limits_.body_bytes) {
    return too_large("a body", limits_.body_bytes);
  }
  return head;
}

Status HttpSession::read_field(std::string_view line, Head& head) const {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) {
    return malformed(fmt::format("no header: \"{}\"", line.substr(0, kShown)));
  }
  const std::string_view name = line.substr(0, colon);
  const auto value = [&] { return trimmed(line.substr(colon + 1)); };
  if (same_name(name, "content-length")) {
    std::size_t length = 0;
    const bool again = head.framing == Framing::kLength;
    if (!read_number(value(), length) || head.framing == Framing::kChunks ||
        (again && length != head.length)) {
      return malformed(fmt::format("Content-Length is \"{}\"", value().substr(0, kShown)));
    }
    head.framing = Framing::kLength;
    head.length = length;
  } else if (same_name(name, "transfer-encoding")) {
    if (!same_name(value(), "chunked") || head.framing != Framing::kUntilEnd) {
      return malformed(fmt::format("Transfer-Encoding is \"{}\"", value().substr(0, kShown)));
    }
    head.framing = Framing::kChunks;
  } else if (same_name(name, "connection")) {
    if (lists(value(), "close")) head.keeps_alive = false;
    if (lists(value(), "keep-alive")) head.keeps_alive = true;
  } else if (same_name(name, "retry-after")) {
    head.retry_after = value().substr(0, kMaxRetryAfter);
  }
  return {};
}

Result<bool> HttpSession::read_chunks(std::string_view bytes) {
  // Chunk extensions and trailers have no end of their own.
  const std::size_t most = limits_.head_bytes + 2 * limits_.body_bytes;
  for (;;) {
    if (dropped_ + at_ > most) return too_large("a body in chunks", most);
    if (stage_ == ChunkStage::kData) {
      const std::string_view data = bytes.substr(at_, due_);
      chunks_ += data;
      at_ += data.size();
      due_ -= data.size();
      if (due_ != 0) return false;
      stage_ = ChunkStage::kDataEnd;
    }
    const std::string_view rest = bytes.substr(at_);
    const std::size_t end = rest.find(kLineEnd);
    if (longer(rest, end, kLineEnd, limits_.line_bytes)) {
      return too_large("a line between chunks", limits_.line_bytes);
    }
    if (end == std::string_view::npos) return false;
    at_ += end + kLineEnd.size();
    const auto whole = read_chunk_line(rest.substr(0, end));
    if (!whole || *whole) return whole;
  }
}

Result<bool> HttpSession::read_chunk_line(std::string_view line) {
  switch (stage_) {
    case ChunkStage::kSize:
      if (!read_number(trimmed(line.substr(0, line.find(';'))), due_, 16)) {
        return malformed(fmt::format("a chunk's size is \"{}\"", line.substr(0, kShown)));
      }
      if (due_ > limits_.body_bytes - chunks_.size()) {
        return too_large("a body", limits_.body_bytes);
      }
      stage_ = due_ == 0 ? ChunkStage::kTrailer : ChunkStage::kData;
      return false;
    case ChunkStage::kDataEnd:
      if (!line.empty()) return malformed("a chunk that is longer than its size");
      stage_ = ChunkStage::kSize;
      return false;
    case ChunkStage::kTrailer:
      return line.empty();
    case ChunkStage::kData:
      break;
  }
  return false;
}

HttpResponse HttpSession::finish(std::string_view bytes) {
  const bool in_chunks = head_->framing == Framing::kChunks;
  retry_after_ = std::move(head_->retry_after);
  const HttpResponse response{
      .status = head_->status,
      .body = in_chunks ? std::string_view(chunks_) : bytes.substr(body_at_, at_ - body_at_),
      .total_bytes = std::exchange(dropped_, 0) + at_,
      .keeps_alive = head_->keeps_alive && head_->framing != Framing::kUntilEnd,
      .retry_after = retry_after_};
  head_.reset();
  at_ = 0;
  stage_ = ChunkStage::kSize;
  --unanswered_;
  return response;
}

}  // namespace gridloom::client
