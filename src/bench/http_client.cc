#include "bench/http_client.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace gridloom::bench {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// `name` in lower case, with the colon.
std::optional<std::string_view> header_in(std::string_view head, std::string_view name) {
  const auto same = [](char a, char b) { return lower(a) == b; };
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    if (line.size() >= name.size() && std::ranges::equal(line.substr(0, name.size()), name, same)) {
      const std::size_t value = line.find_first_not_of(' ', name.size());
      return value == std::string_view::npos ? std::string_view() : line.substr(value);
    }
    head.remove_prefix(std::min(line.size() + 2, head.size()));
  }
  return std::nullopt;
}

template <typename T>
bool read_number(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<std::optional<Answer>> answer_in(std::string_view bytes) {
  constexpr std::string_view kVersion = "HTTP/1.1 ";
  const std::size_t head = bytes.find("\r\n\r\n");
  if (head == std::string_view::npos) return std::nullopt;
  Answer answer;
  const auto length = header_in(bytes.substr(0, head), "content-length:");
  std::size_t body = 0;
  if (!bytes.starts_with(kVersion) ||
      !read_number(bytes.substr(kVersion.size(), 3), answer.status) || !length ||
      !read_number(*length, body)) {
    return fail(ErrorCode::kMalformed, "an answer without a status or Content-Length");
  }
  answer.total_bytes = head + 4 + body;
  if (bytes.size() < answer.total_bytes) return std::nullopt;
  answer.body = bytes.substr(head + 4, body);
  return answer;
}

Status HttpClient::ask(std::string_view request) {
  out_ = request;
  return flush();
}

Status HttpClient::flush() {
  for (std::size_t sent = 1; sent != 0 && !out_.empty();) {
    const auto written = stream_.write(out_);
    if (written.state != net::Stream::State::kOpen) {
      return std::unexpected(client::error_of(written.state));
    }
    sent = written.bytes;
    out_.erase(0, sent);
  }
  return {};
}

Result<std::optional<Answer>> HttpClient::on_ready(std::span<char> buffer) {
  in_.erase(0, std::exchange(to_forget_, 0));
  if (Status flushed = flush(); !flushed) return std::unexpected(flushed.error());
  for (;;) {
    const auto [size, state] = stream_.read(buffer);
    if (state != net::Stream::State::kOpen) return std::unexpected(client::error_of(state));
    if (size == 0) return std::nullopt;
    std::string_view bytes(buffer.data(), size);
    const bool joined = !in_.empty();
    if (joined) {
      in_ += bytes;
      bytes = in_;
    }
    auto answer = answer_in(bytes);
    if (!answer) return answer;
    if (*answer) {
      if ((*answer)->total_bytes != bytes.size()) {
        return fail(ErrorCode::kMalformed, "more than one answer to one request");
      }
      to_forget_ = in_.size();
      return answer;
    }
    if (!joined) in_ = bytes;
    if (stream_.tls() == nullptr && size < buffer.size()) return std::nullopt;
  }
}

}  // namespace gridloom::bench
