// Fuzz target: whatever a server answers, the responses do not depend on how the bytes were split.
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "client/http_session.h"

namespace {

using namespace gridloom;

// The responses to some requests, of bytes that come in pieces of this size, as a text.
std::string responses_in(std::string_view bytes, std::size_t piece) {
  client::HttpSession session({.head_bytes = 512, .body_bytes = 256, .line_bytes = 32});
  for (int i = 0; i < 3; ++i) session.ask("GET / HTTP/1.1\r\n\r\n");
  std::string seen;
  const auto note = [&seen](const Result<std::optional<client::HttpResponse>>& response) {
    if (!response) seen += "malformed";
    if (!response || !*response) return false;
    seen +=
        fmt::format("{} {} {} {} {}\n", (*response)->status, (*response)->body,
                    (*response)->total_bytes, (*response)->keeps_alive, (*response)->retry_after);
    static_cast<void>(client::retry_after_of((*response)->retry_after, TimePoint()));
    return true;
  };
  while (!bytes.empty() && !seen.ends_with("malformed")) {
    const std::string some(bytes.substr(0, piece));
    bytes.remove_prefix(some.size());
    for (bool more = note(session.receive(some)); more;) more = note(session.receive({}));
  }
  if (!seen.ends_with("malformed")) note(session.end());
  return seen;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string bytes(data + 1, data + size);
  const std::size_t piece = 1 + data[0] % 64;
  if (responses_in(bytes, bytes.size()) != responses_in(bytes, piece)) std::abort();
  return 0;
}
