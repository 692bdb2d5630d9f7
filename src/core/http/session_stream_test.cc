// Streamed responses: produced as fast as the client reads them, and not a piece more.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/session.h"
#include "http/test_talk.h"

namespace gridloom::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using Piece = BodySource::Piece;
using Then = BodySource::Then;

// Returns the pieces that the test sets, at once or on request.
class Source final : public BodySource {
 public:
  explicit Source(std::deque<Piece> given) : pieces(std::move(given)) {}

  void next(Callback<Piece> done) override {
    ++asked;
    if (waits) {
      waiting = std::move(done);
    } else {
      give(std::move(done));
    }
  }
  void give(Callback<Piece> done) {
    Piece piece = std::move(pieces.front());
    pieces.pop_front();
    done(std::move(piece));
  }
  void give() { give(std::exchange(waiting, nullptr)); }

  std::deque<Piece> pieces;
  bool waits = false;
  int asked = 0;
  Callback<Piece> waiting;
};

std::shared_ptr<Source> source(std::deque<Piece> pieces) {
  return std::make_shared<Source>(std::move(pieces));
}

// Like ConnectionIo: takes output until there is no more.
std::string all_output(Talk& talk) {
  std::string all = talk.take();
  while (true) {
    std::string some;
    talk.session->take_output(some);
    some += talk.take();  // the output of the wake()
    if (some.empty()) return all;
    all += some;
  }
}

class HttpStream : public testing::Test {
 protected:
  HttpStream() { talk.fetches = false; }

  void ask(std::string_view line, std::shared_ptr<BodySource> rest) {
    talk.rest = std::move(rest);
    talk.send(fmt::format("{}\r\nHost: h\r\n\r\n", line));
  }

  Talk talk;
};

TEST_F(HttpStream, AStreamIsSentInChunksAndTheConnectionIsKept) {
  ask("GET /a HTTP/1.1",
      source({{.bytes = "0123456789abcdefg", .then = Then::kMore}, {.bytes = "end"}}));
  EXPECT_EQ(all_output(talk),
            "HTTP/1.1 200 OK\r\nServer: Gridloom\r\nContent-Type: text/plain\r\n"
            "Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
            "8\r\nGET /a h\r\n11\r\n0123456789abcdefg\r\n3\r\nend\r\n0\r\n\r\n");
  EXPECT_FALSE(talk.finished());
  ask("GET /b HTTP/1.1", nullptr);
  EXPECT_THAT(all_output(talk), EndsWith("\r\n\r\nGET /b h"));
}

TEST_F(HttpStream, OldClientsReadUntilTheConnectionEnds) {
  ask("GET /a HTTP/1.0\r\nConnection: keep-alive",
      source({{.bytes = "more", .then = Then::kMore}, {.bytes = "end"}}));
  const std::string out = all_output(talk);
  EXPECT_THAT(out, EndsWith("Connection: close\r\n\r\nGET /a hmoreend"));
  EXPECT_THAT(out, Not(HasSubstr("Transfer-Encoding")));
  EXPECT_TRUE(talk.finished() && !talk.session->resets());
}

TEST_F(HttpStream, HeadHasTheHeadersAndAsksForNothing) {
  const auto rest = source({{.bytes = "end"}});
  ask("HEAD /a HTTP/1.1", rest);
  EXPECT_THAT(all_output(talk), EndsWith("Transfer-Encoding: chunked\r\nConnection: "
                                         "keep-alive\r\n\r\n"));
  EXPECT_EQ(rest->asked, 0);
  EXPECT_EQ(rest.use_count(), 1);
  EXPECT_TRUE(talk.session->wants_input());
}

TEST_F(HttpStream, APieceIsRequestedWhenThePreviousOneIsSent) {
  const auto rest = source({{.bytes = "one", .then = Then::kMore},
                            {.bytes = "two", .then = Then::kMore},
                            {.bytes = "three"}});
  rest->waits = true;
  ask("GET /a HTTP/1.1", rest);
  EXPECT_EQ(rest->asked, 0) << "the beginning has not left yet";
  std::string out;
  talk.session->take_output(out);
  EXPECT_EQ(rest->asked, 0);
  talk.session->take_output(out);
  EXPECT_EQ(rest->asked, 1);
  talk.session->take_output(out);
  EXPECT_EQ(rest->asked, 1) << "it is being made";
  rest->give();
  EXPECT_EQ(rest->asked, 1) << "the client has not taken it yet";
  EXPECT_FALSE(talk.session->wants_input());
  talk.session->take_output(out);
  talk.session->take_output(out);
  EXPECT_EQ(rest->asked, 2);
  EXPECT_THAT(out, EndsWith("3\r\none\r\n"));
}

TEST_F(HttpStream, APipelinedRequestWaitsForItsEnd) {
  talk.rest = source({{.bytes = "rest"}});
  talk.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
  EXPECT_EQ(talk.requests.size(), 1U);
  const std::string out = all_output(talk);
  EXPECT_EQ(talk.requests.size(), 2U);
  EXPECT_THAT(out, HasSubstr("4\r\nrest\r\n0\r\n\r\nHTTP/1.1 200 OK"));
  EXPECT_THAT(out, EndsWith("GET /2 "));
}

TEST_F(HttpStream, ASourceWithoutDataIsAskedAgainLater) {
  const auto rest = source({{.bytes = "", .then = Then::kLater}, {.bytes = "end"}});
  ask("GET /a HTTP/1.1", rest);
  EXPECT_THAT(all_output(talk), EndsWith("GET /a h\r\n"));
  EXPECT_EQ(rest->asked, 1);
  talk.pass(Millis(250));
  EXPECT_EQ(all_output(talk), "3\r\nend\r\n0\r\n\r\n");
}

TEST_F(HttpStream, AnEmptyPieceDoesNotEndTheStream) {
  talk.fetches = true;
  ask("GET /a HTTP/1.1", source({{.bytes = "", .then = Then::kMore},
                                 {.bytes = "", .then = Then::kMore},
                                 {.bytes = "end"}}));
  EXPECT_THAT(all_output(talk), EndsWith("8\r\nGET /a h\r\n3\r\nend\r\n0\r\n\r\n"));
}

TEST_F(HttpStream, AnAnswerThatFailsMidwayHasNoEnd) {
  ask("GET /a HTTP/1.1",
      source({{.bytes = "more", .then = Then::kMore}, {.bytes = "", .then = Then::kFailed}}));
  EXPECT_THAT(all_output(talk), EndsWith("4\r\nmore\r\n"));
  EXPECT_TRUE(talk.finished() && !talk.session->resets());
}

// Without chunks the end of the connection would look like the end of the response.
TEST_F(HttpStream, AnAnswerOfOldClientsThatFailsMidwayBreaksTheConnection) {
  ask("GET /a HTTP/1.0",
      source({{.bytes = "more", .then = Then::kMore}, {.bytes = "", .then = Then::kFailed}}));
  EXPECT_THAT(all_output(talk), EndsWith("more"));
  EXPECT_TRUE(talk.finished() && talk.session->resets());
}

TEST_F(HttpStream, ALostClientEndsTheSourceAndALatePieceIsIgnored) {
  const auto rest = source({{.bytes = "end"}});
  rest->waits = true;
  ask("GET /a HTTP/1.1", rest);
  EXPECT_THAT(all_output(talk), EndsWith("GET /a h\r\n"));
  EXPECT_EQ(rest->asked, 1);
  talk.session->lost();
  EXPECT_EQ(rest.use_count(), 1);
  rest->give();
  EXPECT_EQ(all_output(talk), "");
  rest->waiting = nullptr;
  talk.session.reset();
}

// A session whose responses the test makes; the handler asks for the token or does not.
class Asked final : public Talk {
 public:
  explicit Asked(bool asks) : asks_(asks) { fetches = false; }

  void handle(Request& request, Callback<Response> answer) override {
    const auto connection = request.waiting.lock();
    if (connection && asks_) gone = connection->gone();
    done = std::move(answer);
  }
  void ask() { session->receive("GET /a HTTP/1.1\r\nHost: h\r\n\r\n", now); }
  std::string output() const {
    std::string bytes;
    session->take_output(bytes);
    return bytes;
  }

  std::stop_token gone;
  Callback<Response> done;

 private:
  bool asks_;
};

TEST(HttpWaiting, ANextRequestIsReadAfterAnAnswerAboveTheOutputLimit) {
  Talk talk(Talk::Mqtt::kNone, {.output_bytes = 10});
  for (const bool deferred : {false, true, false}) {
    talk.defer = deferred;
    talk.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n");
    talk.answer();
    EXPECT_THAT(talk.take(), HasSubstr("GET /large a"));
    EXPECT_TRUE(talk.session->wants_input());
    EXPECT_FALSE(talk.session->has_output());
  }
}

TEST(HttpWaiting, AHandlerIsNotifiedWhenTheClientHasGone) {
  struct Case {
    std::string_view what;
    void (*goes)(Asked&);
  };
  const std::vector<Case> cases = {
      {"it ends its half", [](Asked& asked) { asked.ask(), asked.session->peer_ends(); }},
      {"its end came with the request",
       [](Asked& asked) { asked.session->peer_ends(), asked.ask(); }},
  };
  for (const Case& each : cases) {
    Asked asked(true);
    each.goes(asked);
    EXPECT_TRUE(asked.gone.stop_requested()) << each.what;
    EXPECT_TRUE(asked.session->finished()) << each.what;
    asked.done(Response{.body = "late"});
    EXPECT_EQ(asked.output(), "") << each.what;
  }
  Asked lost(true);
  lost.ask();
  lost.session->lost();
  EXPECT_TRUE(lost.gone.stop_requested());
}

TEST(HttpWaiting, AHalfClosedClientGetsItsAnswerIfTheHandlerDoesNotWatchIt) {
  Asked asked(false);
  asked.ask();
  asked.session->peer_ends();
  EXPECT_FALSE(asked.session->finished());
  asked.done(Response{.body = "answer"});
  EXPECT_THAT(asked.output(), EndsWith("answer"));
}

TEST(HttpWaiting, AnAnswerThatWasGivenIsNotTakenBack) {
  Asked asked(true);
  asked.ask();
  asked.done(Response{.body = "answer"});
  asked.session->peer_ends();
  EXPECT_FALSE(asked.gone.stop_requested());
  EXPECT_THAT(asked.output(), EndsWith("answer"));
}

TEST_F(HttpStream, IsNotCutOffByTheTimeBetweenRequests) {
  const auto rest = source({{.bytes = "end"}});
  rest->waits = true;
  ask("GET /a HTTP/1.1\r\nConnection: close", rest);
  static_cast<void>(all_output(talk));
  talk.pass(Millis(1'000'000));
  EXPECT_FALSE(talk.finished());
  rest->give();
  EXPECT_EQ(all_output(talk), "3\r\nend\r\n0\r\n\r\n");
  EXPECT_TRUE(talk.finished());
}

}  // namespace
}  // namespace gridloom::http
