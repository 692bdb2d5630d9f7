// Fuzz target: any bytes as a client's frames, in any pieces. The inner protocol receives the same
// bytes, the output consists of whole frames and says the same, and an error ends the connection.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "http/test_frames.h"
#include "http/web_socket.h"

namespace {

using gridloom::http::Echo;
using gridloom::http::MessageDeflate;
using gridloom::http::WebSocket;
using gridloom::http::WebSocketForm;
using gridloom::http::WebSocketLimits;

constexpr WebSocketLimits kLimits{.message_bytes = 2000, .output_bytes = 1U << 20U};

void require(bool holds) {
  if (!holds) std::abort();
}

struct TrafficEvent {
  std::string by_inner;
  gridloom::http::Said said;
  bool finished = false;
};

TrafficEvent heard_of(std::string_view bytes, std::size_t piece, WebSocketForm form,
                      std::string_view extensions = {}) {
  const auto echo = std::make_shared<Echo>();
  WebSocket socket(echo, kLimits, gridloom::TimePoint{}, form,
                   MessageDeflate::negotiate(extensions));
  std::string out;
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) {
    socket.receive(bytes.substr(0, piece), gridloom::TimePoint{});
    if (socket.has_output()) socket.take_output(out);
  }
  auto said = gridloom::http::said_in(out);
  require(said.has_value());
  require(!socket.finished() || !socket.wants_input());
  for (const auto& frame : said->control) {
    const bool is_text = frame.opcode == gridloom::http::kText;
    require(frame.fin == 1 && (is_text || (frame.rsv == 0 && frame.payload.size() <= 125)));
    // A Close is the last frame.
    require(frame.opcode != gridloom::http::kClose || &frame == &said->control.back());
  }
  return {.by_inner = echo->heard, .said = std::move(*said), .finished = socket.finished()};
}

// The last line may be incomplete, and is left out then.
std::string_view lines(std::string_view text) { return text.substr(0, text.rfind('\n') + 1); }

}  // namespace

// NOLINTNEXTLINE(readability-identifier-naming): the name belongs to libFuzzer
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 20'000) return 0;
  const std::size_t piece = 1 + data[0] % 64;
  const std::string bytes(data + 1, data + size);
  const TrafficEvent whole = heard_of(bytes, bytes.size(), WebSocketForm::kBytes);
  const TrafficEvent split = heard_of(bytes, piece, WebSocketForm::kBytes);
  require(whole.by_inner == split.by_inner);
  require(whole.said.data == split.said.data && whole.said.control == split.said.control);
  require(whole.finished == split.finished);
  require(split.by_inner == split.said.data);
  // A text whose end is not UTF-8 is refused, but what came before may have been passed on.
  const TrafficEvent whole_lines = heard_of(bytes, bytes.size(), WebSocketForm::kLines);
  const TrafficEvent split_lines = heard_of(bytes, piece, WebSocketForm::kLines);
  require(lines(whole_lines.by_inner) == lines(split_lines.by_inner));
  constexpr std::string_view kDeflate = "permessage-deflate";
  const TrafficEvent packed = heard_of(bytes, bytes.size(), WebSocketForm::kLines, kDeflate);
  require(packed.by_inner.size() <= bytes.size() * kLimits.message_bytes);
  require(lines(packed.by_inner) ==
          lines(heard_of(bytes, piece, WebSocketForm::kLines, kDeflate).by_inner));
  return 0;
}
