#include "bridges/core/reply_reason.h"

#include <fmt/format.h>

#include <cstddef>
#include <string_view>

#include "base/printable.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

constexpr std::size_t kMaxReason = 300;

// "error" of InfluxDB 1, "message" of InfluxDB 2.
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

std::string reason_of(const client::HttpReply& reply) {
  const std::string words = words_of(reply);
  return words.empty() ? fmt::format("HTTP {}", reply.status)
                       : fmt::format("HTTP {}: {}", reply.status, words);
}

}  // namespace gridloom::bridges
