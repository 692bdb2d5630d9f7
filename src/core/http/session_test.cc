// The HTTP session with well-behaved, broken and hostile clients, whatever the pieces in which the
// bytes arrive.
#include "http/session.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/chance.h"
#include "http/test_talk.h"

namespace gridloom::http {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

// Checks for a refusal; all of them end the connection.
testing::AssertionResult is_refusal(const Talk& talk, unsigned status) {
  const std::string start = fmt::format("HTTP/1.1 {} ", status);
  if (!talk.out.starts_with(start)) {
    return testing::AssertionFailure() << "not " << status << ": " << talk.out.substr(0, 300);
  }
  if (!talk.out.contains("Connection: close\r\n") || !talk.finished()) {
    return testing::AssertionFailure() << "the connection stays";
  }
  const std::string body = talk.out.substr(talk.out.find("\r\n\r\n") + 4);
  if (!body.starts_with(fmt::format(R"({{"code":"{}")", status))) {
    return testing::AssertionFailure() << "not what the service says: " << talk.out;
  }
  return testing::AssertionSuccess();
}

TEST(HttpSession, AnswersARequest) {
  Talk talk;
  talk.send("GET /a/b?x=1&y=2 HTTP/1.1\r\nHost: localhost:8080\r\n\r\n");
  EXPECT_EQ(talk.out,
            "HTTP/1.1 200 OK\r\nServer: Gridloom\r\nContent-Type: text/plain\r\n"
            "Content-Length: 26\r\nConnection: keep-alive\r\n\r\nGET /a/b?x=1&y=2 localhost");
  EXPECT_FALSE(talk.finished());
}

TEST(HttpSession, DataAreSentInTheMiddleOfTheirBody) {
  const std::string head =
      "HTTP/1.1 200 OK\r\nServer: Gridloom\r\nContent-Type: text/plain\r\n"
      "Content-Length: 10\r\nConnection: keep-alive\r\n\r\n";
  for (const bool fetches : {true, false}) {
    for (const std::size_t data_at : {0U, 3U, 6U}) {
      Talk talk;
      talk.defer = true;
      talk.fetches = fetches;
      std::string expected;
      for (int i = 0; i < 3; ++i) {
        talk.send("GET /a HTTP/1.1\r\n\r\n");
        Response& response = talk.waiting.front().first;
        response.body = "abcdef";
        response.data = SharedText("1234");
        response.data_at = data_at;
        expected += head + whole_body(response);
        talk.answer();
      }
      talk.session->take_output(talk.out);
      EXPECT_EQ(talk.out, expected) << fetches << data_at;
    }
  }
}

TEST(HttpSession, AHeadRequestGetsTheLengthOfBodyAndData) {
  Talk talk;
  talk.defer = true;
  talk.send("HEAD /a HTTP/1.1\r\n\r\n");
  talk.waiting.front().first.body = "ab";
  talk.waiting.front().first.data = SharedText("1234");
  talk.answer();
  EXPECT_THAT(talk.out, AllOf(HasSubstr("Content-Length: 6\r\n"), EndsWith("\r\n\r\n")));
}

// Output that nobody takes counts with its data.
TEST(HttpSession, DataThatWaitArePartOfTheOutput) {
  Talk talk;
  talk.defer = true;
  talk.fetches = false;
  talk.send("GET /1 HTTP/1.1\r\n\r\n");
  talk.waiting.front().first.data = SharedText(std::string(SessionLimits().output_bytes, 'x'));
  talk.answer();
  talk.send("GET /2 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(talk.requests.size(), 1U);
  talk.session->take_output(talk.out);
  EXPECT_EQ(talk.requests.size(), 2U);
}

TEST(HttpSession, HandsOverTheHeadersThatTheServiceWants) {
  Talk talk;
  const std::string headers =
      "host: a:1\r\nx-KEY: key\r\nX-Agent:   one\r\nX-agent: two\r\nx-list: a, b\r\nX-List: c\r\n"
      "Authorization: Bearer x\r\ncontent-type: application/json; charset=UTF-8\r\n"
      "content-length: 8\r\n\r\n{\"a\":1}\n";
  talk.send("PUT /a/b?sn=1 HTTP/1.1\r\n" + headers);
  talk.send("PUT /few HTTP/1.1\r\n" + headers);
  ASSERT_EQ(talk.requests.size(), 2U);
  const Request& request = talk.requests[0];
  EXPECT_EQ(request.method, Method::kPut);
  EXPECT_EQ(request.path, "/a/b");
  EXPECT_EQ(request.query, "sn=1");
  EXPECT_EQ(request.host, "a");
  EXPECT_EQ(request.authorization, "Bearer x");
  EXPECT_EQ(request.content_type, "application/json; charset=UTF-8");
  EXPECT_EQ(request.headers[kKeyHeader], "key");
  EXPECT_EQ(request.headers[kAgentHeader], "one");
  EXPECT_EQ(request.headers[kListHeader], "a, b,c");
  EXPECT_EQ(request.body, "{\"a\":1}\n");
  const Request& other = talk.requests[1];
  EXPECT_EQ(other.headers[kKeyHeader], "key");
  EXPECT_EQ(other.headers[kAgentHeader], "");
  EXPECT_EQ(other.headers[kListHeader], "");
}

TEST(HttpSession, TheServiceIsToldOfEveryRefusal) {
  Talk talk;
  talk.code = "8513";
  talk.send(fmt::format("GET /a HTTP/1.1\r\nX-Key: {}\r\n\r\n", std::string(100, 'k')));
  EXPECT_EQ(talk.refused.peer, "test");
  EXPECT_EQ(talk.refused.user, std::string(64, 'k')) << "the first characters";
  talk.send("nonsense\r\n\r\n");
  EXPECT_EQ(talk.refused.user, "") << "nobody is known to have sent it";
}

TEST(HttpSession, UnderstandsEveryFormOfATarget) {
  const std::vector<std::pair<std::string_view, std::string_view>> rows = {
      {"/", "GET / h"},
      {"/a?", "GET /a h"},
      {"/a?b", "GET /a?b h"},
      {"/a?b?c", "GET /a?b?c h"},
      {"//a//x", "GET /a//x h"},
      {"///a", "GET /a h"},
      {"/a%20b?c=%26", "GET /a%20b?c=%26 h"},
      {"http://other:80/a?b", "GET /a?b other"},
      {"https://other//a", "GET /a other"},
      {"http://other", "GET / other"},
  };
  for (const auto& [target, expected] : rows) {
    Talk talk;
    talk.send(fmt::format("GET {} HTTP/1.1\r\nHost: h\r\n\r\n", target));
    EXPECT_THAT(talk.out, EndsWith(fmt::format("\r\n\r\n{}", expected))) << target;
  }
}

TEST(HttpSession, CutsThePortOffTheHost) {
  const std::vector<std::pair<std::string_view, std::string_view>> rows = {
      {"localhost", "localhost"},
      {"localhost:8080", "localhost"},
      {"1.2.3.4:1", "1.2.3.4"},
      {"h:", "h"},
      {"", ""}};
  for (const auto& [host, expected] : rows) {
    Talk talk;
    talk.send(fmt::format("GET / HTTP/1.1\r\nHost: {}\r\n\r\n", host));
    ASSERT_EQ(talk.requests.size(), 1U) << host;
    EXPECT_EQ(talk.requests[0].host, expected);
  }
}

TEST(HttpSession, AnswersPipelinedRequestsInOrderOneAtATime) {
  Talk talk;
  talk.defer = true;
  talk.send(
      "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\nPOST /3 HTTP/1.1\r\n"
      "Content-Length: 2\r\n\r\nhi");
  for (const char* body : {"GET /1 ", "GET /2 ", "POST /3 hi"}) {
    ASSERT_EQ(talk.waiting.size(), 1U) << body;
    EXPECT_FALSE(talk.session->wants_input());
    talk.answer();
    EXPECT_THAT(talk.take(), EndsWith(fmt::format("\r\n\r\n{}", body)));
  }
  EXPECT_TRUE(talk.waiting.empty());
  EXPECT_TRUE(talk.session->wants_input());
}

TEST(HttpSession, ManyPipelinedRequestsDoNotPileUpOnTheStack) {
  Talk talk;
  std::string many;
  for (int i = 0; i < 40; ++i) many += "GET / HTTP/1.1\r\n\r\n";
  talk.send(many);
  EXPECT_EQ(talk.requests.size(), 40U);
  EXPECT_LE(talk.deepest, 2);
}

TEST(HttpSession, KeepsOrEndsTheConnectionAsAsked) {
  struct Row {
    std::string_view request;
    bool stays;
  };
  const std::vector<Row> rows = {
      {"GET / HTTP/1.1\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nConnection: keep-alive\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.1\r\nconnection: Close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true},
  };
  for (const Row& row : rows) {
    Talk talk;
    talk.send(row.request);
    EXPECT_EQ(talk.finished(), !row.stays) << row.request;
    EXPECT_THAT(talk.out, HasSubstr(row.stays ? "\r\nConnection: keep-alive\r\n"
                                              : "\r\nConnection: close\r\n"))
        << row.request;
    EXPECT_EQ(talk.session->wants_input(), row.stays) << row.request;
    talk.take();
    talk.send("GET /again HTTP/1.1\r\n\r\n");
    EXPECT_EQ(talk.out.empty(), !row.stays) << row.request;
  }
}

TEST(HttpSession, HeadIsAnsweredWithoutABodyButItsLength) {
  Talk talk;
  talk.send("HEAD /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
  EXPECT_THAT(talk.out,
              HasSubstr("Content-Length: 8\r\nConnection: keep-alive\r\n\r\nHTTP/1.1 200"));
  EXPECT_THAT(talk.out, EndsWith("GET /b "));
}

TEST(HttpSession, ReadsChunkedBodies) {
  Talk talk;
  talk.send(
      "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n1;name=\"v\"\r\nd\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
      "GET /b HTTP/1.1\r\n\r\n");
  ASSERT_EQ(talk.requests.size(), 2U);
  EXPECT_EQ(talk.requests[0].body, "abcd0123456789");
  EXPECT_EQ(talk.requests[1].path, "/b");
}

TEST(HttpSession, AnEmptyChunkedBodyMayComeInAnyPieces) {
  for (const std::size_t piece : {1U, 2U, 3U, 4U, 5U}) {
    Talk talk;
    talk.send("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n");
    talk.send_in_pieces("0\r\n\r\n", piece);
    talk.send_in_pieces("GET /b HTTP/1.1\r\n\r\n", 100);
    EXPECT_EQ(talk.requests.size(), 2U) << piece;
  }
}

// Bytes that were searched once are not searched again: the end of a line must be found wherever a
// read splits it.
TEST(HttpSession, LinesEndInAnyPieces) {
  const std::string returns(50, '\r');
  const std::string chunked = "PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::vector<std::string> inputs = {
      "GET /a HTTP/1.1\r\nx: y\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
      "GET /a HTTP/1.1\r\nx: y" + returns + "\r\n\r\n",
      "GET /a" + returns + " HTTP/1.1\r\n\r\n",
      "GET /a HTTP/1.1\n\r\n\r\n",
      "GET /a HTTP/1.1" + returns + "\n\r\n",
      chunked + "1;x=" + returns + "\r\na\r\n0\r\n\r\n",
      chunked + "1;x\r\na\r\n0;yy\r\nTrailer: " + returns + "\r\n\r\n",
      chunked + "1\r\na\r\n1\r\nb\r\n0\r\nx: y\r\nz: y\r\n\r\nGET /b HTTP/1.1\r\n\r\n",
  };
  const auto status_and_count = [](const Talk& talk) {
    return fmt::format("{} {}", talk.requests.size(),
                       talk.out.substr(talk.out.size() < 12 ? 0 : 9, 3));
  };
  for (const std::string& input : inputs) {
    Talk whole;
    whole.send(input);
    for (const std::size_t piece : {1U, 2U, 3U, 4U, 5U, 7U}) {
      Talk cut;
      cut.send_in_pieces(input, piece);
      EXPECT_EQ(status_and_count(cut), status_and_count(whole)) << input << " in " << piece;
    }
  }
}

// Regression: a library's parser threw at a trailer of 64 KB, and kept an extension of any length.
TEST(HttpSession, ExtensionsAndTrailersAreNeitherKeptNorEndless) {
  const std::string head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
  struct Row {
    std::string body;
    unsigned status;
  };
  const std::string big(70'000, 'x');
  const std::vector<Row> rows = {
      {"1;" + big + "\r\na\r\n0\r\n\r\n", 400},
      {"1;" + big, 400},
      {"0\r\nX: " + big + "\r\n\r\n", 431},
      {"0\r\nX: " + big, 431},
      {"0;" + big, 400},
      {big, 400},
  };
  for (const Row& row : rows) {
    for (const std::size_t piece : {std::size_t{1000}, std::size_t{100'000}}) {
      Talk talk;
      talk.send_in_pieces(head + row.body, piece);
      EXPECT_TRUE(is_refusal(talk, row.status)) << row.body.substr(0, 20) << " in " << piece;
    }
  }
  Talk many;
  many.send(head + "0\r\n");
  for (int i = 0; i < 10'000 && !many.finished(); ++i) many.send("X: y\r\n");
  EXPECT_TRUE(is_refusal(many, 431));
}

TEST(HttpSession, ATrailerIsNoHeader) {
  Talk talk;
  talk.send(
      "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\nX-Key: mine\r\n\r\n0\r\nX-Agent: x\r\n"
      "X-Key: other\r\n\r\n");
  ASSERT_EQ(talk.requests.size(), 1U);
  EXPECT_EQ(talk.requests[0].headers[kAgentHeader], "");
  EXPECT_EQ(talk.requests[0].headers[kKeyHeader], "mine");
}

TEST(HttpSession, PipelinedRequestsWaitUntilTheirAnswersAreTaken) {
  Talk talk;
  talk.fetches = false;
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "GET /1234567890 HTTP/1.1\r\n\r\n";
  talk.send(many);
  EXPECT_LT(talk.requests.size(), 1000U);
  EXPECT_FALSE(talk.session->wants_input());
  std::size_t largest = 0;
  for (int i = 0; i < 100 && !talk.session->wants_input(); ++i) {
    std::string taken;
    talk.session->take_output(taken);
    largest = std::max(largest, taken.size());
  }
  EXPECT_EQ(talk.requests.size(), 2000U);
  EXPECT_LT(largest, std::size_t{2} * 66 * 1024);
}

// In whatever way a line is wrong, the refusal does not say what stands in it: a token file that
// ends in CR LF makes a control character of a script's header.
TEST(HttpSession, ARefusalDoesNotQuoteASecret) {
  constexpr std::string_view kSecret = "hunter2-Hunter3";
  for (const std::string_view form :
       {"Authorization: Bearer {}\x01", "Authorization: Bearer {}\r", "Authorization Bearer {}",
        " Cookie: gl-1={}", "Cookie : gl-1={}", "{}", "Content-Length: {}", "Host: {} x",
        "Transfer-Encoding: {}", "Expect: {}", "(Authorization): {}", "Cookie: a\r{}"}) {
    std::string line(form);
    line.replace(line.find("{}"), 2, kSecret);
    Talk talk;
    talk.send(fmt::format("GET / HTTP/1.1\r\n{}\r\n\r\n", line));
    EXPECT_TRUE(talk.out.starts_with("HTTP/1.1 4")) << line << '\n' << talk.out;
    EXPECT_FALSE(talk.out.contains(kSecret)) << line;
  }
  for (const std::string_view form : {"GET / HTTP/{}", "GET / {}", "GET {} HTTP/1.1",
                                      "GET /?t={} x HTTP/1.1", "GET /{}\xff HTTP/1.1"}) {
    std::string line(form);
    line.replace(line.find("{}"), 2, kSecret);
    Talk talk;
    talk.send(line + "\r\n\r\n");
    EXPECT_TRUE(talk.out.starts_with("HTTP/1.1 4")) << line << '\n' << talk.out;
    EXPECT_FALSE(talk.out.contains(kSecret)) << line;
  }
}

TEST(HttpSession, SkipsALineBreakBetweenRequests) {
  Talk talk;
  talk.send("\r\n\r\nPOST /a HTTP/1.1\r\nContent-Length: 1\r\n\r\nx\r\n\nGET /b HTTP/1.1\r\n\r\n");
  EXPECT_EQ(talk.requests.size(), 2U);
}

TEST(HttpSession, SaysThatAClientMayGoOnWithItsBody) {
  Talk talk;
  talk.send("PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(talk.take(), "HTTP/1.1 100 Continue\r\n\r\n");
  talk.send("ab");
  EXPECT_EQ(talk.take(), "");
  talk.send("cd");
  EXPECT_THAT(talk.take(), AllOf(StartsWith("HTTP/1.1 200"), EndsWith("PUT /a abcd")));
  talk.send("PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd");
  EXPECT_THAT(talk.take(), StartsWith("HTTP/1.1 200"));
}

TEST(HttpSession, TakesHeadersUpToTheirLimitInAnyPieces) {
  const auto request = [](std::size_t bytes) {
    const std::string start = "GET /a HTTP/1.1\r\nX: ";
    const std::string end = "\r\n\r\n";
    return start + std::string(bytes - start.size() - end.size(), 'x') + end;
  };
  const std::size_t most = std::size_t{8} * 1024;
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, std::size_t{100'000}}) {
    Talk fits;
    fits.send_in_pieces(request(most), piece);
    EXPECT_EQ(fits.requests.size(), 1U) << piece;
    Talk over;
    over.send_in_pieces(request(most + 1), piece);
    EXPECT_TRUE(is_refusal(over, 431)) << piece;
  }
  Talk endless;
  endless.send("GET /a HTTP/1.1\r\n");
  for (int i = 0; i < 100 && !endless.finished(); ++i) {
    endless.send("X: " + std::string(500, 'x') + "\r\n");
  }
  EXPECT_TRUE(is_refusal(endless, 431));
}

TEST(HttpSession, RefusesWhatIsNotHttpOrCouldBeReadInTwoWays) {
  const std::vector<std::string> requests = {
      "hello\r\n\r\n",
      "GET\r\n\r\n",
      "GET /\r\n\r\n",
      "GET / HTTP/2.0\r\n\r\n",
      "GET / HTTX/1.1\r\n\r\n",
      "GET  / HTTP/1.1\r\n\r\n",
      "G<T / HTTP/1.1\r\n\r\n",
      "GET /\x01 HTTP/1.1\r\n\r\n",
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      "GET / HTTP/1.1\r\nno colon\r\n\r\n",
      "GET / HTTP/1.1\r\n: empty\r\n\r\n",
      "GET / HTTP/1.1\r\nBad Name: x\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabcd\r\n0\r\n\r\n",
      std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 15),  // TLS
      "GET / HTTP/1.1\r\nX-Key: a\r\nX-KEY: b\r\n\r\n",
      "GET /few HTTP/1.1\r\nX-Key: a\r\nX-Key: a\r\n\r\n",
      "GET / HTTP/1.1\r\nAuthorization: a\r\nauthorization: b\r\n\r\n",
      "GET / HTTP/1.1\r\nContent-Type: a\r\ncontent-type: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
      "GET / HTTP/1.1\nHost: a\n\n",
      "GET / HTTP/1.1\r\nX: a\nY: b\r\n\r\n",
      "GET / HTTP/1.1\r\nX: a\rY: b\r\n\r\n",
      "GET / HTTP/1.1\r\nX: a\r\n folded\r\n\r\n",
      "GET / HTTP/1.1\r\nX : a\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: \r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\na",
      "GET relative HTTP/1.1\r\n\r\n",
      "\x10\x10",
  };
  for (const std::string& request : requests) {
    Talk talk;
    talk.send(request);
    EXPECT_TRUE(is_refusal(talk, 400)) << request;
    EXPECT_TRUE(talk.requests.empty()) << request;
  }
}

TEST(HttpSession, ARefusalComesAfterTheAnswersBeforeItAndEndsTheConnection) {
  Talk talk;
  talk.send("GET /a HTTP/1.1\r\n\r\nnonsense\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
  EXPECT_EQ(talk.requests.size(), 1U);
  EXPECT_THAT(talk.out,
              AllOf(StartsWith("HTTP/1.1 200 OK"), HasSubstr("HTTP/1.1 400 Bad Request")));
  EXPECT_TRUE(talk.finished());
}

TEST(HttpSession, GivesARequestHalfAMinute) {
  Talk talk;
  talk.send("GET / HT");
  talk.pass(Millis(29'999));
  EXPECT_EQ(talk.out, "");
  talk.send("T");  // a byte now and then does not help
  talk.pass(Millis(2));
  EXPECT_TRUE(is_refusal(talk, 408));
}

TEST(HttpSession, EndsAConnectionThatIsIdleForTwoMinutesWithoutAWord) {
  Talk talk;
  talk.send("GET / HTTP/1.1\r\n\r\n");
  talk.take();
  talk.pass(Millis(120'000));
  EXPECT_FALSE(talk.finished());
  talk.send("GET / HTTP/1.1\r\n\r\n");
  talk.take();
  talk.pass(Millis(119'000));
  EXPECT_FALSE(talk.finished());
  talk.pass(Millis(1'001));
  EXPECT_TRUE(talk.finished());
  EXPECT_EQ(talk.out, "");
}

TEST(HttpSession, TimesAreThoseThatAreConfigured) {
  const SessionLimits limits{.request_time = Millis(1500), .idle_time = Millis(700)};
  Talk slow(Talk::Mqtt::kNone, limits);
  slow.send("GET / HT");
  slow.pass(Millis(1500));
  EXPECT_EQ(slow.out, "");
  slow.pass(Millis(1));
  EXPECT_TRUE(is_refusal(slow, 408));
  EXPECT_THAT(slow.out, HasSubstr("1500 ms"));
  Talk idle(Talk::Mqtt::kNone, limits);
  idle.pass(Millis(700));
  EXPECT_FALSE(idle.finished());
  idle.pass(Millis(1));
  EXPECT_TRUE(idle.finished());
}

TEST(HttpSession, ASlowAnswerIsNoIdleConnection) {
  Talk talk;
  talk.defer = true;
  talk.send("GET / HTTP/1.1\r\n\r\n");
  talk.pass(Millis(600'000));
  EXPECT_FALSE(talk.finished());
  talk.answer();
  EXPECT_THAT(talk.take(), StartsWith("HTTP/1.1 200"));
  talk.pass(Millis(119'000));
  EXPECT_FALSE(talk.finished());
}

TEST(HttpSession, AnAnswerForAConnectionThatIsGoneIsDropped) {
  Talk talk;
  talk.defer = true;
  talk.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
  talk.session->lost();
  talk.answer();
  EXPECT_EQ(talk.requests.size(), 1U);
  EXPECT_EQ(talk.out, "");

  Talk gone;
  gone.defer = true;
  gone.send("GET /1 HTTP/1.1\r\n\r\n");
  gone.session.reset();
  gone.answer();
}

TEST(HttpSession, FurtherHeadersOfAnAnswerAreSent) {
  Talk talk;
  talk.further = {{"Allow", "GET, HEAD"}};
  talk.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_THAT(talk.out, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
}

TEST(HttpSession, AnySplitOfTheBytesSaysTheSame) {
  const std::string good =
      "GET /a?b=1 HTTP/1.1\r\nHost: h:1\r\n\r\n"
      "\r\nPUT /b HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"a\":1}"
      "POST /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
      "HEAD /d HTTP/1.1\r\n\r\n";
  const std::vector<std::string> streams = {
      good + "GET /e HTTP/1.1\r\nConnection: close\r\n\r\nGET /f HTTP/1.1\r\n\r\n",
      good + "GET /e HTTP/1.0\r\n\r\n",
      good + "nonsense\r\n\r\n" + good,
      good + "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + good,
      good + "GET / HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n",
      good + "PUT / HTTP/1.1\r\nContent-Length: 300000\r\n\r\n" + good,
      good + "GET /not/yet HTTP/1.1\r\nHo",
  };
  for (std::size_t stream = 0; stream < streams.size(); ++stream) {
    Talk whole;
    whole.send(streams[stream]);
    const std::string expected = whole.out;
    for (std::uint64_t seed = 0; seed < 60; ++seed) {
      const Chance chance(seed);
      Talk talk;
      talk.defer = seed % 3 == 0;
      std::uint64_t draw = 0;
      const std::uint64_t most = seed % 2 == 0 ? 5 : 700;
      for (std::size_t at = 0; at < streams[stream].size();) {
        const std::size_t size = 1 + chance.bits(draw++) % most;
        talk.send(std::string_view(streams[stream]).substr(at, size));
        at += size;
        if (chance.bits(draw++) % 2 == 0) talk.answer();
      }
      while (!talk.waiting.empty()) talk.answer();
      ASSERT_EQ(talk.out, expected) << "stream " << stream << " seed " << seed;
      ASSERT_EQ(talk.finished(), whole.finished()) << "stream " << stream << " seed " << seed;
    }
  }
}

}  // namespace
}  // namespace gridloom::http
