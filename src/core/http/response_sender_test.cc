// The answering side of a session: its states, and the bytes of responses.
#include "http/response_sender.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gridloom::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using State = ResponseSender::State;
using Then = BodySource::Then;

// Keeps the callback until the test gives it a piece.
class Source final : public BodySource {
 public:
  void next(Callback<Piece> done) override {
    if (gives_at_once) {
      done({.bytes = "at once", .then = Then::kMore});
    } else {
      waiting = std::move(done);
    }
  }
  bool gives_at_once = false;
  Callback<Piece> waiting;
};

class Sender : public testing::Test {
 protected:
  std::string output() {
    std::string out;
    sender.hand_over(out);
    return out;
  }
  Response stream() { return Response{.body = "begin", .rest = source}; }
  // Brings the sender to the state in which it waits for a piece.
  void request_piece() {
    sender.begin();
    sender.respond(stream());
    static_cast<void>(output());
    sender.request_piece([](const BodySource::Piece&) {});
  }

  std::shared_ptr<Source> source = std::make_shared<Source>();
  ResponseSender sender;
};

TEST_F(Sender, AResponseEndsInTheStateThatItsFormSays) {
  struct Row {
    ResponseForm form;
    Response response;
    State state;
  };
  const std::vector<Row> rows = {
      {{}, {.body = "a"}, State::kIdle},
      {{.keeps_alive = false}, {.body = "a"}, State::kFinished},
      {{}, {.ending = Ending::kClosed}, State::kFinished},
      {{}, {.ending = Ending::kReset}, State::kReset},
      {{}, {.body = "a", .rest = source}, State::kStreaming},
      {{.is_head = true}, {.body = "a", .rest = source}, State::kIdle},
      {{.is_head = true, .in_chunks = false}, {.body = "a", .rest = source}, State::kFinished},
      {{.in_chunks = false}, {.body = "a", .rest = source}, State::kStreaming},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    ResponseSender one;
    one.set_form(rows[i].form);
    one.begin();
    EXPECT_EQ(one.state(), State::kHandling);
    one.respond(rows[i].response);
    EXPECT_EQ(one.state(), rows[i].state) << "row " << i;
    EXPECT_EQ(one.is_answering(), rows[i].state == State::kStreaming) << "row " << i;
  }
}

TEST_F(Sender, APieceLeadsToTheStateThatItSays) {
  struct Row {
    ResponseForm form;
    Then then;
    State state;
    std::string_view bytes;
  };
  const std::vector<Row> rows = {
      {{}, Then::kMore, State::kStreaming, "3\r\nabc\r\n"},
      {{}, Then::kLater, State::kDelayed, "3\r\nabc\r\n"},
      {{}, Then::kEnd, State::kIdle, "3\r\nabc\r\n0\r\n\r\n"},
      {{.keeps_alive = false}, Then::kEnd, State::kFinished, "3\r\nabc\r\n0\r\n\r\n"},
      {{}, Then::kFailed, State::kFinished, "3\r\nabc\r\n"},
      {{.in_chunks = false}, Then::kMore, State::kStreaming, "abc"},
      {{.in_chunks = false}, Then::kEnd, State::kFinished, "abc"},
      {{.in_chunks = false}, Then::kFailed, State::kReset, "abc"},
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sender = ResponseSender();
    sender.set_form(rows[i].form);
    request_piece();
    EXPECT_EQ(sender.state(), State::kRequested);
    EXPECT_FALSE(sender.may_request_piece());
    EXPECT_TRUE(sender.take_piece({.bytes = "abc", .then = rows[i].then})) << "it comes later";
    EXPECT_EQ(sender.state(), rows[i].state) << "row " << i;
    EXPECT_EQ(output(), rows[i].bytes) << "row " << i;
  }
}

TEST_F(Sender, APieceThatComesAtOnceNeedsNoWaking) {
  source->gives_at_once = true;
  sender.begin();
  sender.respond(stream());
  EXPECT_FALSE(sender.may_request_piece()) << "the beginning is not handed over";
  EXPECT_THAT(output(), EndsWith("5\r\nbegin\r\n"));
  ASSERT_TRUE(sender.may_request_piece());
  bool needs_wake = true;
  sender.request_piece(
      [&](const BodySource::Piece& piece) { needs_wake = sender.take_piece(piece); });
  EXPECT_FALSE(needs_wake);
  EXPECT_EQ(sender.state(), State::kStreaming);
  EXPECT_EQ(output(), "7\r\nat once\r\n");
}

TEST_F(Sender, ADelayedSourceIsAskedAfterTheNextTick) {
  request_piece();
  EXPECT_TRUE(sender.take_piece({.bytes = "", .then = Then::kLater}));
  EXPECT_FALSE(sender.has_output());
  sender.tick();
  EXPECT_TRUE(sender.may_request_piece());
}

TEST_F(Sender, AConnectionThatIsGoneTakesNothingMore) {
  request_piece();
  const std::stop_token gone = sender.gone();
  sender.lose();
  EXPECT_TRUE(gone.stop_requested());
  EXPECT_EQ(source.use_count(), 1);
  EXPECT_FALSE(sender.take_piece({.bytes = "late"}));
  EXPECT_EQ(output(), "");
  EXPECT_EQ(sender.state(), State::kFinished);
}

TEST_F(Sender, AnEndedPeerFinishesTheConnectionIfSomebodyWatches) {
  sender.begin();
  sender.peer_ends();
  EXPECT_EQ(sender.state(), State::kHandling) << "nobody watches";
  const std::stop_token gone = sender.gone();
  sender.handler_returned();
  EXPECT_TRUE(gone.stop_requested());
  EXPECT_EQ(sender.state(), State::kFinished);
}

TEST_F(Sender, TheServerStopsAfterTheCurrentResponse) {
  ResponseSender idle;
  idle.stop();
  EXPECT_EQ(idle.state(), State::kFinished);
  sender.begin();
  sender.stop();
  EXPECT_EQ(sender.state(), State::kHandling);
  sender.respond({.body = "a"});
  EXPECT_EQ(sender.state(), State::kFinished);
  EXPECT_THAT(output(), HasSubstr("Connection: close\r\n"));
}

TEST(ResponseWriter, DataStandInTheMiddleOfTheirBodyAndCountAsOutput) {
  ResponseWriter writer;
  Response first{.body = "<>", .data = SharedText("data"), .data_at = 1};
  writer.write(first, {});
  const std::size_t size = writer.size();
  std::string out;
  writer.hand_over(out);
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nServer: Gridloom\r\nContent-Type: application/json\r\n"
            "Content-Length: 6\r\nConnection: keep-alive\r\n\r\n<data>");
  EXPECT_EQ(size, out.size());
  EXPECT_TRUE(writer.empty());
  EXPECT_EQ(writer.size(), 0U);
}

TEST(ResponseWriter, AResponseWithoutABodyHasNoLengthAndNoType) {
  for (const unsigned status : {204U, 304U}) {
    ResponseWriter writer;
    Response response{.status = status, .headers = {{"ETag", "\"1\""}}};
    writer.write(response, {});
    std::string out;
    writer.hand_over(out);
    EXPECT_EQ(out, fmt::format("HTTP/1.1 {} {}\r\nServer: Gridloom\r\nETag: \"1\"\r\n"
                               "Connection: keep-alive\r\n\r\n",
                               status, reason_phrase(status)));
  }
}

TEST(ResponseWriter, LargeOutputIsMovedAndNotCopied) {
  ResponseWriter writer;
  writer.append(std::string(std::size_t{32} * 1024, 'x'));
  std::string out;
  writer.hand_over(out);
  EXPECT_EQ(out.size(), std::size_t{32} * 1024);
  writer.append("more");
  writer.hand_over(out);
  EXPECT_THAT(out, EndsWith("xmore"));
}

}  // namespace
}  // namespace gridloom::http
