#include "bridges/influx/reply.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

namespace gridloom::bridges {

WriteResult result_of(const client::HttpReply& reply) {
  if (reply.status >= 200 && reply.status < 300) return WriteResult::kTaken;
  if (reply.status == 413) return WriteResult::kTooLarge;
  return reply.status == 400 || reply.status == 422 ? WriteResult::kRefused : WriteResult::kLater;
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
