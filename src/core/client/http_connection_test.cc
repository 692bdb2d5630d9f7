// An HTTP connection on a socket pair whose other end the test writes and reads.
#include "client/http_client.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gridloom::client {
namespace {

class HttpConnectionTest : public testing::Test {
 protected:
  HttpConnectionTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    server_ = ends[1];
    EXPECT_EQ(::fcntl(server_, F_SETFL, O_NONBLOCK), 0);
    connection.emplace(net::Stream(ends[0]));
  }
  ~HttpConnectionTest() override { hang_up(); }

  auto arrives(std::string_view bytes) {
    EXPECT_EQ(::send(server_, bytes.data(), bytes.size(), 0), std::ssize(bytes));
    return connection->on_ready(buffer);
  }
  std::string received() const {
    std::string all;
    std::array<char, 4096> some{};
    for (ssize_t size = 0; (size = ::recv(server_, some.data(), some.size(), 0)) > 0;) {
      all.append(some.data(), static_cast<std::size_t>(size));
    }
    return all;
  }
  void hang_up() {
    if (server_ >= 0) ::close(std::exchange(server_, -1));
  }

  std::optional<HttpConnection> connection;
  std::array<char, 64> buffer{};

 private:
  int server_ = -1;
};

TEST_F(HttpConnectionTest, AsksAndIsAnsweredAgainAndAgain) {
  for (const std::size_t size : {5U, 64U, 1000U}) {
    ASSERT_TRUE(connection->ask("GET / HTTP/1.1\r\n\r\n"));
    EXPECT_EQ(received(), "GET / HTTP/1.1\r\n\r\n");
    const std::string body(size, 'x');
    const auto begun = arrives("HTTP/1.1 200 OK\r\n");
    ASSERT_TRUE(begun);
    EXPECT_FALSE(*begun);
    const auto response = arrives("Content-Length: " + std::to_string(size) + "\r\n\r\n" + body);
    ASSERT_TRUE(response && *response);
    EXPECT_EQ((*response)->body, body);
  }
}

TEST_F(HttpConnectionTest, BytesThatTheSocketDoesNotAcceptAreKept) {
  const std::string large(std::size_t{4} * 1024 * 1024, 'x');
  ASSERT_TRUE(connection->ask(large));
  std::size_t arrived = 0;
  for (std::size_t before = 1; arrived < large.size() && before != arrived;) {
    before = arrived;
    arrived += received().size();
    ASSERT_TRUE(connection->on_ready(buffer));
  }
  EXPECT_EQ(arrived, large.size());
}

TEST_F(HttpConnectionTest, TheEndOfTheConnectionCompletesAResponseOrIsAnError) {
  ASSERT_TRUE(connection->ask("GET / HTTP/1.1\r\n\r\n"));
  ASSERT_TRUE(arrives("HTTP/1.1 200 OK\r\n\r\nall"));
  EXPECT_FALSE(received().empty()) << "a close with unread bytes would be a reset";
  hang_up();
  const auto response = connection->on_ready(buffer);
  ASSERT_TRUE(response && *response);
  EXPECT_EQ((*response)->body, "all");
  const auto ended = connection->on_ready(buffer);
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::kIo);
}

TEST_F(HttpConnectionTest, AServerThatDoesNotSpeakHttpIsRefused) {
  ASSERT_TRUE(connection->ask("GET / HTTP/1.1\r\n\r\n"));
  const auto malformed = arrives("220 smtp ready\r\n");
  ASSERT_FALSE(malformed);
  EXPECT_EQ(malformed.error().code, ErrorCode::kMalformed);
}

}  // namespace
}  // namespace gridloom::client
