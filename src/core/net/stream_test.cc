// A read's answer about its socket, plain and TLS, and the system calls that a request costs.
#include "net/stream.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "net/test_peer.h"
#include "net/tls.h"
#include "testing/temporary_folder.h"

namespace {
std::atomic<std::size_t> receives{0};
}  // namespace

// The linker redirects recv() of this program to the counting one (--wrap). Relays and TLS clients
// of these tests use read(), which is not counted.
extern "C" {
// NOLINTBEGIN(readability-identifier-naming)
ssize_t receive(int fd, void* into, std::size_t size, int flags) __asm__("__real_recv");
ssize_t receive_counted(int fd, void* into, std::size_t size, int flags) __asm__("__wrap_recv");
// NOLINTEND(readability-identifier-naming)
ssize_t receive_counted(int fd, void* into, std::size_t size, int flags) {
  ++receives;
  return receive(fd, into, size, flags);
}
}

namespace gridloom::net {
namespace {

using State = Stream::State;

constexpr int kPlain = 0;
constexpr std::size_t kAll = std::numeric_limits<std::size_t>::max();

std::array<int, 2> socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
    throw std::runtime_error("no socket pair");
  }
  return ends;
}

// Two streams, and between them a relay that carries bytes when the test says so.
class Relayed {
 public:
  Relayed(ssl_ctx_st& server_context, int tls_version) {
    if (tls_version == kPlain) return;
    SSL_CTX* const client_context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(client_context, tls_version);
    const bool good = client.use_tls(*client_context, Stream::Side::kClient) &&
                      server.use_tls(server_context, Stream::Side::kServer);
    SSL_CTX_free(client_context);
    bool done = false;
    for (int i = 0; good && !done && i < 10; ++i) {
      const bool client_done = client.do_handshake().bytes == 1;
      to_server();
      done = server.do_handshake().bytes == 1 && client_done;
      to_client();
    }
    if (!done) throw std::runtime_error("no handshake");
    // TLS 1.3 sends more after the handshake.
    std::array<char, 16> none{};
    static_cast<void>(client.read(none));
    static_cast<void>(server.read(none));
  }
  Relayed(const Relayed&) = delete;
  Relayed& operator=(const Relayed&) = delete;
  ~Relayed() {
    ::close(client_side_[1]);
    ::close(server_side_[1]);
  }

  // Returns the number of bytes carried.
  std::size_t to_server(std::size_t most = kAll) const {
    return carry(client_side_[1], server_side_[1], most);
  }
  std::size_t to_client() const { return carry(server_side_[1], client_side_[1], kAll); }

  // "TEXT", "TEXT and the end" or "TEXT, broken".
  std::string read(std::size_t most = 1000) {
    std::string text(most, '\0');
    const Stream::Transfer moved = server.read(text);
    text.resize(moved.bytes);
    if (moved.state == State::kEnded) text += " and the end";
    if (moved.state == State::kBroken) text += ", broken";
    return text;
  }

 private:
  static std::size_t carry(int from, int to, std::size_t most) {
    std::array<char, 65'536> buffer{};
    const ssize_t size = ::read(from, buffer.data(), std::min(most, buffer.size()));
    if (size <= 0) return 0;
    if (::write(to, buffer.data(), static_cast<std::size_t>(size)) != size) {
      throw std::runtime_error("the relay is full");
    }
    return static_cast<std::size_t>(size);
  }

  std::array<int, 2> client_side_ = socket_pair();
  std::array<int, 2> server_side_ = socket_pair();

 public:
  Stream client{client_side_[0]};
  Stream server{server_side_[0]};
};

class StreamTest : public testing::Test {
 protected:
  StreamTest() {
    auto made = own_certificates(folder.path(), {});
    if (!made) throw std::runtime_error(made.error().detail);
    files = *made;
    auto opened = tls_context(files);
    if (!opened) throw std::runtime_error(opened.error().detail);
    context = *opened;
  }

  TemporaryFolder folder;
  TlsFiles files;
  TlsContextPtr context;
};

constexpr std::array kTlsVersions = {TLS1_2_VERSION, TLS1_3_VERSION};

TEST_F(StreamTest, OneReadOfTheSocketTakesWhatCameAndKnowsThatThereIsNoMore) {
  for (const int version : {kPlain, TLS1_2_VERSION, TLS1_3_VERSION}) {
    Relayed both(*context, version);
    for (int i = 0; i < 3; ++i) {
      ASSERT_EQ(both.client.write("abc").bytes, 3U);
      both.to_server();
      receives = 0;
      EXPECT_EQ(both.read(), "abc");
      EXPECT_TRUE(both.server.emptied()) << version;
      EXPECT_EQ(receives, 1U) << version;
    }
  }
}

TEST_F(StreamTest, AFullBufferDoesNotMeanAnEmptySocket) {
  for (const int version : {kPlain, TLS1_2_VERSION, TLS1_3_VERSION}) {
    Relayed both(*context, version);
    ASSERT_EQ(both.client.write("abc").bytes, 3U);
    both.to_server();
    EXPECT_EQ(both.read(2), "ab");
    EXPECT_FALSE(both.server.emptied()) << version;
    EXPECT_EQ(both.read(2), "c");
  }
}

TEST_F(StreamTest, BytesThatTlsHoldsAreNotTheSockets) {
  for (const int version : kTlsVersions) {
    Relayed both(*context, version);
    ASSERT_EQ(both.client.write("abc").bytes, 3U);
    ASSERT_EQ(both.client.write("de").bytes, 2U);
    both.to_server();
    EXPECT_EQ(both.read(), "abc");
    EXPECT_FALSE(both.server.emptied()) << "another record is here";
    // Since the socket was asked, its next event may have been reported.
    EXPECT_EQ(both.read(), "de");
    EXPECT_FALSE(both.server.emptied()) << "the socket was not asked";
    EXPECT_EQ(both.read(), "");
    EXPECT_TRUE(both.server.emptied());
  }
}

TEST_F(StreamTest, TheRestOfARecordMayComeLater) {
  for (const int version : kTlsVersions) {
    Relayed both(*context, version);
    ASSERT_EQ(both.client.write("abc").bytes, 3U);
    const std::size_t record = both.to_server();
    EXPECT_EQ(both.read(), "abc");
    ASSERT_EQ(both.client.write("abc").bytes, 3U);
    ASSERT_EQ(both.client.write("def").bytes, 3U);
    ASSERT_EQ(both.to_server(record + 4), record + 4);
    EXPECT_EQ(both.read(), "abc");
    EXPECT_EQ(both.read(), "");
    both.to_server();
    EXPECT_EQ(both.read(), "def");
    EXPECT_TRUE(both.server.emptied());
  }
}

TEST_F(StreamTest, AGoodbyeThatComesWithTheLastBytesIsReadAfterThem) {
  for (const int version : kTlsVersions) {
    Relayed both(*context, version);
    ASSERT_EQ(both.client.write("abc").bytes, 3U);
    static_cast<void>(both.client.shut_down());
    both.to_server();
    EXPECT_EQ(both.read(), "abc");
    EXPECT_FALSE(both.server.emptied()) << version;
    EXPECT_EQ(both.read(), " and the end");
  }
}

TEST_F(StreamTest, AnUpdateOfTheKeysIsNoData) {
  Relayed both(*context, TLS1_3_VERSION);
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(SSL_key_update(both.client.tls(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(both.client.write("abc").bytes, 3U);
    both.to_server();
    EXPECT_EQ(both.read(), "abc");
    EXPECT_TRUE(both.server.emptied());
    ASSERT_EQ(both.server.write("ok").bytes, 2U);
    both.to_client();
    std::array<char, 16> reply{};
    EXPECT_EQ(both.client.read(reply).bytes, 2U);
  }
}

TEST_F(StreamTest, AMovedStreamGoesOn) {
  for (const int version : {kPlain, TLS1_2_VERSION, TLS1_3_VERSION}) {
    Relayed both(*context, version);
    ASSERT_EQ(both.client.write("abc").bytes, 3U);
    both.to_server();
    Stream moved(std::move(both.server));
    both.server = std::move(moved);
    EXPECT_EQ(both.read(), "abc");
    EXPECT_TRUE(both.server.emptied()) << version;
  }
}

TEST_F(StreamTest, ARequestOverTlsIsReadByOneCall) {
  TestServer server({.loops = 1, .tls = context});
  const PlainPeer plain(server.port());
  const TlsPeer peer(plain, files.ca, "localhost");
  ASSERT_TRUE(peer.do_handshake());
  const auto echo = [&peer] { return peer.send("echo x\n") && peer.read(2) == "x\n"; };
  ASSERT_TRUE(echo());
  receives = 0;
  constexpr std::size_t kRequests = 20;
  for (std::size_t i = 0; i < kRequests; ++i) ASSERT_TRUE(echo());
  EXPECT_EQ(receives, kRequests);
}

TEST_F(StreamTest, APeersEndThatComesWithItsLastBytesIsSeen) {
  TestServer server({.loops = 1, .tls = context});
  std::size_t connections = 0;
  for (const bool says_goodbye : {true, false}) {
    for (int i = 0; i < 10; ++i) {
      const PlainPeer plain(server.port());
      const TlsPeer peer(plain, files.ca, "localhost");
      ASSERT_TRUE(peer.do_handshake());
      // Everything below leaves in one segment.
      const int on = 1;
      ASSERT_EQ(::setsockopt(plain.fd(), IPPROTO_TCP, TCP_CORK, &on, sizeof(on)), 0);
      ASSERT_TRUE(peer.send("note last\n"));
      if (says_goodbye) SSL_shutdown(peer.ssl());
      plain.send_no_more();
      ++connections;
      ASSERT_TRUE(server.events.await("last", connections)) << says_goodbye;
      ASSERT_TRUE(server.events.await("lost", connections)) << says_goodbye;
    }
  }
}

}  // namespace
}  // namespace gridloom::net
