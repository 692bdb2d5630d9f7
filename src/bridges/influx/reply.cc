#include "bridges/influx/reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "base/printable.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

constexpr std::size_t kMaxReason = 300;

// The server's own words: "error" of InfluxDB 1, "message" of InfluxDB 2, or the whole text.
std::string words_of(const client::HttpReply& reply) {
  const auto parsed = wire::parse_json(reply.body);
  std::string_view words = reply.body;
  if (parsed) {
    for (const std::string_view name : {"error", "message"}) {
      if (const std::string_view text = wire::text_in(*parsed, name); !text.empty()) {
        return printable(wire::shortened(text, kMaxReason));
      }
    }
  }
  while (words.ends_with('\n')) words.remove_suffix(1);
  return printable(wire::shortened(words, kMaxReason));
}

}  // namespace

WriteResult result_of(const client::HttpReply& reply) {
  if (reply.status >= 200 && reply.status < 300) return WriteResult::kTaken;
  if (reply.status == 413) return WriteResult::kTooLarge;
  return reply.status == 400 || reply.status == 422 ? WriteResult::kRefused : WriteResult::kLater;
}

std::string reason_of(const client::HttpReply& reply) {
  const std::string words = words_of(reply);
  return words.empty() ? fmt::format("HTTP {}", reply.status)
                       : fmt::format("HTTP {}: {}", reply.status, words);
}

std::size_t lost_lines(const client::HttpReply& reply, std::size_t lines) {
  // InfluxDB writes the lines that it can: "partial write: ... dropped=3".
  constexpr std::string_view kDropped = "dropped=";
  const std::string_view body = reply.body;
  const std::size_t at = body.find(kDropped);
  if (at == std::string_view::npos || !body.contains("partial write")) return lines;
  std::size_t dropped = 0;
  const std::string_view number = body.substr(at + kDropped.size());
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), dropped);
  return error == std::errc() ? std::min(dropped, lines) : lines;
}

}  // namespace gridloom::bridges
