// A client's HTTP session as a conversation: responses in every framing, however their bytes are
// split, several at once, and what is refused.
#include "client/http_session.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/allocation_count.h"

namespace gridloom::client {
namespace {

using Lines = std::vector<std::string>;

constexpr std::string_view kRequest = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

std::string text_of(const HttpResponse& response) {
  return fmt::format("{} {} {}{}", response.status, response.body, response.total_bytes,
                     response.keeps_alive ? "" : " closes");
}

// Gives `pieces` to a session with so many requests, and then the end of the connection. Returns
// its responses and errors.
Lines played(const std::vector<std::string_view>& pieces, std::size_t requests = 1,
             const HttpLimits& limits = {}) {
  HttpSession session(limits);
  for (std::size_t i = 0; i < requests; ++i) session.ask(kRequest);
  Lines seen;
  const auto note = [&seen](const Result<std::optional<HttpResponse>>& response) {
    if (!response) seen.push_back("error: " + response.error().detail);
    if (response && *response) seen.push_back(text_of(**response));
    return response && *response;
  };
  for (const std::string_view piece : pieces) {
    const std::string copy(piece);  // the session must not keep views of it
    bool more = note(session.receive(copy));
    while (more) more = note(session.receive({}));
    if (!seen.empty() && seen.back().starts_with("error")) return seen;
  }
  if (session.unanswered() != 0) note(session.end());
  return seen;
}

constexpr std::string_view kIncomplete =
    "error: the server closed the connection before its response was complete";

TEST(HttpClientSession, SendsRequests) {
  HttpSession session;
  session.ask(kRequest);
  session.ask("X");
  EXPECT_EQ(session.unanswered(), 2U);
  EXPECT_EQ(session.output(), std::string(kRequest) + "X");
  session.sent(kRequest.size());
  EXPECT_EQ(session.output(), "X");
}

struct Row {
  std::string bytes;
  std::string response;  // without its size
};

const std::vector<Row>& responses() {
  static const std::vector<Row> kRows = {
      {"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello", "200 hello"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 "},
      {"HTTP/1.1 404 Not Found\r\ncontent-length:2\r\n\r\nno", "404 no"},
      {"HTTP/1.1 404\r\nCONTENT-LENGTH: \t 2 \r\n\r\nno", "404 no"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", "200 ok"},
      {"HTTP/1.1 204 No Content\r\n\r\n", "204 "},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", "304 "},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "200 "},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
       "5\r\nhello\r\nA;name=value\r\n, the\r\nwor\r\n2 \r\nld\r\n0\r\nTrailer: x\r\n\r\n",
       "200 hello, the\r\nworld"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
       "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
       "200 x"},
  };
  return kRows;
}

TEST(HttpClientSession, ReadsEveryFramingHoweverTheBytesAreSplit) {
  for (const Row& row : responses()) {
    SCOPED_TRACE(row.bytes);
    const std::string_view all = row.bytes;
    const Lines expected{fmt::format("{} {}", row.response, all.size())};
    EXPECT_EQ(played({all}), expected);
    std::vector<std::string_view> single;
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(played({all.substr(0, i), all.substr(i)}), expected) << i;
      if (i > 0) {
        EXPECT_EQ(played({all.substr(0, i)}), Lines{std::string(kIncomplete)}) << i;
      }
      single.push_back(all.substr(i, 1));
    }
    EXPECT_EQ(played(single), expected);
  }
}

TEST(HttpClientSession, ReadsAResponseThatEndsWithTheConnection) {
  const std::string all = "HTTP/1.0 200 OK\r\nContent-Type: x\r\n\r\nto the end";
  const Lines expected{fmt::format("200 to the end {} closes", all.size())};
  EXPECT_EQ(played({all}), expected);
  std::vector<std::string_view> single;
  for (std::size_t i = 0; i < all.size(); ++i) single.push_back(std::string_view(all).substr(i, 1));
  EXPECT_EQ(played(single), expected);
}

TEST(HttpClientSession, ReportsWhetherTheConnectionIsKeptAlive) {
  struct Ending {
    std::string_view head;
    bool keeps_alive;
  };
  for (const Ending& row :
       std::vector<Ending>{{"HTTP/1.1 200 OK\r\n", true},
                           {"HTTP/1.1 200 OK\r\nConnection: close\r\n", false},
                           {"HTTP/1.1 200 OK\r\nconnection: x, Close\r\n", false},
                           {"HTTP/1.0 200 OK\r\n", false},
                           {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", true}}) {
    HttpSession session;
    session.ask(kRequest);
    const std::string bytes = std::string(row.head) + "Content-Length: 0\r\n\r\n";
    const auto response = session.receive(bytes);
    ASSERT_TRUE(response && *response) << row.head;
    EXPECT_EQ((*response)->keeps_alive, row.keeps_alive) << row.head;
  }
}

TEST(HttpClientSession, HandsOverRetryAfterHoweverTheBytesAreSplit) {
  struct Waiting {
    std::string_view head;
    std::string retry_after;
  };
  for (const Waiting& row :
       std::vector<Waiting>{{"Retry-After: 120\r\nContent-Length: 1\r\n\r\nx", "120"},
                            {"retry-after:Sun, 06 Nov 1994 08:49:37 GMT \r\nTransfer-Encoding: "
                             "chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
                             "Sun, 06 Nov 1994 08:49:37 GMT"},
                            {"Content-Length: 1\r\n\r\nx", ""}}) {
    const std::string all = "HTTP/1.1 503 No\r\n" + std::string(row.head);
    for (std::size_t i = 0; i < all.size(); ++i) {
      HttpSession session;
      session.ask(kRequest);
      const std::string first = all.substr(0, i);
      const std::string rest = all.substr(i);
      ASSERT_TRUE(session.receive(first));
      const auto response = session.receive(rest);
      ASSERT_TRUE(response && *response) << row.head << i;
      EXPECT_EQ((*response)->retry_after, row.retry_after) << i;
      EXPECT_EQ((*response)->body, "x") << i;
    }
  }
}

TEST(HttpClientSession, RetryAfterIsSecondsOrADate) {
  // Sun, 06 Nov 1994 08:49:37 GMT
  const TimePoint now{std::chrono::seconds(784'111'777)};
  const struct {
    std::string_view value;
    std::optional<Millis> wait;
  } rows[] = {
      {"0", Millis(0)},
      {"120", Millis(120'000)},
      {"8640000", std::chrono::days(100)},
      {"8640001", std::nullopt},
      {"99999999999", std::nullopt},
      {"-1", std::nullopt},
      {"1.5", std::nullopt},
      {"", std::nullopt},
      {"soon", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:37 GMT", Millis(0)},
      {"Sun, 06 Nov 1994 08:50:37 GMT", Millis(60'000)},
      {"Tue, 06 Dec 1994 08:49:37 GMT", std::chrono::days(30)},
      {"Sat, 05 Nov 1994 08:49:37 GMT", Millis(0)},
      {"Tue, 06 Dec 2094 08:49:37 GMT", std::nullopt},
      {"Sun, 31 Feb 1994 08:49:37 GMT", std::nullopt},
      {"Sun, 06 anF 1994 08:49:37 GMT", std::nullopt},
      {"Sun, 06 Nov 1994 24:49:37 GMT", std::nullopt},
      {"Sun, 06 Nov 1994 08:49:37 CET", std::nullopt},
      {"Sunday, 06-Nov-94 08:49:37 GMT", std::nullopt},
  };
  for (const auto& row : rows) EXPECT_EQ(retry_after_of(row.value, now), row.wait) << row.value;
}

TEST(HttpClientSession, ReadsPipelinedResponses) {
  std::string all;
  Lines expected;
  for (const Row& row : responses()) {
    all += row.bytes;
    expected.push_back(fmt::format("{} {}", row.response, row.bytes.size()));
  }
  const std::size_t count = responses().size();
  EXPECT_EQ(played({all}, count), expected);
  const std::string_view view = all;
  for (std::size_t i = 0; i < all.size(); i += 7) {
    EXPECT_EQ(played({view.substr(0, i), view.substr(i)}, count), expected) << i;
  }
}

TEST(HttpClientSession, RefusesMoreResponsesThanRequests) {
  const std::string one = responses().front().bytes;
  EXPECT_EQ(played({one + one}), (Lines{fmt::format("200 hello {}", one.size()),
                                        "error: from the server: more responses than requests"}));
  EXPECT_EQ(played({one, one}), played({one + one}));
  HttpSession session;
  const auto unasked = session.receive(one);
  ASSERT_FALSE(unasked);
  EXPECT_EQ(unasked.error().code, ErrorCode::kMalformed);
  HttpSession late;
  late.ask(kRequest);
  ASSERT_TRUE(late.receive(one + one));
  late.ask(kRequest);
  EXPECT_FALSE(late.receive({})) << "the surplus is no answer to a later request";
  EXPECT_TRUE(HttpSession().end()) << "nothing was asked";
}

TEST(HttpClientSession, AResponseWithinTheGivenBytesIsNotCopied) {
  HttpSession session;
  session.ask(kRequest);
  const std::string bytes = responses().front().bytes;
  const auto response = session.receive(bytes);
  ASSERT_TRUE(response && *response);
  EXPECT_EQ((*response)->body.data(), bytes.data() + bytes.size() - 5);
}

TEST(HttpClientSession, RefusesWhatItCannotRead) {
  struct Malformed {
    std::string_view bytes;
    std::string_view why;
  };
  const std::vector<Malformed> rows = {
      {"220 smtp ready\r\n", "not HTTP/1.1"},
      {"HTTP/2 200\r\n", "not HTTP/1.1"},
      {"\x16\x03\x01", "not HTTP/1.1"},
      {"HTTP/1.1\r\n\r\n", "a status from 100 to 599"},
      {"HTTP/1.1X200 OK\r\n\r\n", "a status from 100 to 599"},
      {"HTTP/1.1 20 OK\r\n\r\n", "a status from 100 to 599"},
      {"HTTP/1.1 2000 OK\r\n\r\n", "a status from 100 to 599"},
      {"HTTP/1.1 abc OK\r\n\r\n", "a status from 100 to 599"},
      {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "and not 101"},
      {"HTTP/1.1 200 OK\r\nnothing\r\n\r\n", "no header: \"nothing\""},
      {"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "Content-Length is \"x\""},
      {"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "Content-Length is \"\""},
      {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "Content-Length is \"-1\""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "Content-Length is"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "Content-Length is"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding is \"gzip\""},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
       "Transfer-Encoding is"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
       "Content-Length is"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "a chunk's size is \"\""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxy\r\n", "a chunk's size is \"xy\""},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n", "longer than its size"},
  };
  for (const Malformed& row : rows) {
    SCOPED_TRACE(row.bytes);
    std::vector<std::string_view> single;
    for (std::size_t i = 0; i < row.bytes.size(); ++i) single.push_back(row.bytes.substr(i, 1));
    for (const auto& pieces : {std::vector{row.bytes}, single}) {
      const Lines seen = played(pieces);
      ASSERT_EQ(seen.size(), 1U);
      EXPECT_TRUE(seen[0].starts_with("error: from the server: ")) << seen[0];
      EXPECT_TRUE(seen[0].contains(row.why)) << seen[0];
    }
  }
}

TEST(HttpClientSession, HasLimits) {
  const std::string head = "HTTP/1.1 200 OK\r\nA: b\r\n";
  const std::string in_chunks = head + "Transfer-Encoding: chunked\r\n\r\n";
  struct Limited {
    std::string bytes;
    HttpLimits fits;
    HttpLimits too_small;
  };
  const std::vector<Limited> rows = {
      {head + "Content-Length: 3\r\n\r\nabc", {.body_bytes = 3}, {.body_bytes = 2}},
      {in_chunks + "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", {.body_bytes = 3}, {.body_bytes = 2}},
      {in_chunks + "3;12\r\nabc\r\n0\r\n\r\n", {.line_bytes = 4}, {.line_bytes = 3}},
      {head + "\r\nabc", {.body_bytes = 3}, {.body_bytes = 2}},
      {head + "Content-Length: 0\r\n\r\n",
       {.head_bytes = head.size() + 17},
       {.head_bytes = head.size() + 16}},
  };
  for (const Limited& row : rows) {
    SCOPED_TRACE(row.bytes);
    std::vector<std::string_view> single;
    const std::string_view all = row.bytes;
    for (std::size_t i = 0; i < all.size(); ++i) single.push_back(all.substr(i, 1));
    for (const auto& pieces : {std::vector{all}, single}) {
      EXPECT_TRUE(played(pieces, 1, row.fits).at(0).starts_with("200 "));
      const Lines seen = played(pieces, 1, row.too_small);
      ASSERT_EQ(seen.size(), 1U);
      EXPECT_TRUE(seen[0].contains("of more than")) << seen[0];
    }
  }
}

// A body that a hostile server sends without an end costs its limit once, not once for each form of
// it.
TEST(HttpClientSession, ABodyInChunksIsKeptOnce) {
  constexpr std::size_t kBody = std::size_t{1} << 20U;
  HttpSession session({.body_bytes = kBody});
  session.ask("GET / HTTP/1.1\r\n\r\n");
  static_cast<void>(session.receive("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "1000\r\n" + std::string(0x1000, 'x') + "\r\n";
  const AllocationCount count;
  std::size_t taken = 0;
  for (; taken < 2 * kBody; taken += 0x1000) {
    if (!session.receive(chunk)) break;
  }
  EXPECT_EQ(taken, kBody) << "the limit is that of the body alone";
  EXPECT_LT(count.bytes(), 3 * kBody);
}

TEST(HttpClientSession, InterimResponsesAndTrailersHaveAnEnd) {
  const HttpLimits limits{.head_bytes = 100, .body_bytes = 10};
  std::string interim;
  for (int i = 0; i < 10; ++i) interim += "HTTP/1.1 100 Continue\r\n\r\n";
  EXPECT_TRUE(played({interim}, 1, limits).at(0).contains("interim responses of more than 100"));
  std::string trailers = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  for (int i = 0; i < 30; ++i) trailers += "A: b\r\n";
  EXPECT_TRUE(played({trailers}, 1, limits).at(0).contains("in chunks of more than 120"));
}

}  // namespace
}  // namespace gridloom::client
