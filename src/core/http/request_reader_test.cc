// The reading side of a session: its states, whatever the pieces in which the bytes arrive.
#include "http/request_reader.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "http/test_talk.h"

namespace gridloom::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using State = RequestReader::State;

// Reads what has come, as a session does, until more is needed or a request is refused.
class Reading {
 public:
  void receive(std::string_view bytes) {
    reader.receive(bytes);
    while (refusal.empty() && step()) {
    }
    reader.drop_read_bytes();
  }

  Talk service;
  RequestReader reader{service, {.header_bytes = 100, .body_bytes = 10}};
  std::vector<std::string> requests;
  std::string refusal;
  std::size_t most = kAnyBody;  // of each body
  int expectations = 0;

 private:
  bool step() {
    if (reader.state() == State::kBetween && !reader.begin()) return false;
    if (reader.state() == State::kHead) {
      const auto read = reader.read_head();
      if (!read) return refuse(read.error());
      if (!*read) return false;
      reader.begin_body(most);
    }
    const auto whole = reader.read_body();
    if (!whole) return refuse(whole.error());
    if (!*whole) {
      expectations += reader.take_expectation() ? 1 : 0;
      return false;
    }
    auto partial = reader.take();
    requests.push_back(fmt::format("{} {} {}", partial->request.path,
                                   partial->request.headers[kKeyHeader], partial->request.body));
    PartialRequest::keep_for_next(std::move(partial));
    return true;
  }
  bool refuse(const Refusal& why) {
    refusal = fmt::format("{} {}", why.status, why.why);
    return false;
  }
};

TEST(RequestReader, GoesThroughItsStatesWithEachRequest) {
  Talk service;
  RequestReader reader(service, {.header_bytes = 100, .body_bytes = 10});
  EXPECT_FALSE(reader.begin());
  reader.receive("\r\n");
  EXPECT_FALSE(reader.begin()) << "a line break between requests is none";
  EXPECT_EQ(reader.state(), State::kBetween);
  reader.receive("PUT /a HTTP/1.1\r\nX-Key: k\r\n");
  EXPECT_TRUE(reader.begin());
  EXPECT_EQ(reader.state(), State::kHead);
  EXPECT_FALSE(*reader.read_head());
  EXPECT_EQ(reader.state(), State::kHead);
  reader.receive("Content-Length: 2\r\n\r\na");
  EXPECT_TRUE(*reader.read_head());
  EXPECT_EQ(reader.state(), State::kHeadRead);
  EXPECT_TRUE(reader.has_body());
  EXPECT_EQ(reader.request().path, "/a");
  EXPECT_EQ(reader.request().headers[kKeyHeader], "k");
  reader.begin_body(kAnyBody);
  EXPECT_EQ(reader.state(), State::kBody);
  EXPECT_FALSE(*reader.read_body());
  reader.drop_read_bytes();
  EXPECT_EQ(reader.kept_bytes(), 1U) << "of the body";
  reader.receive("bGET");
  EXPECT_TRUE(*reader.read_body());
  EXPECT_EQ(reader.take()->request.body, "ab");
  EXPECT_EQ(reader.state(), State::kBetween);
  EXPECT_EQ(reader.take_bytes(), "GET");
  EXPECT_FALSE(reader.has_bytes());
}

TEST(RequestReader, ARequestAboutTheConnectionLeavesTheBytesBehindIt) {
  Talk service;
  RequestReader reader(service, {.header_bytes = 100, .body_bytes = 10});
  reader.receive("GET /mqtt HTTP/1.1\r\n\r\nframes");
  EXPECT_TRUE(reader.begin());
  EXPECT_TRUE(*reader.read_head());
  EXPECT_FALSE(reader.has_body());
  reader.leave_body();
  EXPECT_EQ(reader.state(), State::kBetween);
  EXPECT_EQ(reader.take_bytes(), "frames");
}

TEST(RequestReader, AnyPiecesGiveTheSameRequests) {
  const std::string bytes =
      "\r\nGET /a HTTP/1.1\r\nx-key: 1\r\n\r\n"
      "PUT /b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"
      "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n0\r\n\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    Reading reading;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      reading.receive(std::string_view(bytes).substr(at, piece));
    }
    EXPECT_THAT(reading.requests, ElementsAre("/a 1 ", "/b  abc", "/c  de")) << piece;
    EXPECT_EQ(reading.refusal, "") << piece;
    EXPECT_LE(reading.expectations, 1) << piece;
    EXPECT_EQ(reading.reader.kept_bytes(), 0U) << piece;
  }
}

TEST(RequestReader, AClientThatExpectsIsToldOnce) {
  Reading reading;
  reading.receive("PUT /b HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  EXPECT_EQ(reading.expectations, 1);
  reading.receive("a");
  EXPECT_EQ(reading.expectations, 1);
}

TEST(RequestReader, LimitsHoldAtTheirValueAndFailOnePastIt) {
  const auto head = [](std::size_t bytes) {
    const std::string start = "GET /a HTTP/1.1\r\nX: ";
    return start + std::string(bytes - start.size() - 4, 'x') + "\r\n\r\n";
  };
  struct Row {
    std::string bytes;
    std::size_t most;
    std::string_view refusal;  // empty: a request
  };
  const std::vector<Row> rows = {
      {head(100), kAnyBody, ""},
      {head(101), kAnyBody, "431 the header is over 100 bytes"},
      {"PUT /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789", kAnyBody, ""},
      {"PUT /a HTTP/1.1\r\nContent-Length: 11\r\n\r\n", kAnyBody, "413 the body is over 10 bytes"},
      {"PUT /a HTTP/1.1\r\nContent-Length: 4\r\n\r\n0123", 4, ""},
      {"PUT /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n", 4, "413 the body is over 4 bytes"},
      {"PUT /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123456789", 0, ""},
      {"PUT /a HTTP/1.1\r\nContent-Length: 11\r\n\r\n", 0, "413 the body is over 10 bytes"},
      {"GET /a HTTP/1.1\r\nX-Key: a\r\nX-Key: a\r\n\r\n", kAnyBody,
       "400 the header X-Key stands twice"},
      {"hello\r\n\r\n", kAnyBody, "400 "},
  };
  for (const Row& row : rows) {
    Reading reading;
    reading.most = row.most;
    reading.receive(row.bytes);
    if (row.refusal.empty()) {
      EXPECT_EQ(reading.refusal, "") << row.bytes;
      EXPECT_EQ(reading.requests.size(), 1U) << row.bytes;
    } else {
      EXPECT_THAT(reading.refusal, HasSubstr(std::string(row.refusal))) << row.bytes;
      EXPECT_TRUE(reading.requests.empty()) << row.bytes;
    }
  }
}

TEST(RequestReader, ARequestThatIsNoGoodHasThePathThatWasRead) {
  struct Row {
    std::string bytes;
    std::string_view path;
  };
  const std::vector<Row> rows = {
      {"", ""},
      {"GET", ""},
      {"GET ", ""},
      {"GET /a", "/a"},
      {"GET /a?b=/c HTTP/1.1\r\nX: y", "/a"},
      {"GET //a/b HTTP/1.1\r\nX: y", "/a/b"},
      {"GET http://host/a HTTP/1.1\r\nX: y", "/a"},
      {"GET /a HTTP/1.1\r\nX-Key: a\r\nX-Key: a\r\n\r\n", "/a"},
      {"GET /a HTTP/1.1\r\nX: " + std::string(200, 'x'), "/a"},
      {"PUT /a?b=c HTTP/1.1\r\nContent-Length: 11\r\n\r\n", "/a"},
      {"PUT /a HTTP/1.1\r\nContent-Length: 4\r\n\r\n01", "/a"},
      {"GET /a HTTP/1.1\r\n\r\n", ""},  // the request was taken
  };
  for (const Row& row : rows) {
    Reading reading;
    reading.receive(row.bytes);
    EXPECT_EQ(reading.reader.path_so_far(), row.path) << row.bytes;
  }
}

// The memory of a request is used again, and a large one is not kept.
TEST(RequestReader, TheNextRequestHasNothingOfTheOneBefore) {
  Reading reading;
  reading.receive("PUT /a HTTP/1.1\r\nX-Key: secret\r\nContent-Length: 2\r\n\r\nab");
  reading.receive("GET /few HTTP/1.1\r\n\r\n");
  EXPECT_THAT(reading.requests, ElementsAre("/a secret ab", "/few  "));
}

}  // namespace
}  // namespace gridloom::http
