// A blocking HTTP client and servers on real sockets: one whose answers are scripted, and one with
// TLS. Nothing here waits for time but the client's own patience.
#include "client/http_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "net/test_peer.h"
#include "net/tls.h"
#include "testing/must.h"
#include "testing/temporary_folder.h"

namespace gridloom::client {
namespace {

using Lines = std::vector<std::string>;
using Steady = std::chrono::steady_clock;

// What the server does instead of an answer.
constexpr std::string_view kHangUp = "(hang up)";
constexpr std::string_view kSilence = "(silence until the client ends the connection)";
constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

// Serves one connection after another: each has its answers, one for each request, and is closed
// after the last.
class Server {
 public:
  using Script = std::vector<std::vector<std::string_view>>;

  explicit Server(Script script, std::function<void()> at_silence = {})
      : script_(std::move(script)),
        at_silence_(std::move(at_silence)),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(listener_, raw, size), 0);
    EXPECT_EQ(::listen(listener_, 8), 0);
    EXPECT_EQ(::getsockname(listener_, raw, &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
  }

  [[nodiscard]] std::string address() const { return fmt::format("http://127.0.0.1:{}", port_); }
  // The requests that have come so far, as they came.
  [[nodiscard]] Lines requests() {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }
  [[nodiscard]] std::size_t connections() {
    const std::scoped_lock lock(mutex_);
    return connections_;
  }

 private:
  void serve() {
    for (const auto& answers : script_) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const timeval patience{.tv_sec = net::kPatience.count(), .tv_usec = 0};
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
      {
        const std::scoped_lock lock(mutex_);
        ++connections_;
      }
      for (const std::string_view answer : answers) {
        if (!take_request(fd)) break;
        if (answer == kHangUp) break;
        if (answer == kSilence) {
          if (at_silence_) at_silence_();
          static_cast<void>(take_request(fd));
          break;
        }
        EXPECT_EQ(::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL), std::ssize(answer));
      }
      ::close(fd);
    }
  }
  // False: the connection ended before a whole request came.
  bool take_request(int fd) {
    std::string request;
    std::array<char, 4096> some{};
    for (;;) {
      const std::size_t end = request.find("\r\n\r\n");
      const std::size_t at = request.find("Content-Length: ");
      std::size_t whole = end == std::string::npos ? end : end + 4;
      if (end != std::string::npos && at < end) whole += std::stoul(request.substr(at + 16));
      if (request.size() >= whole) {
        const std::scoped_lock lock(mutex_);
        requests_.push_back(std::move(request));
        return true;
      }
      const ssize_t size = ::recv(fd, some.data(), some.size(), 0);
      if (size <= 0) return false;
      request.append(some.data(), static_cast<std::size_t>(size));
    }
  }

  Script script_;
  std::function<void()> at_silence_;
  int listener_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  Lines requests_;
  std::size_t connections_ = 0;
  std::jthread thread_;
};

HttpClient client_of(const Server& server, HttpClient::Options options = {}) {
  options.server = server.address();
  return must(HttpClient::open(options));
}

TEST(HttpClient, SendsACallAndReturnsTheReply) {
  Server server(
      {{"HTTP/1.1 503 Later\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n3\r\n of\r\n0\r\n\r\n"},
       {"HTTP/1.1 204 No Content\r\n\r\n"}});
  HttpClient client = client_of(server);
  const auto busy = client.ask({.target = "/a?b=1", .headers = {{"Authorization", "Token t"}}});
  ASSERT_TRUE(busy) << busy.error().detail;
  EXPECT_EQ(busy->status, 503U);
  EXPECT_EQ(busy->body, "busy");
  EXPECT_EQ(busy->retry_after, Millis(7000));
  const auto chunked = client.ask({.target = "/b"});
  ASSERT_TRUE(chunked) << chunked.error().detail;
  EXPECT_EQ(chunked->body, "all of");
  EXPECT_EQ(chunked->retry_after, std::nullopt);
  const auto written =
      client.ask({.method = "POST", .target = "/c", .body = "x y=1", .content_type = "text/plain"});
  ASSERT_TRUE(written) << written.error().detail;
  EXPECT_EQ(written->status, 204U);
  const std::string host = server.address().substr(7);
  EXPECT_EQ(server.requests(),
            (Lines{"GET /a?b=1 HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Token t\r\n\r\n",
                   "GET /b HTTP/1.1\r\nHost: " + host + "\r\n\r\n",
                   "POST /c HTTP/1.1\r\nHost: " + host +
                       "\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nx y=1"}));
  EXPECT_EQ(server.connections(), 2U) << "reads share a connection";
}

TEST(HttpClient, AReadIsRepeatedIfItsKeptConnectionTurnsOutClosed) {
  const std::vector<std::pair<Server::Script, std::size_t>> rows = {
      {{{kOk}, {kOk}}, 2},           // closed after the first answer
      {{{kOk, kHangUp}, {kOk}}, 3},  // closed at the second request
      {{{"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"}, {kOk}}, 2},
  };
  for (const auto& [script, requests] : rows) {
    Server server(script);
    HttpClient client = client_of(server);
    int made = 0;
    const auto make = [&]() -> Result<HttpCall> {
      return HttpCall{.headers = {{"Nonce", std::to_string(++made)}}};
    };
    ASSERT_TRUE(client.ask_made(make));
    const auto again = client.ask_made(make);
    ASSERT_TRUE(again) << again.error().detail;
    EXPECT_EQ(again->body, "ok");
    EXPECT_EQ(server.connections(), 2U);
    const Lines seen = server.requests();
    for (std::size_t i = 0; i < seen.size(); ++i) {
      EXPECT_EQ(seen[i].contains("Nonce: 1\r\n"), i == 0) << "each attempt has a call of its own";
    }
    // The client may notice the end of the connection before it sends the request, or after.
    EXPECT_LE(seen.size(), requests);
    EXPECT_TRUE(seen.back().contains(fmt::format("Nonce: {}\r\n", made)));
  }
}

TEST(HttpClient, AWriteIsNeverSentTwice) {
  Server server({{kOk, kHangUp}, {kHangUp}, {kOk}});
  HttpClient client = client_of(server);
  ASSERT_TRUE(client.ask({}));
  const auto lost = client.ask({.method = "POST", .body = "1"});
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kIo);
  EXPECT_EQ(server.requests().size(), 2U);
  EXPECT_TRUE(client.ask({.method = "POST", .body = "2"})) << "the client can be used further";
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST(HttpClient, AReadOnANewConnectionIsNotRepeated) {
  Server server({{kHangUp}, {kOk}});
  HttpClient client = client_of(server);
  EXPECT_FALSE(client.ask({}));
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST(HttpClient, ASilentServerIsGivenUpWhenPatienceEnds) {
  constexpr Millis kShort{150};
  Server server({{kSilence}, {kOk}});
  HttpClient client = client_of(server, {.patience = kShort});
  const auto begun = Steady::now();
  const auto silent = client.ask({});
  EXPECT_GE(Steady::now() - begun, kShort);
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().code, ErrorCode::kIo);
  EXPECT_TRUE(silent.error().detail.ends_with("did not answer in time")) << silent.error().detail;
}

TEST(HttpClient, WhetherAServerCanBeReachedIsFoundWithoutARequest) {
  Server server({{kOk}, {kOk}});
  HttpClient client = client_of(server);
  const Status reached = client.reach();
  ASSERT_TRUE(reached) << reached.error().detail;
  ASSERT_TRUE(client.ask({})) << "the connection of the look is over";
  EXPECT_EQ(server.connections(), 2U);
  EXPECT_EQ(server.requests().size(), 1U);
  HttpClient nobody = must(HttpClient::open({.server = "http://127.0.0.1:1"}));
  const Status refused = nobody.reach();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_EQ(refused.error().detail, "127.0.0.1:1: Connection refused");
}

TEST(HttpClient, AStopEndsACallThatWaits) {
  std::stop_source stop;
  Server server({{kSilence}}, [&stop] { stop.request_stop(); });
  HttpClient client =
      client_of(server, {.patience = std::chrono::hours(1), .stop = stop.get_token()});
  const auto stopped = client.ask({});
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, ErrorCode::kIo);
  EXPECT_TRUE(stopped.error().detail.ends_with("is stopped")) << stopped.error().detail;
  EXPECT_FALSE(client.ask({})) << "and every later one";
  EXPECT_EQ(server.connections(), 1U);
}

TEST(HttpClient, RefusesCallsThatCannotBeSent) {
  Server server({{kOk}});
  HttpClient client = client_of(server);
  for (const HttpCall& call :
       {HttpCall{.headers = {{"A", "b\r\nC: d"}}}, HttpCall{.headers = {{"A\n", "b"}}},
        HttpCall{.target = "/a b"}, HttpCall{.method = "HEAD"},
        HttpCall{.method = "POST", .body = "x", .content_type = "a\rb"}}) {
    const auto refused = client.ask(call);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::kBadParams) << refused.error().detail;
  }
  const auto own = client.ask_made([] { return fail(ErrorCode::kNotFound, "no key"); });
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().detail, "no key");
  EXPECT_EQ(server.connections(), 0U);
  EXPECT_FALSE(HttpClient::open({.server = "ftp://host"}));
}

TEST(HttpClient, ALongBodyAndAnythingButHttpAreMalformed) {
  Server server({{"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789"}, {"220 smtp\r\n"}});
  HttpClient client = client_of(server, {.max_body_bytes = 8});
  for (int i = 0; i < 2; ++i) {
    const auto malformed = client.ask({});
    ASSERT_FALSE(malformed);
    EXPECT_EQ(malformed.error().code, ErrorCode::kMalformed) << malformed.error().detail;
  }
}

TEST(HttpClient, AServerThatIsNotThereIsNamed) {
  std::string address;
  {
    const Server gone({});
    address = gone.address();
  }
  HttpClient client = must(HttpClient::open({.server = address}));
  const auto failed = client.ask({});
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::kIo);
  EXPECT_TRUE(failed.error().detail.contains(address.substr(7))) << failed.error().detail;
}

TEST(HttpClient, ACertificateIsTrustedIfItsAuthorityIs) {
  const TemporaryFolder folder;
  const net::TlsFiles files = must(net::own_certificates(folder.path() / "server", {}));
  const net::TlsFiles others = must(net::own_certificates(folder.path() / "other", {}));
  const net::TestServer server({.loops = 1, .tls = must(net::tls_context(files))});
  // The server sends what it is told to echo.
  const HttpCall call{.method = "POST", .body = "echo HTTP/1.1 204 No Content\r\necho \r\n"};
  const std::string address = fmt::format("https://localhost:{}", server.port());
  HttpClient trusting = must(HttpClient::open({.server = address, .ca = files.ca}));
  const auto reply = trusting.ask(call);
  ASSERT_TRUE(reply) << reply.error().detail;
  EXPECT_EQ(reply->status, 204U);
  HttpClient wary =
      must(HttpClient::open({.server = address, .ca = others.ca, .ca_option = "the setting ca"}));
  const auto refused = wary.ask(call);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kIo);
  EXPECT_TRUE(refused.error().detail.contains("is not trusted")) << refused.error().detail;
  EXPECT_TRUE(refused.error().detail.contains("the setting ca names")) << refused.error().detail;
}

}  // namespace
}  // namespace gridloom::client
