// Fuzz target: any bytes, in any pieces, give the same responses, and every refusal ends the
// connection.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/test_talk.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// Removes output that depends on the pieces: "100 Continue" (the body may have arrived already or
// not), and refusals (an error may show before all bytes have arrived).
std::string comparable(std::string text) {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  for (std::size_t at = text.find(kContinue); at != std::string::npos;
       at = text.find(kContinue, at)) {
    text.erase(at, kContinue.size());
  }
  constexpr std::string_view kRefusal = "HTTP/1.1 400 ";
  if (const std::size_t at = text.find(kRefusal); at != std::string::npos) {
    text.resize(at);
  }
  return text;
}

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using gridloom::http::Talk;
  if (size < 2) return 0;
  const std::size_t piece = 1 + data[0] % 64;
  const bool defer = data[1] % 2 == 1;
  const std::string bytes(data + 2, data + size);

  Talk whole;
  whole.send(bytes);
  Talk split;
  split.defer = defer;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    split.send(std::string_view(bytes).substr(at, piece));
    split.answer();
  }
  while (!split.waiting.empty()) split.answer();
  require(comparable(whole.out) == comparable(split.out));
  require(whole.requests.size() == split.requests.size());
  require(!whole.finished() || !whole.session->wants_input());
  return 0;
}
