// Compressed messages of a WebSocket: what is agreed on, both directions, and what a client gets
// wrong. The client's side is zlib, with the parameters that were agreed on.
#include "http/message_deflate.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/test_frames.h"
#include "http/web_socket.h"

namespace gridloom::http {
namespace {

constexpr std::uint8_t kCompressed = 4;  // the reserved bit

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast,cppcoreguidelines-pro-type-const-cast)
std::string packed(std::string_view text, int flush = Z_SYNC_FLUSH) {
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, flush);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  if (flush == Z_SYNC_FLUSH) out.resize(out.size() - 4);
  return out;
}

// Unpacks all that a server sends, which may refer to what it sent before.
class Unpacker {
 public:
  explicit Unpacker(int window_bits) { inflateInit2(&stream_, -window_bits); }
  Unpacker(const Unpacker&) = delete;
  Unpacker& operator=(const Unpacker&) = delete;
  ~Unpacker() { inflateEnd(&stream_); }

  std::string unpack(std::string payload) {
    payload += std::string_view("\x00\x00\xff\xff", 4);
    std::string out(std::size_t{1} << 20U, '\0');
    stream_.next_in = reinterpret_cast<Bytef*>(payload.data());
    stream_.avail_in = static_cast<uInt>(payload.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream_, Z_SYNC_FLUSH), Z_OK);
    out.resize(out.size() - stream_.avail_out);
    return out;
  }

 private:
  z_stream stream_{};
};
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast,cppcoreguidelines-pro-type-const-cast)

// A line as the live stream's: nearly the same again each time.
std::string line(int i) {
  std::string text;
  for (int k = 0; k < 40; ++k) text += fmt::format("\"device {}\":{},", k, (i * 7 + k * 31) % 997);
  return text;
}

struct PackedSocket {
  explicit PackedSocket(std::string_view offers = "permessage-deflate", WebSocketLimits limits = {})
      : socket(echo, limits, {}, WebSocketForm::kLines, MessageDeflate::negotiate(offers)) {}

  void send(const Frame& frame) {
    socket.receive(bytes_of(frame), {});
    if (socket.has_output()) socket.take_output(out);
  }
  std::vector<Frame> take() { return frames_in(std::exchange(out, {})).value(); }

  std::shared_ptr<Echo> echo = std::make_shared<Echo>();
  WebSocket socket;
  std::string out;
};

TEST(MessageDeflate, TakesTheFirstOfferThatItCanServe) {
  struct Row {
    std::string_view offers;
    std::string_view accepted;  // empty: none
  };
  constexpr std::string_view kUsual =
      "permessage-deflate; client_no_context_takeover; server_max_window_bits=13";
  const std::vector<Row> rows = {
      {"", ""},
      {"x-webkit-deflate-frame", ""},
      {"permessage-deflate", kUsual},
      {"Permessage-Deflate ; client_max_window_bits", kUsual},
      {"permessage-deflate; client_max_window_bits=\"10\"", kUsual},
      {"permessage-deflate; server_max_window_bits=15", kUsual},
      {"permessage-deflate; server_max_window_bits=9",
       "permessage-deflate; client_no_context_takeover; server_max_window_bits=9"},
      {"permessage-deflate; server_no_context_takeover",
       "permessage-deflate; client_no_context_takeover; server_max_window_bits=13; "
       "server_no_context_takeover"},
      {"permessage-deflate; server_max_window_bits=8", ""},
      {"permessage-deflate; server_max_window_bits=16", ""},
      {"permessage-deflate; server_max_window_bits=09", ""},
      {"permessage-deflate; server_max_window_bits", ""},
      {"permessage-deflate; server_no_context_takeover=1", ""},
      {"permessage-deflate; client_max_window_bits=7", ""},
      {"permessage-deflate; unknown", ""},
      {"permessage-deflate; client_max_window_bits; client_max_window_bits", ""},
      {"permessage-deflate; server_max_window_bits=8, permessage-deflate", kUsual},
  };
  for (const Row& row : rows) {
    const auto made = MessageDeflate::negotiate(row.offers);
    EXPECT_EQ(made ? made->accepted() : "", row.accepted) << row.offers;
  }
}

TEST(MessageDeflate, AMessageLikeTheLastOneTakesAFewBytes) {
  for (const auto& [offers, most] :
       {std::pair("permessage-deflate", 0.4),
        std::pair("permessage-deflate; server_max_window_bits=9", 0.8),
        std::pair("permessage-deflate; server_no_context_takeover", 0.8)}) {
    PackedSocket peer(offers);
    Unpacker unpacker(13);
    std::size_t plain = 0;
    std::size_t sent = 0;
    for (int i = 0; i < 200; ++i) {
      const std::string text = line(i);
      peer.send({.opcode = kText, .payload = text});
      const std::vector<Frame> frames = peer.take();
      ASSERT_EQ(frames.size(), 1U);
      ASSERT_EQ(frames[0].rsv, kCompressed);
      ASSERT_EQ(unpacker.unpack(frames[0].payload), text) << offers << " " << i;
      plain += text.size();
      sent += frames[0].payload.size();
    }
    EXPECT_LT(static_cast<double>(sent), most * static_cast<double>(plain)) << offers;
  }
}

TEST(MessageDeflate, AShortMessageIsSentAsItIs) {
  PackedSocket peer;
  peer.send({.opcode = kText, .payload = "{}"});
  EXPECT_THAT(peer.take(), testing::ElementsAre(Frame{.opcode = kText, .payload = "{}"}));
}

TEST(MessageDeflate, UnpacksWhatTheClientSendsInAnyFrames) {
  for (const int flush : {Z_SYNC_FLUSH, Z_FINISH}) {
    const std::string payload = packed(line(1), flush);
    for (std::size_t split = 0; split <= payload.size(); split += 7) {
      PackedSocket peer;
      peer.send(
          {.opcode = kText, .payload = payload.substr(0, split), .fin = 0, .rsv = kCompressed});
      peer.send({.opcode = kPing, .payload = "p"});
      peer.send({.opcode = kContinuation, .payload = payload.substr(split)});
      peer.send({.opcode = kText, .payload = "plain"});
      peer.send({.opcode = kText, .payload = packed("again"), .rsv = kCompressed});
      EXPECT_EQ(peer.echo->heard, line(1) + "\nplain\nagain\n") << split;
    }
  }
}

TEST(MessageDeflate, RefusesWhatIsWrong) {
  struct Row {
    std::string_view what;
    std::vector<Frame> frames;
    unsigned code;
  };
  const std::string bomb = packed(std::string(500'000, 'x'));
  const std::vector<Row> rows = {
      {"no deflate", {{.opcode = kText, .payload = "\xff\xff\xff", .rsv = kCompressed}}, 1002},
      {"a continuation that says it is compressed",
       {{.opcode = kText, .payload = "a", .fin = 0},
        {.opcode = kContinuation, .payload = "b", .rsv = kCompressed}},
       1002},
      {"a control frame that says so",
       {{.opcode = kPing, .payload = "a", .rsv = kCompressed}},
       1002},
      {"another reserved bit", {{.opcode = kText, .payload = "a", .rsv = 2}}, 1002},
      {"no UTF-8", {{.opcode = kText, .payload = packed("a\xff"), .rsv = kCompressed}}, 1007},
      {"a thousand times as much as it seems",
       {{.opcode = kText, .payload = bomb, .rsv = kCompressed}},
       1009},
  };
  for (const Row& row : rows) {
    PackedSocket peer("permessage-deflate", {.message_bytes = 100'000});
    for (const Frame& frame : row.frames) peer.send(frame);
    const std::vector<Frame> frames = peer.take();
    ASSERT_FALSE(frames.empty()) << row.what;
    EXPECT_EQ(frames.back().payload.substr(0, 2),
              close_payload(static_cast<std::uint16_t>(row.code)))
        << row.what;
    EXPECT_LE(peer.echo->heard.size(), 100'000U) << row.what;
  }
  PackedSocket plain("");
  plain.send({.opcode = kText, .payload = packed("a"), .rsv = kCompressed});
  EXPECT_EQ(plain.take().back().payload.substr(0, 2), close_payload(1002))
      << "it was not agreed on";
}

}  // namespace
}  // namespace gridloom::http
