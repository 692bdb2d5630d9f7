// WebSocket tests as conversations: the opening handshake, frames in any pieces, the ways to end.
#include "http/web_socket.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "http/test_frames.h"
#include "http/test_talk.h"

namespace gridloom::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr std::string_view kOpen =
    "GET /mqtt HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Protocol: mqtt\r\n\r\n";

// A WebSocket around an Echo, driven as by ConnectionIo: the output is fetched after each step
// if there is any, unless the peer does not read.
struct Socket {
  explicit Socket(const WebSocketLimits& limits = {}, WebSocketForm form = WebSocketForm::kBytes)
      : socket(std::make_unique<WebSocket>(echo, limits, now, form)) {}

  void send(std::string_view bytes) {
    socket->receive(bytes, now);
    if (reads && socket->has_output()) socket->take_output(out);
  }
  void send(const Frame& frame) { send(bytes_of(frame)); }
  void pass(Millis time) {
    now += time;
    socket->tick(now);
    if (reads && socket->has_output()) socket->take_output(out);
  }
  [[nodiscard]] std::vector<Frame> take() {
    return frames_in(std::exchange(out, {})).value_or(std::vector<Frame>{{.payload = "no frames"}});
  }
  // The code of the last Close that was sent; 0: none.
  [[nodiscard]] unsigned closed_with() const {
    const std::vector<Frame> frames = frames_in(out).value_or(std::vector<Frame>());
    if (frames.empty() || frames.back().opcode != kClose || frames.back().payload.size() < 2) {
      return 0;
    }
    const std::string& payload = frames.back().payload;
    return static_cast<std::uint8_t>(payload[0]) * 256U + static_cast<std::uint8_t>(payload[1]);
  }

  TimePoint now{Millis(1'700'000'000'000)};
  std::shared_ptr<Echo> echo = std::make_shared<Echo>();
  std::unique_ptr<WebSocket> socket;
  std::string out;
  bool reads = true;
};

// proves v3: MQTT-6.0.0-1
// proves v5: MQTT-6.0.0-1
TEST(WebSocket, HandsOnWhatFramesHoldAndFramesWhatIsSaid) {
  Socket peer;
  peer.send(Frame{.payload = "hello"});
  EXPECT_EQ(peer.echo->heard, "hello");
  EXPECT_THAT(peer.take(), ElementsAre(Frame{.payload = "hello"}));
  EXPECT_TRUE(peer.socket->wants_input());
  EXPECT_FALSE(peer.socket->finished());
}

// proves v3: MQTT-6.0.0-2
// proves v5: MQTT-6.0.0-2
TEST(WebSocket, FramesAreNotPackets) {
  Socket peer;
  for (const char c : std::string_view("one packet")) peer.send(Frame{.payload = {c}});
  peer.send(bytes_of({.payload = "two"}) + bytes_of({.payload = ""}) + bytes_of({.payload = "x"}));
  EXPECT_EQ(peer.echo->heard, "one packettwox");
}

TEST(WebSocket, AMessageMayComeInFragmentsWithAPingBetween) {
  Socket peer;
  peer.send(bytes_of({.payload = "a", .fin = 0}) + bytes_of({.opcode = kPing, .payload = "p"}) +
            bytes_of({.opcode = kContinuation, .payload = "b", .fin = 0}) +
            bytes_of({.opcode = kContinuation, .payload = "c"}) + bytes_of({.payload = "d"}));
  EXPECT_EQ(peer.echo->heard, "abcd");
  const auto said = said_in(peer.out);
  ASSERT_TRUE(said);
  EXPECT_EQ(said->data, "abcd");
  EXPECT_THAT(said->control, ElementsAre(Frame{.opcode = kPong, .payload = "p"}));
}

TEST(WebSocket, EveryLengthIsFramedInItsForm) {
  for (const std::size_t size : {1U, 125U, 126U, 127U, 65535U, 65536U, 200'000U}) {
    Socket peer({.message_bytes = 300'000, .output_bytes = 300'000});
    const std::string text(size, 'x');
    peer.send(Frame{.payload = text});
    EXPECT_EQ(peer.echo->heard.size(), size);
    EXPECT_THAT(peer.take(), ElementsAre(Frame{.payload = text})) << size;
  }
}

TEST(WebSocket, OutputThatNoInputCausedIsFramedToo) {
  Socket peer;
  peer.echo->out = "news";
  peer.socket->take_output(peer.out);
  EXPECT_THAT(peer.take(), ElementsAre(Frame{.payload = "news"}));
}

// proves v3: MQTT-6.0.0-1
// proves v5: MQTT-6.0.0-1
TEST(WebSocket, MistakesAreAnsweredWithACloseThatSaysWhich) {
  struct Row {
    std::string_view what;
    std::string bytes;
    unsigned code;
  };
  std::string unmasked = {'\x82', '\x01', 'x'};
  std::string far = {'\x82', '\xff', '\x7f', '\x00', '\x00', '\x00', '\x00',
                     '\x00', '\x00', '\x00', 'm',    'a',    's',    'k'};
  std::string beyond = {'\x82', '\xff', '\x80', '\x00', '\x00', '\x00', '\x00',
                        '\x00', '\x00', '\x00', 'm',    'a',    's',    'k'};
  std::string padded = {'\x82', '\xfe', '\x00', '\x05', 'm', 'a', 's', 'k', 'h'};
  const std::vector<Row> rows = {
      {"a text frame", bytes_of({.opcode = kText, .payload = "hello"}), 1003},
      {"an empty text frame", bytes_of({.opcode = kText}), 1003},
      {"no mask", unmasked, 1002},
      {"a reserved bit", bytes_of({.payload = "x", .rsv = 4}), 1002},
      {"a reserved opcode", bytes_of({.opcode = 3, .payload = "x"}), 1002},
      {"a reserved control opcode", bytes_of({.opcode = 11, .payload = "x"}), 1002},
      {"a continuation of nothing", bytes_of({.opcode = kContinuation, .payload = "x"}), 1002},
      {"a message within a message",
       bytes_of({.payload = "x", .fin = 0}) + bytes_of({.payload = "y"}), 1002},
      {"a ping in fragments", bytes_of({.opcode = kPing, .fin = 0}), 1002},
      {"a long ping", bytes_of({.opcode = kPing, .payload = std::string(126, 'x')}), 1002},
      {"a length in a longer form than needed", padded, 1002},
      {"a length of more than 63 bits", beyond, 1002},
      {"a length beyond everything", far, 1009},
      {"a Close with half a code", bytes_of({.opcode = kClose, .payload = "x"}), 1002},
      {"a Close with a code of nobody's",
       bytes_of({.opcode = kClose, .payload = close_payload(999)}), 1002},
      {"a Close with the code of none",
       bytes_of({.opcode = kClose, .payload = close_payload(1005)}), 1002},
      {"a Close with a reason that is no UTF-8",
       bytes_of({.opcode = kClose, .payload = close_payload(1000, "\xff")}), 1007},
  };
  for (const Row& row : rows) {
    Socket peer;
    peer.send(row.bytes + bytes_of({.payload = "after"}));
    EXPECT_EQ(peer.closed_with(), row.code) << row.what;
    EXPECT_TRUE(peer.socket->finished()) << row.what;
    EXPECT_FALSE(peer.socket->wants_input()) << row.what;
    EXPECT_THAT(peer.echo->heard, testing::Not(HasSubstr("after"))) << row.what;
    const auto frames = peer.take();
    ASSERT_FALSE(frames.empty()) << row.what;
    EXPECT_EQ(frames.back().opcode, kClose) << row.what;
    EXPECT_GT(frames.back().payload.size(), 2U) << row.what << ": no reason";
    peer.send(Frame{.payload = "later"});
    EXPECT_THAT(peer.take(), IsEmpty()) << row.what;
  }
}

TEST(WebSocket, EveryPayloadIsUnmaskedWhereverItIsSplit) {
  std::string payload;
  for (int i = 0; i < 100; ++i) payload += static_cast<char>(i * 7);
  const std::string bytes = bytes_of({.payload = payload});
  for (std::size_t first = 0; first <= bytes.size(); ++first) {
    for (const std::size_t second : {0U, 1U, 2U, 3U, 5U, 8U, 13U}) {
      Socket peer;
      std::string_view rest = bytes;
      for (const std::size_t size : {first, second, rest.size()}) {
        peer.send(rest.substr(0, size));
        rest.remove_prefix(std::min(size, rest.size()));
      }
      ASSERT_EQ(peer.echo->heard, payload) << first << ' ' << second;
    }
  }
}

// In this form a text message is a line.
TEST(WebSocket, ATextMessageIsALineAndMustBeUtf8) {
  struct Row {
    std::string_view what;
    std::string text;
    bool good;
  };
  const std::vector<Row> rows = {
      {"ASCII", "hello", true},
      {"nothing", "", true},
      {"characters of two, three and four bytes", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x94\x8b", true},
      {"a byte that begins nothing", "a\xff", false},
      {"a byte that continues nothing", "a\x80z", false},
      {"an overlong form", "\xc0\xaf", false},
      {"a surrogate", "\xed\xa0\x80", false},
      {"beyond Unicode", "\xf4\x90\x80\x80", false},
      {"a character that does not end", "caf\xc3", false},
      {"many bytes that continue nothing", std::string(20, '\x80'), false},
  };
  for (const Row& row : rows) {
    for (std::size_t split = 0; split <= row.text.size(); ++split) {
      for (const bool by_byte : {false, true}) {
        Socket peer({}, WebSocketForm::kLines);
        const std::string bytes =
            bytes_of({.opcode = kText, .payload = row.text.substr(0, split), .fin = 0}) +
            bytes_of({.opcode = kPing}) +
            bytes_of({.opcode = kContinuation, .payload = row.text.substr(split)}) +
            bytes_of({.opcode = kText, .payload = "next"});
        for (std::string_view rest = bytes; !rest.empty();) {
          const std::size_t size = by_byte ? 1 : rest.size();
          peer.send(rest.substr(0, size));
          rest.remove_prefix(size);
        }
        ASSERT_EQ(peer.closed_with(), row.good ? 0 : 1007) << row.what << ", split at " << split;
        if (row.good) {
          EXPECT_EQ(peer.echo->heard, row.text + "\nnext\n") << row.what;
        } else {
          EXPECT_THAT(peer.echo->heard, testing::Not(HasSubstr("\n"))) << row.what;
        }
      }
    }
  }
}

TEST(WebSocket, ALineBreakWithinATextMessageIsABlank) {
  Socket peer({}, WebSocketForm::kLines);
  peer.send(Frame{.opcode = kText, .payload = "{\n}"});
  EXPECT_EQ(peer.echo->heard, "{ }\n");
  EXPECT_THAT(peer.take(), ElementsAre(Frame{.opcode = kText, .payload = "{ }"}));
}

TEST(WebSocket, AMessageMayHaveAsManyBytesAsAllowedAndNotOneMore) {
  for (const std::size_t frames : {1U, 2U, 5U}) {
    for (const bool beyond : {false, true}) {
      Socket peer({.message_bytes = 1000});
      for (int message = 0; message < 3; ++message) {
        for (std::size_t i = 0; i < frames; ++i) {
          const bool last = i + 1 == frames;
          const std::size_t more = last && beyond && message == 2 ? 1 : 0;
          peer.send(Frame{.opcode = i == 0 ? kBinary : kContinuation,
                          .payload = std::string(1000 / frames + more, 'x'),
                          .fin = static_cast<std::uint8_t>(last ? 1 : 0)});
        }
      }
      EXPECT_EQ(peer.closed_with(), beyond ? 1009 : 0) << frames;
      if (beyond) EXPECT_THAT(peer.out, HasSubstr("at most 1000 bytes"));
      EXPECT_EQ(peer.echo->heard.size(), beyond ? 3000U - 1000U / frames : 3000U) << frames;
    }
  }
}

TEST(WebSocket, ThePeersCloseIsAnsweredBehindWhatWasSaidBefore) {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"", ""},
      {close_payload(1000), close_payload(1000)},
      {close_payload(1001, "gone"), close_payload(1001, "gone")},
      {close_payload(4999, "caf\xc3\xa9"), close_payload(4999, "caf\xc3\xa9")}};
  for (const auto& [payload, answer] : rows) {
    Socket peer;
    peer.send(bytes_of({.payload = "last words"}) +
              bytes_of({.opcode = kClose, .payload = payload}) + bytes_of({.payload = "x"}));
    EXPECT_THAT(peer.take(), ElementsAre(Frame{.payload = "last words"},
                                         Frame{.opcode = kClose, .payload = answer}));
    EXPECT_TRUE(peer.socket->finished());
    EXPECT_EQ(peer.echo->heard, "last words");
    peer.echo->out = "too late";
    peer.socket->take_output(peer.out);
    EXPECT_EQ(peer.out, "");
  }
}

TEST(WebSocket, WhenTheInnerProtocolEndsItsLastWordsAndACloseGoOut) {
  Socket peer;
  peer.send(Frame{.payload = "bye."});
  EXPECT_THAT(peer.take(), ElementsAre(Frame{.payload = "bye."},
                                       Frame{.opcode = kClose, .payload = close_payload(1000)}));
  EXPECT_FALSE(peer.socket->finished()) << "the peer's Close is awaited";
  EXPECT_TRUE(peer.socket->wants_input());
  peer.send(bytes_of({.payload = "x"}) + bytes_of({.opcode = kPing}));
  EXPECT_EQ(peer.echo->heard, "bye.");
  EXPECT_THAT(peer.take(), IsEmpty());
  peer.send(Frame{.opcode = kClose, .payload = close_payload(1000)});
  EXPECT_THAT(peer.take(), IsEmpty());
  EXPECT_TRUE(peer.socket->finished());
}

TEST(WebSocket, ThePeersCloseIsNotAwaitedForever) {
  Socket peer({.close_time = Millis(5000)});
  peer.send(Frame{.payload = "."});
  peer.pass(Millis(5000));
  EXPECT_FALSE(peer.socket->finished());
  peer.pass(Millis(1));
  EXPECT_TRUE(peer.socket->finished());
  EXPECT_FALSE(peer.socket->wants_input());
}

TEST(WebSocket, AServerThatStopsSaysSoAndWaitsForNobody) {
  Socket peer;
  peer.socket->server_stops();
  EXPECT_FALSE(peer.socket->finished());
  peer.socket->take_output(peer.out);
  const auto frames = peer.take();
  ASSERT_EQ(frames.size(), 2U);
  EXPECT_EQ(frames[0], Frame{.payload = "bye"});
  EXPECT_EQ(frames[1],
            (Frame{.opcode = kClose, .payload = close_payload(1001, "the server stops")}));
  EXPECT_TRUE(peer.socket->finished());
}

TEST(WebSocket, TimeAndTheEndReachTheInnerProtocol) {
  Socket peer;
  peer.pass(Millis(10));
  EXPECT_EQ(peer.echo->ticked, peer.now);
  peer.socket->lost();
  EXPECT_EQ(peer.echo->lost_calls, 1);
}

TEST(WebSocket, BackPressureOfTheInnerProtocolHolds) {
  Socket peer;
  peer.echo->wants = false;
  EXPECT_FALSE(peer.socket->wants_input());
}

TEST(WebSocket, APeerThatDoesNotReadIsNotFramedFor) {
  Socket peer({.output_bytes = 1000});
  std::string socket_buffer(1000, 'x');
  peer.echo->out = "waits";
  peer.socket->take_output(socket_buffer);
  EXPECT_EQ(socket_buffer.size(), 1000U);
  EXPECT_EQ(peer.echo->taken, 0);
  socket_buffer.pop_back();
  peer.socket->take_output(socket_buffer);
  EXPECT_EQ(socket_buffer.size(), 999U + 2U + 5U);
}

TEST(WebSocket, PingsOfAPeerThatDoesNotReadEndUpAsBackPressure) {
  Socket peer({.output_bytes = 1000});
  peer.reads = false;
  const std::string ping = bytes_of({.opcode = kPing, .payload = std::string(100, 'p')});
  int sent = 0;
  for (; sent < 100 && peer.socket->wants_input(); ++sent) peer.send(ping);
  EXPECT_EQ(sent, 10);
  peer.socket->take_output(peer.out);
  EXPECT_EQ(peer.take().size(), 10U);
  EXPECT_TRUE(peer.socket->wants_input());
}

// proves v3: MQTT-6.0.0-2
// proves v5: MQTT-6.0.0-2
TEST(WebSocket, AnySplitOfTheBytesSaysTheSame) {
  const std::string good = bytes_of({.payload = "first"}) + bytes_of({.opcode = kPing}) +
                           bytes_of({.payload = std::string(300, 'y'), .fin = 0}) +
                           bytes_of({.opcode = kPing, .payload = "1"}) +
                           bytes_of({.opcode = kContinuation, .payload = "z"}) +
                           bytes_of({.opcode = kPong, .payload = "unasked"});
  const std::vector<std::string> streams = {
      good + bytes_of({.opcode = kClose, .payload = close_payload(1000)}),
      good + bytes_of({.payload = "end."}) + bytes_of({.opcode = kClose}),
      good + bytes_of({.payload = std::string(70'000, 'l')}),
      good + bytes_of({.payload = "cut"}).substr(0, 7),
      good + bytes_of({.payload = "an error", .rsv = 1}),
      good + bytes_of({.opcode = kClose, .payload = close_payload(1000, "caf\xc3")}),
      good + bytes_of({.payload = "end."}) + bytes_of({.opcode = kPing}) +
          bytes_of({.opcode = kContinuation}),
  };
  for (std::size_t stream = 0; stream < streams.size(); ++stream) {
    Socket whole({.output_bytes = std::size_t{1024} * 1024});
    whole.send(streams[stream]);
    const auto expected = said_in(whole.out);
    ASSERT_TRUE(expected);
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      const Chance chance(seed);
      Socket peer({.output_bytes = std::size_t{1024} * 1024});
      std::uint64_t draw = 0;
      const std::uint64_t most = seed % 2 == 0 ? 4 : 5000;
      for (std::size_t at = 0; at < streams[stream].size();) {
        const std::size_t size = 1 + chance.bits(draw++) % most;
        peer.send(std::string_view(streams[stream]).substr(at, size));
        at += size;
      }
      const auto said = said_in(peer.out);
      ASSERT_TRUE(said);
      ASSERT_EQ(said->data, expected->data) << "stream " << stream << " seed " << seed;
      ASSERT_EQ(said->control, expected->control) << "stream " << stream << " seed " << seed;
      ASSERT_EQ(peer.socket->finished(), whole.socket->finished()) << "stream " << stream;
    }
  }
}

// --- the opening handshake, through an HTTP session ---

std::string replaced(std::string_view from, std::string_view to) {
  std::string text(kOpen);
  text.replace(text.find(from), from.size(), to);
  return text;
}

// proves v3: MQTT-6.0.0-4
// proves v5: MQTT-6.0.0-4
TEST(WebSocketHandshake, AGoodOneIsGranted) {
  // The key and its answer are RFC 6455's own example.
  Talk talk;
  talk.send(kOpen);
  EXPECT_EQ(talk.out,
            "HTTP/1.1 101 Switching Protocols\r\nServer: Gridloom\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            "Sec-WebSocket-Protocol: mqtt\r\n\r\n");
  EXPECT_TRUE(talk.requests.empty());
  EXPECT_TRUE(talk.session->wants_input());
  EXPECT_FALSE(talk.finished());
}

// proves v3: MQTT-6.0.0-4
// proves v5: MQTT-6.0.0-4
TEST(WebSocketHandshake, EveryFormOfAGoodOneIsGranted) {
  const std::vector<std::pair<std::string_view, std::string_view>> rows = {
      {"Upgrade: websocket", "Upgrade: WebSocket"},
      {"Upgrade: websocket", "upgrade: h2c, websocket"},
      {"Connection: Upgrade", "Connection: keep-alive, Upgrade"},
      {"Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"},
      {"Protocol: mqtt\r\n", "Protocol: mqttv3.1, mqtt\r\n"},
      {"Protocol: mqtt\r\n", "Protocol: mqtt,mqttv3.1\r\n"},
      {"Protocol: mqtt\r\n", "Protocol: mqttv3.1\r\nSec-WebSocket-Protocol: mqtt\r\n"},
      {"Host: localhost\r\n", "Host: localhost\r\nOrigin: https://elsewhere.test\r\n"},
      {"Host: localhost\r\n",
       "Host: localhost\r\nSec-WebSocket-Extensions: permessage-deflate; "
       "client_max_window_bits\r\n"},
      {"/mqtt ", "/mqtt?x=1 "},
      {"/mqtt ", "//mqtt "},
  };
  for (const auto& [from, to] : rows) {
    Talk talk;
    talk.send(replaced(from, to));
    EXPECT_THAT(talk.out, StartsWith("HTTP/1.1 101 ")) << to;
    EXPECT_THAT(talk.out, HasSubstr("\r\nSec-WebSocket-Protocol: mqtt\r\n")) << to;
    EXPECT_THAT(talk.out, testing::Not(HasSubstr("Extensions"))) << to;
  }
}

// proves v3: MQTT-6.0.0-3
// proves v5: MQTT-6.0.0-3
TEST(WebSocketHandshake, RefusalsNameTheMissingOrWrongHeader) {
  struct Row {
    std::string_view from;
    std::string_view to;
    unsigned status;
    std::string_view says;
  };
  const std::vector<Row> rows = {
      {"GET /", "POST /", 405, "\r\nAllow: GET\r\n"},
      {"Upgrade: websocket\r\n", "", 426, "\r\nUpgrade: websocket\r\n"},
      {"Upgrade: websocket", "Upgrade: websockets", 426, "\r\nUpgrade: websocket\r\n"},
      {"Connection: Upgrade", "Connection: keep-alive", 426, "Connection: Upgrade are missing"},
      {"HTTP/1.1", "HTTP/1.0", 400, "HTTP/1.1"},
      {"Host: localhost\r\n", "", 400, "Host is missing"},
      {"Version: 13", "Version: 8", 426, "\r\nSec-WebSocket-Version: 13\r\n"},
      {"Version: 13", "Version: 13\r\nSec-WebSocket-Version: 13", 426, "-Version is 13"},
      {"Sec-WebSocket-Version: 13\r\n", "", 426, "-Version is missing"},
      {"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400, "-Key must be 16 bytes"},
      {"bXBsZSBub25jZQ==", "bXBsZSBub25jZQ", 400, "-Key must be 16 bytes"},
      {"bXBsZSBub25jZQ==", "bXBsZSBub25jZQa=", 400, "-Key must be 16 bytes"},
      {"bXBsZSBub25jZQ==", "bXBsZSBub25jZQaa", 400, "-Key must be 16 bytes"},
      {"bXBsZSBub25jZQ==", "bXBsZSBub25j!Q==", 400, "-Key must be 16 bytes"},
      {"bXBsZSBub25jZQ==", "bXBsZSBub25j====", 400, "-Key must be 16 bytes"},
      {"Sec-WebSocket-Protocol: mqtt\r\n", "", 400, "-Protocol must offer mqtt"},
      {"Protocol: mqtt\r\n", "Protocol: mqttv3.1\r\n", 400, "-Protocol must offer mqtt; it offers"},
      {"Protocol: mqtt\r\n", "Protocol: MQTT\r\n", 400, "-Protocol must offer mqtt; it offers"},
  };
  for (const Row& row : rows) {
    Talk talk;
    talk.send(replaced(row.from, row.to));
    EXPECT_THAT(talk.out, StartsWith(fmt::format("HTTP/1.1 {} ", row.status))) << row.to;
    EXPECT_THAT(talk.out, HasSubstr(std::string(row.says))) << row.to;
    EXPECT_THAT(talk.out, HasSubstr(fmt::format("\"code\":\"{}\"", row.status))) << row.to;
    EXPECT_TRUE(talk.requests.empty());
  }
}

TEST(WebSocketHandshake, ARefusalLeavesTheConnectionToFurtherRequests) {
  Talk talk;
  talk.send(replaced("Version: 13", "Version: 8"));
  talk.take();
  talk.send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_THAT(talk.take(), testing::EndsWith("GET /a "));
  talk.send(kOpen);
  EXPECT_THAT(talk.take(), StartsWith("HTTP/1.1 101 "));
}

TEST(WebSocketHandshake, TheServiceMayRefuseIt) {
  Talk talk;
  talk.refuses_socket = true;
  talk.send(kOpen);
  EXPECT_THAT(talk.take(), StartsWith("HTTP/1.1 403 "));
  talk.send("GET /a HTTP/1.1\r\n\r\n");
  EXPECT_THAT(talk.take(), testing::EndsWith("GET /a "));
}

TEST(WebSocketHandshake, ElsewhereAnUpgradeIsAnOrdinaryRequest) {
  Talk talk;
  talk.send(replaced("/mqtt", "/a"));
  EXPECT_EQ(talk.requests.size(), 1U);
  Talk without(Talk::Mqtt::kNone);
  without.send(kOpen);
  EXPECT_EQ(without.requests.size(), 1U);
}

TEST(WebSocketHandshake, EarlierRequestsAreAnsweredAndFollowingFramesAreHandled) {
  const std::string bytes = "GET /a HTTP/1.1\r\n\r\n" + std::string(kOpen) +
                            bytes_of({.payload = "at once"}) + bytes_of({.payload = "."});
  for (std::size_t piece = 1; piece < 300; piece += 7) {
    for (const bool defer : {false, true}) {
      Talk talk;
      talk.defer = defer;
      for (std::size_t at = 0; at < bytes.size(); at += piece) {
        talk.send(std::string_view(bytes).substr(at, piece));
        talk.answer();
      }
      while (!talk.waiting.empty()) talk.answer();
      const std::size_t first = talk.out.find("GET /a ");
      const std::size_t second = talk.out.find("HTTP/1.1 101 ");
      ASSERT_NE(second, std::string::npos) << piece;
      EXPECT_LT(first, second);
      const std::size_t frames = talk.out.find("\r\n\r\n", second) + 4;
      const auto said = said_in(std::string_view(talk.out).substr(frames));
      ASSERT_TRUE(said) << piece;
      EXPECT_EQ(said->data, "at once.");
      EXPECT_THAT(said->control,
                  ElementsAre(Frame{.opcode = kClose, .payload = close_payload(1000)}));
    }
  }
}

TEST(WebSocketHandshake, AnOpenSocketOutlivesTheIdleTimeOfHttp) {
  Talk talk;
  talk.send(kOpen);
  talk.pass(Millis(600'000));
  EXPECT_FALSE(talk.finished());
  EXPECT_EQ(talk.echo->ticked, talk.now);
  talk.session->server_stops();
  talk.take();
  talk.pass(Millis(0));
  EXPECT_TRUE(talk.finished());
  talk.session->lost();
  EXPECT_EQ(talk.echo->lost_calls, 1);
}

TEST(WebSocket, LinesAreComposedWhenNothingElseWaitsToBeSent) {
  const TimePoint now{};
  const auto echo = std::make_shared<Echo>();
  WebSocket socket(echo, {}, now, WebSocketForm::kLines);
  socket.receive(bytes_of({.opcode = kText, .payload = "a"}), now);
  std::string out = "waits";
  socket.take_output(out);
  EXPECT_EQ(out, "waits");
  EXPECT_EQ(echo->taken, 0) << "what is true then is said then";
  ASSERT_TRUE(socket.has_output());
  out.clear();
  socket.take_output(out);
  EXPECT_EQ(*frames_in(out), (std::vector<Frame>{{.opcode = kText, .payload = "a"}}));
}

}  // namespace
}  // namespace gridloom::http
